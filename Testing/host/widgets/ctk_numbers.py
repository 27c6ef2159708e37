"""CTK's number widgets: spin box, slider with spin box, range."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Qt, Signal

from .declare import forwarded, row


class ctkDoubleSpinBox(QtWidgets.QWidget):
    valueChanged = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._box = QtWidgets.QDoubleSpinBox()
        row(self, self._box)
        self._box.valueChanged.connect(self.valueChanged)

    value = forwarded(float, "_box", "value")
    decimals = forwarded(int, "_box", "decimals")
    minimum = forwarded(float, "_box", "minimum")
    maximum = forwarded(float, "_box", "maximum")
    singleStep = forwarded(float, "_box", "singleStep")


class ctkSliderWidget(QtWidgets.QWidget):
    """Slider and spin box that show one value, rounded to `decimals`."""

    valueChanged = Signal(float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._slider, self._box = QtWidgets.QSlider(Qt.Horizontal), QtWidgets.QDoubleSpinBox()
        self._box.setRange(0, 99)
        row(self, self._slider, self._box).setStretch(0, 1)
        self._show()
        self._slider.valueChanged.connect(lambda position: self.setValue(self.minimum + position * self.singleStep))
        self._box.valueChanged.connect(self._changed)

    def _show(self):
        """The slider's positions are the steps from the minimum."""
        with QtCore.QSignalBlocker(self._slider):
            self._slider.setRange(0, round((self.maximum - self.minimum) / self.singleStep))
            self._slider.setValue(round((self.value - self.minimum) / self.singleStep))

    def _changed(self, value: float):
        self._show()
        self.valueChanged.emit(value)

    def setValue(self, value):
        self._box.setValue(value)

    value = forwarded(float, "_box", "value")
    minimum = forwarded(float, "_box", "minimum", "_show")
    maximum = forwarded(float, "_box", "maximum", "_show")
    singleStep = forwarded(float, "_box", "singleStep", "_show")
    decimals = forwarded(int, "_box", "decimals")
    suffix = forwarded(str, "_box", "suffix")


class ctkRangeWidget(QtWidgets.QWidget):
    """Two values within a range; drawn as two spin boxes."""

    valuesChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._low, self._high = QtWidgets.QDoubleSpinBox(), QtWidgets.QDoubleSpinBox()
        row(self, self._low, self._high)
        self._known = None
        self.setRange(0, 99)
        self.setValues(0, 99)
        self._low.valueChanged.connect(lambda value: self.setValues(value, max(value, self._high.value())))
        self._high.valueChanged.connect(lambda value: self.setValues(min(value, self._low.value()), value))

    def setRange(self, minimum, maximum):
        with QtCore.QSignalBlocker(self._low), QtCore.QSignalBlocker(self._high):
            self._low.setRange(minimum, maximum)
            self._high.setRange(minimum, maximum)
        self._tell()

    def setValues(self, low, high):
        with QtCore.QSignalBlocker(self._low), QtCore.QSignalBlocker(self._high):
            self._low.setValue(min(low, high))
            self._high.setValue(max(low, high))
        self._tell()

    def _tell(self):
        before, self._known = self._known, (self._low.value(), self._high.value())
        if self._known != before:
            self.valuesChanged.emit(*self._known)

    minimum = Property(float, lambda self: self._low.minimum(), lambda self, v: self.setRange(v, max(v, self._low.maximum())))
    maximum = Property(float, lambda self: self._low.maximum(), lambda self, v: self.setRange(min(v, self._low.minimum()), v))
    minimumValue = Property(float, lambda self: self._low.value(), lambda self, value: self._low.setValue(value))
    maximumValue = Property(float, lambda self: self._high.value(), lambda self, value: self._high.setValue(value))
