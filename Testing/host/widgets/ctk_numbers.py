"""CTK's number widgets: spin box, slider with spin box, range."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Qt, Signal

from .declare import forwarded, row, stored


class ctkDoubleSpinBox(QtWidgets.QWidget):
    valueChanged = Signal((float,), (str,))
    decimalsChanged = Signal(int)
    editingFinished = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._box = QtWidgets.QDoubleSpinBox()
        self._box.setRange(0, 99.99)
        row(self, self._box)
        self._box.valueChanged.connect(self._changed)
        self._box.editingFinished.connect(self.editingFinished)

    def _changed(self, value: float):
        self.valueChanged[float].emit(value)
        self.valueChanged[str].emit(self._box.text())

    def setValue(self, value):
        self._box.setValue(value)

    setValueIfDifferent = setValue

    def setDecimals(self, decimals):
        if decimals != self._box.decimals():
            self._box.setDecimals(decimals)
            self.decimalsChanged.emit(decimals)

    def stepUp(self):
        self._box.stepUp()

    def stepDown(self):
        self._box.stepDown()

    value = Property(float, lambda self: self._box.value(), setValue)
    decimals = Property(int, lambda self: self._box.decimals(), setDecimals)
    minimum = forwarded(float, "_box", "minimum")
    maximum = forwarded(float, "_box", "maximum")
    singleStep = forwarded(float, "_box", "singleStep")
    prefix = forwarded(str, "_box", "prefix")
    suffix = forwarded(str, "_box", "suffix")
    readOnly = forwarded(bool, "_box", "readOnly", "isReadOnly")
    decimalsOption = stored(int, 10)
    cleanText = Property(str, lambda self: self._box.cleanText())


class ctkSliderWidget(QtWidgets.QWidget):
    """Slider and spin box that show one value, rounded to `decimals`."""

    valueChanged = Signal(float)
    valueIsChanging = Signal(float)
    decimalsChanged = Signal(int)

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
        if self.tracking:
            self.valueIsChanging.emit(value)
        self.valueChanged.emit(value)

    def setValue(self, value):
        self._box.setValue(value)

    def reset(self):
        self.setValue(0)

    def _set(self, name, value):
        getattr(self._box, f"set{name}")(value)
        self._show()

    def setDecimals(self, decimals):
        if decimals != self._box.decimals():
            self._box.setDecimals(decimals)
            self.decimalsChanged.emit(decimals)

    def setSpinBoxVisible(self, visible):
        self._box.setVisible(visible)

    value = Property(float, lambda self: self._box.value(), setValue)
    minimum = Property(float, lambda self: self._box.minimum(), lambda self, value: self._set("Minimum", value))
    maximum = Property(float, lambda self: self._box.maximum(), lambda self, value: self._set("Maximum", value))
    singleStep = Property(float, lambda self: self._box.singleStep(), lambda self, value: self._set("SingleStep", value))
    decimals = Property(int, lambda self: self._box.decimals(), setDecimals)
    prefix = forwarded(str, "_box", "prefix")
    suffix = forwarded(str, "_box", "suffix")
    spinBoxVisible = Property(bool, lambda self: not self._box.isHidden(), setSpinBoxVisible)
    pageStep = stored(float, 10.0)
    tracking = stored(bool, True)
    tickInterval = stored(float, 0.0)
    popupSlider = stored(bool, False)
    synchronizeSiblings = stored(int, 0)


class ctkRangeWidget(QtWidgets.QWidget):
    """Two values within a range; drawn as two spin boxes."""

    valuesChanged = Signal(float, float)
    minimumValueChanged = Signal(float)
    maximumValueChanged = Signal(float)
    rangeChanged = Signal(float, float)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._low, self._high = QtWidgets.QDoubleSpinBox(), QtWidgets.QDoubleSpinBox()
        for box in (self._low, self._high):
            box.setRange(0, 99)
        self._high.setValue(99)
        row(self, self._low, self._high)
        self._known = (0.0, 99.0)
        self._low.valueChanged.connect(lambda value: self.setValues(value, max(value, self._high.value())))
        self._high.valueChanged.connect(lambda value: self.setValues(min(value, self._low.value()), value))

    def setRange(self, minimum, maximum):
        with QtCore.QSignalBlocker(self._low), QtCore.QSignalBlocker(self._high):
            self._low.setRange(minimum, maximum)
            self._high.setRange(minimum, maximum)
        self.rangeChanged.emit(minimum, maximum)
        self._tell()

    def setValues(self, low, high):
        with QtCore.QSignalBlocker(self._low), QtCore.QSignalBlocker(self._high):
            self._low.setValue(min(low, high))
            self._high.setValue(max(low, high))
        self._tell()

    def _tell(self):
        before, self._known = self._known, (self._low.value(), self._high.value())
        if self._known[0] != before[0]:
            self.minimumValueChanged.emit(self._known[0])
        if self._known[1] != before[1]:
            self.maximumValueChanged.emit(self._known[1])
        if self._known != before:
            self.valuesChanged.emit(*self._known)

    def setMinimumValue(self, value):
        self._low.setValue(value)

    def setMaximumValue(self, value):
        self._high.setValue(value)

    def _set_step(self, step):
        self._low.setSingleStep(step)
        self._high.setSingleStep(step)

    minimum = Property(float, lambda self: self._low.minimum(), lambda self, v: self.setRange(v, max(v, self._low.maximum())))
    maximum = Property(float, lambda self: self._low.maximum(), lambda self, v: self.setRange(min(v, self._low.minimum()), v))
    minimumValue = Property(float, lambda self: self._low.value(), setMinimumValue)
    maximumValue = Property(float, lambda self: self._high.value(), setMaximumValue)
    singleStep = Property(float, lambda self: self._low.singleStep(), _set_step)
    tracking = stored(bool, True)
    symmetricMoves = stored(bool, False)
    tickInterval = stored(float, 0.0)

    def setDecimals(self, decimals):
        self._low.setDecimals(decimals)
        self._high.setDecimals(decimals)

    def _set_text(self, name, text):
        for box in (self._low, self._high):
            getattr(box, name)(text)

    decimals = Property(int, lambda self: self._low.decimals(), setDecimals)
    prefix = Property(str, lambda self: self._low.prefix(), lambda self, text: self._set_text("setPrefix", text))
    suffix = Property(str, lambda self: self._low.suffix(), lambda self, text: self._set_text("setSuffix", text))
