"""The Python modules `qt` and `ctk`, and the Qt classes in `slicer`: proxies of PySide6 and of the host's own widgets."""

from __future__ import annotations

import enum
import importlib
import inspect
import sys
import types
from pathlib import Path

import shiboken6
from PySide6 import QtCore

from . import lists, pythonqt
from .members import qt_class

HERE = Path(__file__).parent
DESKTOP_FILES = ("modules", "io_manager", "application", "main_window")


class QtNamespace:
    """`qt.Qt`: enum values by name."""

    def __getattr__(self, name):
        value = getattr(QtCore.Qt, name)
        return pythonqt.EnumValue(value) if isinstance(value, enum.Enum) else value


class QtModule(types.ModuleType):
    """`qt`: the classes that PythonQt wraps."""

    Qt = QtNamespace()

    def __getattr__(self, name):
        found = qt_class(name) if name in lists.qt_classes() else None
        if found is None or not inspect.isclass(found) or not issubclass(found, shiboken6.Object):
            raise AttributeError(f"module 'qt' has no attribute '{name}'")
        return pythonqt.proxy_class(found)


class WidgetModule(types.ModuleType):
    """`ctk`: classes of the host by name; a class that only Slicer has is named as such."""

    classes: dict[str, type] = {}

    def __getattr__(self, name):
        return listed_class(self.__name__, name)


def listed_class(module: str, name: str):
    """Proxy class of a Slicer or CTK class, as attribute of `module` ("ctk" or "slicer")."""
    facts = lists.widgets().get(name)
    if facts is None or facts["python"] != f"{module}.{name}":
        raise AttributeError(f"module '{module}' has no attribute '{name}'")
    if name not in WidgetModule.classes:
        raise lists.NotInHost(f"{module}.{name} exists in Slicer, not in the host")
    return pythonqt.proxy_class(WidgetModule.classes[name])


def install() -> None:
    """Make `import qt` and `import ctk` work, with all classes of the host that Slicer has too.

    Module code can make those of the folder widgets; of the others it gets the objects that the desktop made.
    """
    files = [f"{folder}.{path.stem}" for folder in ("widgets", "views") for path in sorted((HERE / folder).glob("[!_]*.py"))]
    for file in (*files, *DESKTOP_FILES):
        for name, cls in vars(importlib.import_module(f"{__package__}.{file}")).items():
            if inspect.isclass(cls) and name in lists.widgets():
                WidgetModule.classes[name] = cls
                cls.made_by_host = vars(cls).get("made_by_host", ".widgets." not in cls.__module__)
    sys.modules["qt"] = QtModule("qt")
    sys.modules["ctk"] = WidgetModule("ctk")
