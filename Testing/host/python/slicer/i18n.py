"""slicer.i18n: display texts stay as they are; the context is the file's name, after that of its package if it is in one."""

import functools
import inspect
from pathlib import Path


def translate(context, text):
    """Translation of `text` in `context`; without a translation the text itself."""
    return text


@functools.cache
def getContext(sourceFile):
    """Context of the texts of a file."""
    path = Path(sourceFile)
    return f"{path.parent.name}.{path.stem}" if (path.parent / "__init__.py").is_file() else path.stem


def tr(text):
    """Translation of `text` in the context of the calling file."""
    return translate(getContext(inspect.currentframe().f_back.f_code.co_filename), text)
