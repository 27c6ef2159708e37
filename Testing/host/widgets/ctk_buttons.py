"""CTK's buttons and boxes."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import stored


class Folding:
    """Contents that are hidden while the button is not checked; children that were hidden by themselves stay hidden."""

    HEADER = 24

    def _fold(self, opened: bool):
        children = [child for child in self.children() if isinstance(child, QtWidgets.QWidget)]
        if opened:
            for child in self._folded:
                child.setVisible(True)
        else:
            self._folded = [child for child in children if not child.isHidden()]
            for child in self._folded:
                child.setVisible(False)
        self.setMaximumHeight(16777215 if opened else self.HEADER)
        self.updateGeometry()


class ctkCollapsibleButton(Folding, QtWidgets.QAbstractButton):
    """A header that shows or hides the widgets laid out below it; checked means open."""

    contentsCollapsed = Signal(bool)

    def __init__(self, text="", parent=None):
        if isinstance(text, QtWidgets.QWidget):
            text, parent = "", text
        super().__init__(parent)
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)
        self.setContentsMargins(0, self.HEADER, 0, 0)
        self.toggled.connect(self._toggled)

    def _toggled(self, opened: bool):
        self._fold(opened)
        self.contentsCollapsed.emit(not opened)

    def hitButton(self, position):
        return position.y() < self.HEADER

    def sizeHint(self):
        inner = self.layout().totalSizeHint() if self.layout() and self.isChecked() else QtCore.QSize(120, self.HEADER)
        return QtCore.QSize(max(120, inner.width()), max(self.HEADER, inner.height()))

    def minimumSizeHint(self):
        return self.layout().totalMinimumSize() if self.layout() and self.isChecked() else QtCore.QSize(60, self.HEADER)

    def paintEvent(self, event):
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), self.HEADER - 2)
        painter.drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option)
        arrow = QtWidgets.QStyle.PE_IndicatorArrowDown if self.isChecked() else QtWidgets.QStyle.PE_IndicatorArrowRight
        option.rect = QtCore.QRect(6, 5, 12, 12)
        painter.drawPrimitive(arrow, option)
        painter.drawText(QtCore.QRect(24, 0, self.width() - 28, self.HEADER - 2), QtCore.Qt.AlignVCenter, self.text())

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))
    collapsedHeight = stored(int, 10)
    flat = stored(bool, False)
    contentsFrameShape = stored(int, 0)
    contentsFrameShadow = stored(int, 16)
    contentsLineWidth = stored(int, 1)
    contentsMidLineWidth = stored(int, 0)


class ctkCollapsibleGroupBox(Folding, QtWidgets.QGroupBox):
    """A group box whose check box shows or hides its contents."""

    def __init__(self, title="", parent=None):
        super().__init__(*([title, parent] if isinstance(title, str) else [title]))
        self.setCheckable(True)
        self.toggled.connect(self._fold)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))
    collapsedHeight = stored(int, 14)


class ctkMenuButton(QtWidgets.QPushButton):
    """A push button with an arrow that opens its menu."""


class ctkCheckBox(QtWidgets.QCheckBox):
    """A check box (its own icons are not drawn here)."""
