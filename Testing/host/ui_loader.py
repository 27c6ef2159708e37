"""Load a .ui file as Slicer does: with CTK's and Slicer's widgets, and with the file's own connections."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from PySide6 import QtCore, QtUiTools

from . import lists, members, pythonqt, ui_file
from .libraries import WidgetModule


class _Loader(QtUiTools.QUiLoader):
    def createWidget(self, name, parent=None, object_name=""):
        if name not in WidgetModule.classes:
            return super().createWidget(name, parent, object_name)
        widget = WidgetModule.classes[name](parent=parent)
        widget.setObjectName(object_name)
        return widget


def _absent(widget):
    """The class of a widget, or its properties, that Slicer has and the host has not."""
    name = widget.get("class")
    cls = WidgetModule.classes.get(name)
    if name in lists.widgets() and (cls is None or cls.made_by_host):
        return [name]
    listed = {prop.get("name") for prop in widget.findall("property")} & set(lists.properties(name))
    return [f"{name}.{prop}" for prop in sorted(listed) if cls.staticMetaObject.indexOfProperty(prop) < 0]


def _plain_enums(root):
    """Enum values of Slicer's and CTK's own properties become the numbers that the host's properties hold."""
    for widget in root.iter("widget"):
        cls = widget.get("class")
        for prop in widget.findall("property"):
            value = prop[0]
            if value.tag in ("enum", "set") and prop.get("name") in lists.properties(cls):
                numbers = [lists.enum_value(cls, member.split("::")[-1]) for member in value.text.split("|")]
                prop.remove(value)
                ElementTree.SubElement(prop, "number").text = str(sum(numbers))


def load(file, parent=None):
    """The top widget of a .ui file.

    Raises:
        RuntimeError: the file names classes, properties, signals or slots that Slicer or the host does not have.
    """
    path = file.fileName()
    wrong = [f"not in Slicer: {text}" for text in ui_file.problems(path)]
    root = ElementTree.parse(path).getroot()
    for widget in root.iter("widget"):
        wrong += [f"not in the host: {text}" for text in _absent(widget)]
    if wrong:
        raise RuntimeError(f"{path}: " + "; ".join(wrong))
    ends = ("sender", "signal", "receiver", "slot")
    connections = [[entry.findtext(end) for end in ends] for entry in root.findall("connections/connection")]
    for tag in ("connections", "customwidgets"):
        for element in root.findall(tag):
            root.remove(element)
    _plain_enums(root)
    buffer = QtCore.QBuffer()
    buffer.setData(ElementTree.tostring(root))
    buffer.open(QtCore.QIODevice.ReadOnly)
    top = pythonqt.wrap(_Loader().load(buffer, pythonqt.unwrap(parent)))
    by_name = {child.objectName(): child for child in (top._qt, *top._qt.findChildren(QtCore.QObject))}
    for sender, signal, receiver, slot in connections:
        pythonqt.wrap(by_name[sender]).connect(signal, pythonqt.wrap(by_name[receiver]), slot)
    return top


members.extra_members["QUiLoader"] = {"load": lambda self, file, parent=None: load(file, parent)}
