"""Short ways to declare Qt properties on the host's widgets."""

from itertools import count

from PySide6 import QtCore

_numbers = count()


def stored(kind, default, changed: str = ""):
    """A property that the widget keeps; `changed` names a method that is called after a change."""
    key = f"_stored_{next(_numbers)}"

    def put(self, value):
        before = getattr(self, key, default)
        setattr(self, key, value)
        if changed and value != before:
            getattr(self, changed)()

    return QtCore.Property(kind, lambda self: getattr(self, key, default), put)


def forwarded(kind, child: str, name: str, getter: str = ""):
    """A property of an inner widget (attribute `child`) shown as the outer widget's own."""
    setter = f"set{name[0].upper()}{name[1:]}"

    def put(self, value):
        getattr(getattr(self, child), setter)(value)

    return QtCore.Property(kind, lambda self: getattr(getattr(self, child), getter or name)(), put)


def row(widget, *children):
    """Lay the children out in one row without margins."""
    from PySide6.QtWidgets import QHBoxLayout

    layout = QHBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    for child in children:
        layout.addWidget(child)
    return layout
