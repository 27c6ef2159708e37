"""Reload in developer mode: Slicer reads a module's own file anew, and this the packages beside it."""

import importlib
import sys


def takeEditedFiles(moduleName):
    """Import what is in use of `<moduleName>Face` and `<moduleName>Lib` anew; to be called right before Slicer's reload.

    The old panel keeps its objects for its cleanup; the new one imports by name. The scene is not concerned: parameter nodes hold
    texts, which the new classes and their enums read.

    Raises:
        Exception: an edited file cannot be imported. Everything is as it was then, so that Reload can be pressed again.
    """
    packages = (f"{moduleName}Face", f"{moduleName}Lib")
    before = _imported(packages)
    importlib.invalidate_caches()
    try:
        for name in before:
            del sys.modules[name]
        for name in before:
            _importIfThere(name)
    except BaseException:
        for name in _imported(packages):
            del sys.modules[name]
        sys.modules.update(before)
        raise


def _imported(packages):
    return {name: module for name, module in sys.modules.items() if name.partition(".")[0] in packages}


def _importIfThere(name):
    """Import a module, unless its file or folder was removed."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if not f"{name}.".startswith(f"{error.name}."):
            raise
