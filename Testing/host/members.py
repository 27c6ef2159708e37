"""Which attributes Qt's, CTK's and Slicer's classes have in Python: the lists, and Qt's own meta objects."""

from __future__ import annotations

import enum
from functools import cache

from PySide6 import QtCore, QtGui, QtNetwork, QtUiTools, QtWidgets

from . import lists

QT_LIBRARIES = (QtCore, QtGui, QtWidgets, QtUiTools, QtNetwork)
ALWAYS = frozenset({"property", "setProperty", "inherits", "parent", "setParent", "exec_", "help"})
extra_members: dict[str, dict] = {}  # class name -> members that Slicer's decorators replace


def public_name(cls: type) -> str:
    """Name under which Slicer knows a PySide class: its own, or that of the nearest base that is wrapped."""
    for base in cls.__mro__:
        if base.__name__ in lists.widgets() or base.__name__ in lists.qt_classes():
            return base.__name__
    raise AttributeError(f"{cls.__name__} is not wrapped by PythonQt")


def normalized(signature: str) -> str:
    """A signal or slot as Qt writes it."""
    return bytes(QtCore.QMetaObject.normalizedSignature(signature).data()).decode()


def qt_class(name: str):
    return next((getattr(library, name) for library in QT_LIBRARIES if hasattr(library, name)), None)


@cache
def qt_names(name: str) -> tuple[frozenset[str], frozenset[str], tuple[str, ...]]:
    """Properties, methods (with slots and signals) and normalised signal signatures of a Qt class, from its meta object."""
    meta = getattr(qt_class(name), "staticMetaObject", None)
    if meta is None:
        return frozenset(), frozenset(), ()
    methods = [meta.method(index) for index in range(meta.methodCount())]
    names = frozenset(bytes(method.name().data()).decode() for method in methods)
    signals = [method for method in methods if method.methodType() == QtCore.QMetaMethod.Signal]
    signatures = tuple(bytes(method.methodSignature().data()).decode() for method in signals)
    return frozenset(meta.property(index).name() for index in range(meta.propertyCount())), names, signatures


def qt_part(public: str) -> str:
    """The Qt class that a class is, or is derived from."""
    return lists.qt_base(public) if public in lists.widgets() else public


def has_property(public: str, name: str) -> bool:
    """Whether instances of a class have this property in Slicer."""
    return name in lists.properties(public) or name in qt_names(qt_part(public))[0]


def is_member(public: str, name: str) -> bool:
    """Whether Slicer's Python has this attribute on instances of a class (properties are found before)."""
    if name in ALWAYS or name in lists.listed_members(public) or name in extra_members.get(public, {}):
        return True
    base = qt_class(qt_part(public))
    if base is None:
        return False
    if any(name in lists.qt_classes().get(part.__name__, ()) for part in base.__mro__):
        return True
    return name in qt_names(base.__name__)[1] or isinstance(getattr(base, name, None), enum.Enum)
