"""slicer.i18n: display texts stay as they are; the context is the module's file name."""

import inspect
from pathlib import Path

FILEPATH_TO_CONTEXT: dict[str, str] = {}


def translate(context, text):
    """Translation of `text` in `context`; without a translation the text itself."""
    return text


def getContext(sourceFile):
    """Context of the texts of a file: its name without extension."""
    return FILEPATH_TO_CONTEXT.setdefault(sourceFile, Path(sourceFile).stem)


def tr(text):
    """Translation of `text` in the context of the calling file."""
    return translate(getContext(inspect.stack()[1].filename), text)
