"""The Python modules `qt` and `ctk`, and the Qt classes in `slicer`: proxies of PySide6 and of the host's own widgets."""

from __future__ import annotations

import enum
import importlib
import inspect
import sys
import types

import shiboken6
from PySide6 import QtCore

from . import lists, pythonqt
from .members import qt_class


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


PANEL_FILES = (
    "ctk_buttons",
    "ctk_numbers",
    "ctk_inputs",
    "scene_widgets",
    "node_combo_box",
    "segment_selector",
    "markups",
    "table_view",
)
DESKTOP_FILES = (
    *(
        "views.render_view",
        "views.slice_view",
        "views.three_d_view",
        "views.plot_view",
        "views.table_view",
        "views.layout_manager",
    ),
    *("modules", "io_manager", "application", "main_window"),
)


def _add_classes(file: str) -> list[type]:
    """Take in the classes of a file that Slicer has too."""
    found = vars(importlib.import_module(f"{__package__}.{file}")).items()
    classes = {name: value for name, value in found if inspect.isclass(value) and name in lists.widgets()}
    WidgetModule.classes.update(classes)
    return [cls for cls in classes.values() if cls.__module__.endswith(file)]


def install() -> None:
    """Make `import qt` and `import ctk` work, with all classes of the host that Slicer has too."""
    for file in PANEL_FILES:
        _add_classes(f"widgets.{file}")
    for file in DESKTOP_FILES:
        for cls in _add_classes(file):
            cls.made_by_host = vars(cls).get("made_by_host", True)
    sys.modules["qt"] = QtModule("qt")
    sys.modules["ctk"] = WidgetModule("ctk")
