"""Widgets that are bound to parameters: exactly the classes that Slicer binds; another one raises RuntimeError."""

import enum
import pathlib
from dataclasses import dataclass

import ctk
import qt
import slicer

from .parameterPack import isParameterPack
from .types import FloatRange
from .util import findFirstAnnotation, getNodeTypes, isNodeOrUnionOfNodes, splitAnnotations
from .validators import Choice, Maximum, Minimum, RangeBounds, WithinRange

SlicerPackParameterNamePropertyName = "SlicerPackParameterName"


@dataclass
class Decimals:
    value: int


@dataclass
class SingleStep:
    value: float


class GuiConnector:
    """Reads and writes one widget, and tells when the user changed it.

    A subclass names the widget classes, the types, the signal, and the property that holds the value.
    """

    widgets, types, signal, attribute = (), (), "", ""

    def __init__(self, widget, kind, annotations):
        self._widget, self.kind, self.annotations, self._callback = widget, kind, annotations, None
        self.prepare()
        if self.signal:
            getattr(widget, self.signal).connect(self.changed)

    @classmethod
    def canRepresent(cls, widget, datatype):
        return type(widget) in cls.widgets and splitAnnotations(datatype)[0] in cls.types

    def prepare(self):
        """Fit the widget to the type and its annotations."""

    def onChanged(self, callback):
        self._callback = callback

    def changed(self):
        if self._callback is not None:
            self._callback()

    def close(self):
        self._callback = None
        if self.signal:
            getattr(self._widget, self.signal).disconnect(self.changed)

    def widget(self):
        return self._widget

    def read(self):
        return self.kind(getattr(self._widget, self.attribute))

    def write(self, value):
        setattr(self._widget, self.attribute, value)

    def annotation(self, kind):
        return findFirstAnnotation(self.annotations, kind)

    def setLimits(self, required, lowest, highest):
        bounds = self.annotation(WithinRange)
        low = bounds.minimum if bounds else getattr(self.annotation(Minimum), "minimum", None)
        high = bounds.maximum if bounds else getattr(self.annotation(Maximum), "maximum", None)
        if required and (low is None or high is None):
            raise RuntimeError(f"{type(self._widget).__name__} needs WithinRange, or Minimum and Maximum")
        self._widget.minimum = lowest if low is None else low
        self._widget.maximum = highest if high is None else high
        if self.annotation(SingleStep):
            self._widget.singleStep = self.annotation(SingleStep).value


class CheckBoxConnector(GuiConnector):
    widgets, types, signal, attribute = (qt.QCheckBox, ctk.ctkCheckBox), (bool,), "stateChanged", "checked"


class PushButtonConnector(CheckBoxConnector):
    widgets, signal = (qt.QPushButton,), "toggled"

    def prepare(self):
        self._widget.checkable = True


class IntConnector(GuiConnector):
    widgets, types, signal, attribute = (qt.QSlider, qt.QSpinBox), (int,), "valueChanged", "value"

    def prepare(self):
        self.setLimits(type(self._widget) is qt.QSlider, -2147483648, 2147483647)


class FloatConnector(GuiConnector):
    widgets = (qt.QDoubleSpinBox, ctk.ctkSliderWidget, slicer.qMRMLSliderWidget, ctk.ctkDoubleSpinBox)
    types, signal, attribute = (float, int), "valueChanged", "value"

    def prepare(self):
        if self.kind is int:
            self._widget.decimals = 0
        elif self.annotation(Decimals):
            self._widget.decimals = self.annotation(Decimals).value
        self.setLimits(type(self._widget) in (ctk.ctkSliderWidget, slicer.qMRMLSliderWidget), float("-inf"), float("inf"))


class ChoiceConnector(GuiConnector):
    widgets, types, signal = (qt.QComboBox, ctk.ctkComboBox), (int, float, str, bool), "currentIndexChanged"

    def choices(self):
        if not self.annotation(Choice):
            raise RuntimeError("A combo box needs a Choice annotation or an Enum")
        return [(choice, str(choice)) for choice in self.annotation(Choice).choices]

    def prepare(self):
        self._choices = self.choices()
        self._widget.clear()
        self._widget.addItems([text for _, text in self._choices])

    def read(self):
        return self._choices[self._widget.currentIndex][0]

    def write(self, value):
        self._widget.currentIndex = [choice for choice, _ in self._choices].index(value)


class EnumConnector(ChoiceConnector):
    @classmethod
    def canRepresent(cls, widget, datatype):
        kind = splitAnnotations(datatype)[0]
        return type(widget) in cls.widgets and isinstance(kind, type) and issubclass(kind, enum.Enum)

    def choices(self):
        return [(member, member.label() if hasattr(member, "label") else member.name) for member in self.kind]


class LineEditConnector(GuiConnector):
    widgets, types, signal, attribute = (qt.QLineEdit,), (str,), "textChanged", "text"


class LabelConnector(LineEditConnector):
    widgets, signal = (qt.QLabel,), ""


class TextEditConnector(GuiConnector):
    widgets, types, signal = (qt.QTextEdit,), (str,), "textChanged"

    def read(self):
        return self._widget.toPlainText()

    def write(self, value):
        self._widget.plainText = value


class RangeConnector(GuiConnector):
    widgets, types, signal = (ctk.ctkRangeWidget,), (FloatRange,), "valuesChanged"

    def prepare(self):
        bounds = self.annotation(RangeBounds)
        if bounds is None:
            raise RuntimeError("A range widget needs a RangeBounds annotation")
        self._widget.setRange(bounds.minimum, bounds.maximum)

    def read(self):
        return FloatRange(self._widget.minimumValue, self._widget.maximumValue)

    def write(self, value):
        self._widget.setValues(value.minimum, value.maximum)


class PathConnector(GuiConnector):
    widgets, signal, attribute = (ctk.ctkPathLineEdit,), "currentPathChanged", "currentPath"

    @classmethod
    def canRepresent(cls, widget, datatype):
        kind = splitAnnotations(datatype)[0]
        return type(widget) in cls.widgets and isinstance(kind, type) and issubclass(kind, pathlib.PurePath)

    def write(self, value):
        self._widget.currentPath = str(value)


class NodeConnector(GuiConnector):
    widgets, signal = (slicer.qMRMLNodeComboBox,), "currentNodeChanged"

    @classmethod
    def canRepresent(cls, widget, datatype):
        return type(widget) in cls.widgets and isNodeOrUnionOfNodes(datatype)

    def prepare(self):
        self._widget.nodeTypes = getNodeTypes(self.kind)

    def read(self):
        return self._widget.currentNode()

    def write(self, value):
        self._widget.setCurrentNode(value)


class PackConnector(GuiConnector):
    """A widget whose children carry the names of the pack's members."""

    @classmethod
    def canRepresent(cls, widget, datatype):
        return isParameterPack(splitAnnotations(datatype)[0]) and bool(cls.children(widget))

    @staticmethod
    def children(widget):
        name = SlicerPackParameterNamePropertyName
        return {child.property(name): child for child in slicer.util.findChildren(widget) if child.property(name)}

    def prepare(self):
        self._parts = {
            name: createGuiConnector(child, self.kind.dataType(name)) for name, child in self.children(self._widget).items()
        }
        for part in self._parts.values():
            part.onChanged(self.changed)

    def close(self):
        for part in self._parts.values():
            part.close()

    def read(self):
        return self.kind(**{name: part.read() for name, part in self._parts.items()})

    def write(self, value):
        for name, part in self._parts.items():
            part.write(value.getValue(name))


CONNECTORS = [
    CheckBoxConnector,
    PushButtonConnector,
    IntConnector,
    FloatConnector,
    ChoiceConnector,
    EnumConnector,
    LineEditConnector,
    LabelConnector,
    TextEditConnector,
    RangeConnector,
    PathConnector,
    NodeConnector,
    PackConnector,
]


def parameterNodeGuiConnector(classtype=None):
    """Class decorator that adds a connector after Slicer's own."""
    if classtype is None:
        return parameterNodeGuiConnector
    CONNECTORS.append(classtype)
    return classtype


def createGuiConnector(widget, datatype):
    """The connector for a widget and a type.

    Raises:
        RuntimeError: Slicer binds no such widget to such a type.
    """
    for connector in CONNECTORS:
        if connector.canRepresent(widget, datatype):
            return connector(widget, *splitAnnotations(datatype))
    raise RuntimeError(f"No GUI connector for widget {type(widget).__name__} and type {datatype}")
