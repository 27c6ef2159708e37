"""CTK's buttons and boxes."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

HEADER = 24  # pixels


class Folding:
    """Contents that are hidden while the button is not checked; children that were hidden by themselves stay hidden."""

    def _fold(self, opened: bool):
        if not opened:
            children = (child for child in self.children() if isinstance(child, QtWidgets.QWidget))
            self._folded = [child for child in children if not child.isHidden()]
        for child in self._folded:
            child.setVisible(opened)
        self.setMaximumHeight(16777215 if opened else HEADER)
        self.updateGeometry()


class ctkCollapsibleButton(Folding, QtWidgets.QAbstractButton):
    """A header that shows or hides the widgets laid out below it; checked means open."""

    contentsCollapsed = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)
        self.setContentsMargins(0, HEADER, 0, 0)
        self.toggled.connect(self._fold)
        self.toggled.connect(lambda opened: self.contentsCollapsed.emit(not opened))

    def hitButton(self, position):
        return position.y() < HEADER

    def sizeHint(self):
        inner = self.layout().totalSizeHint() if self.layout() and self.isChecked() else QtCore.QSize(120, HEADER)
        return inner.expandedTo(QtCore.QSize(120, HEADER))

    def minimumSizeHint(self):
        return self.layout().totalMinimumSize() if self.layout() and self.isChecked() else QtCore.QSize(60, HEADER)

    def paintEvent(self, event):
        painter = QtWidgets.QStylePainter(self)
        option = QtWidgets.QStyleOptionButton()
        option.initFrom(self)
        option.rect = QtCore.QRect(0, 0, self.width(), HEADER - 2)
        painter.drawControl(QtWidgets.QStyle.CE_PushButtonBevel, option)
        arrow = QtWidgets.QStyle.PE_IndicatorArrowDown if self.isChecked() else QtWidgets.QStyle.PE_IndicatorArrowRight
        option.rect = QtCore.QRect(6, 5, 12, 12)
        painter.drawPrimitive(arrow, option)
        painter.drawText(QtCore.QRect(24, 0, self.width() - 28, HEADER - 2), QtCore.Qt.AlignVCenter, self.text())

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))


class ctkCollapsibleGroupBox(Folding, QtWidgets.QGroupBox):
    """A group box whose check box shows or hides its contents."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setCheckable(True)
        self.toggled.connect(self._fold)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))


class ctkMenuButton(QtWidgets.QPushButton):
    """A push button with an arrow that opens its menu."""
