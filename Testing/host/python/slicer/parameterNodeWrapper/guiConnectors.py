"""Widgets that are bound to parameters: exactly the classes that Slicer binds; another one raises RuntimeError."""

import enum
import pathlib

import ctk
import qt
import slicer

from ._annotations import Choice, Decimals, Maximum, Minimum, RangeBounds, SingleStep, WithinRange, first, nodeTypes, split
from .parameterPack import FloatRange

SLIDERS = (qt.QSlider, ctk.ctkSliderWidget, slicer.qMRMLSliderWidget)
WHOLE_NUMBERS = (qt.QSlider, qt.QSpinBox)


class GuiConnector:
    """Reads and writes one widget through a property, and tells when the user changed it."""

    def __init__(self, widget, kind, annotations, signal, attribute):
        self._widget, self.kind, self.annotations, self._attribute = widget, kind, annotations, attribute
        self._callback = None
        self._signal = getattr(widget, signal) if signal else None
        self.prepare()
        if self._signal:
            self._signal.connect(self.changed)

    def prepare(self):
        """Fit the widget to the type and its annotations."""

    def annotation(self, kind):
        return first(self.annotations, kind)

    def onChanged(self, callback):
        self._callback = callback

    def changed(self):
        if self._callback is not None:
            self._callback()

    def close(self):
        self._callback = None
        if self._signal:
            self._signal.disconnect(self.changed)

    def widget(self):
        return self._widget

    def read(self):
        return self.kind(getattr(self._widget, self._attribute))

    def write(self, value):
        setattr(self._widget, self._attribute, value)


class ButtonConnector(GuiConnector):
    def prepare(self):
        self._widget.checkable = True


class NumberConnector(GuiConnector):
    """A number with limits; sliders cannot do without."""

    def prepare(self):
        bounds, kind = self.annotation(WithinRange), type(self._widget)
        low, high = bounds or self.annotation(Minimum), bounds or self.annotation(Maximum)
        if kind in SLIDERS and (low is None or high is None):
            raise RuntimeError(f"{kind.__name__} needs WithinRange, or Minimum and Maximum")
        decimals = Decimals(0) if self.kind is int else self.annotation(Decimals)
        if decimals and kind not in WHOLE_NUMBERS:
            self._widget.decimals = decimals.value
        lowest, highest = (-2147483648, 2147483647) if kind in WHOLE_NUMBERS else (float("-inf"), float("inf"))
        self._widget.minimum = lowest if low is None else low.minimum
        self._widget.maximum = highest if high is None else high.maximum
        if self.annotation(SingleStep):
            self._widget.singleStep = self.annotation(SingleStep).value


class ChoiceConnector(GuiConnector):
    """An entry of a combo box for each choice, or for each member of an Enum."""

    def prepare(self):
        if isinstance(self.kind, type) and issubclass(self.kind, enum.Enum):
            texts = {member: member.label() if hasattr(member, "label") else member.name for member in self.kind}
        elif self.annotation(Choice):
            texts = {choice: str(choice) for choice in self.annotation(Choice).choices}
        else:
            raise RuntimeError("A combo box needs a Choice annotation or an Enum")
        self._choices = list(texts)
        self._widget.clear()
        self._widget.addItems(list(texts.values()))

    def read(self):
        return self._choices[self._widget.currentIndex]

    def write(self, value):
        self._widget.currentIndex = self._choices.index(value)


class RangeConnector(GuiConnector):
    def prepare(self):
        bounds = self.annotation(RangeBounds)
        if bounds is None:
            raise RuntimeError("A range widget needs a RangeBounds annotation")
        self._widget.setRange(bounds.minimum, bounds.maximum)

    def read(self):
        return FloatRange(self._widget.minimumValue, self._widget.maximumValue)

    def write(self, value):
        self._widget.setValues(value.minimum, value.maximum)


class NodeConnector(GuiConnector):
    def prepare(self):
        self._widget.nodeTypes = nodeTypes(self.kind)

    def read(self):
        return self._widget.currentNode()

    def write(self, value):
        self._widget.setCurrentNode(value)


def _is(*kinds):
    return lambda kind: kind in kinds


def _derived(base):
    return lambda kind: isinstance(kind, type) and issubclass(kind, base)


NUMBER, NODES = _is(int, float), lambda kind: bool(nodeTypes(kind))
CHOICES = lambda kind: kind in (int, float, str, bool) or _derived(enum.Enum)(kind)  # noqa: E731
# widget class -> which types it is bound to, connector, signal, property with the value
BINDINGS = {
    qt.QCheckBox: (_is(bool), GuiConnector, "stateChanged", "checked"),
    qt.QPushButton: (_is(bool), ButtonConnector, "toggled", "checked"),
    qt.QSlider: (_is(int), NumberConnector, "valueChanged", "value"),
    qt.QSpinBox: (_is(int), NumberConnector, "valueChanged", "value"),
    qt.QDoubleSpinBox: (NUMBER, NumberConnector, "valueChanged", "value"),
    ctk.ctkDoubleSpinBox: (NUMBER, NumberConnector, "valueChanged", "value"),
    ctk.ctkSliderWidget: (NUMBER, NumberConnector, "valueChanged", "value"),
    slicer.qMRMLSliderWidget: (NUMBER, NumberConnector, "valueChanged", "value"),
    qt.QComboBox: (CHOICES, ChoiceConnector, "currentIndexChanged", ""),
    qt.QLineEdit: (_is(str), GuiConnector, "textChanged", "text"),
    qt.QLabel: (_is(str), GuiConnector, "", "text"),
    qt.QTextEdit: (_is(str), GuiConnector, "textChanged", "plainText"),
    ctk.ctkRangeWidget: (_is(FloatRange), RangeConnector, "valuesChanged", ""),
    ctk.ctkPathLineEdit: (_derived(pathlib.PurePath), GuiConnector, "currentPathChanged", "currentPath"),
    slicer.qMRMLNodeComboBox: (NODES, NodeConnector, "currentNodeChanged", ""),
}


def createGuiConnector(widget, datatype):
    """The connector for a widget and a type.

    Raises:
        RuntimeError: Slicer binds no such widget to such a type.
    """
    kind, annotations = split(datatype)
    accepts, connector, signal, attribute = BINDINGS.get(type(widget), (_is(), None, "", ""))
    if not accepts(kind):
        raise RuntimeError(f"No GUI connector for widget {type(widget).__name__} and type {datatype}")
    return connector(widget, kind, annotations, signal, attribute)
