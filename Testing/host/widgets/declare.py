"""Short ways to declare what the host's widgets have: accessors, Qt properties, a row of children."""

from itertools import count

from PySide6 import QtCore, QtWidgets

_numbers = count()


def given(path: str):
    """A method without arguments that returns an attribute; "_view._node" goes on from one to the next."""

    def get(self):
        for name in path.split("."):
            self = getattr(self, name)
        return self

    return get


def stored(kind, default, changed: str = ""):
    """A property that the widget keeps; `changed` names a method that is called after a change."""
    key = f"_stored_{next(_numbers)}"

    def put(self, value):
        before = getattr(self, key, default)
        setattr(self, key, value)
        if changed and value != before:
            getattr(self, changed)()

    return QtCore.Property(kind, lambda self: getattr(self, key, default), put)


def forwarded(kind, child: str, name: str, changed: str = ""):
    """A property of an inner widget (attribute `child`) shown as the outer widget's own."""

    def put(self, value):
        getattr(getattr(self, child), f"set{name[0].upper()}{name[1:]}")(value)
        if changed:
            getattr(self, changed)()

    return QtCore.Property(kind, lambda self: getattr(getattr(self, child), name)(), put)


def shown(child: str):
    """A property that shows and hides an inner widget."""
    return QtCore.Property(
        bool, lambda self: not getattr(self, child).isHidden(), lambda self, visible: getattr(self, child).setVisible(visible)
    )


def row(widget, *children, layout=QtWidgets.QHBoxLayout):
    """Lay the children out side by side, or as another layout does, without margins."""
    box = layout(widget)
    box.setContentsMargins(0, 0, 0, 0)
    for child in children:
        box.addWidget(child)
    return box


class Observed:
    """The VTK observers of one owner, which are all replaced at once."""

    def __init__(self):
        self._tags = []

    def set(self, nodes, events, callback):
        """Call `callback(node, event)` when any of the events happens to any of the nodes; nothing else any more."""
        for node, tag in self._tags:
            node.RemoveObserver(tag)
        self._tags = [(node, node.AddObserver(event, callback)) for node in nodes for event in events]
