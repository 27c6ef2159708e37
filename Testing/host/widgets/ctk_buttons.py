"""CTK's buttons and boxes."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import stored


class ctkCollapsibleButton(QtWidgets.QAbstractButton):
    """A header that shows or hides the widgets laid out below it; checked means open."""

    contentsCollapsed = Signal(bool)
    HEADER = 24

    def __init__(self, text="", parent=None):
        if isinstance(text, QtWidgets.QWidget):
            text, parent = "", text
        super().__init__(parent)
        self._hidden_before: set[QtWidgets.QWidget] = set()
        self.setText(text)
        self.setCheckable(True)
        self.setChecked(True)
        self.setSizePolicy(QtWidgets.QSizePolicy.Preferred, QtWidgets.QSizePolicy.Preferred)
        self.setContentsMargins(0, self.HEADER, 0, 0)
        self.toggled.connect(self._show_children)

    def _contents(self):
        return [child for child in self.children() if isinstance(child, QtWidgets.QWidget)]

    def _show_children(self, opened: bool):
        if opened:
            for child in self._contents():
                child.setVisible(child not in self._hidden_before)
        else:
            self._hidden_before = {child for child in self._contents() if child.isHidden()}
            for child in self._contents():
                child.setVisible(False)
        self.setMaximumHeight(16777215 if opened else self.HEADER)
        self.updateGeometry()
        self.contentsCollapsed.emit(not opened)

    def childEvent(self, event):
        if event.type() == QtCore.QEvent.ChildAdded and not self.isChecked() and isinstance(event.child(), QtWidgets.QWidget):
            event.child().setVisible(False)
        super().childEvent(event)

    def hitButton(self, position):
        return position.y() < self.HEADER

    def sizeHint(self):
        inner = self.layout().sizeHint() if self.layout() and self.isChecked() else QtCore.QSize(120, self.HEADER)
        return QtCore.QSize(max(120, inner.width()), max(self.HEADER, inner.height()))

    def minimumSizeHint(self):
        return self.layout().minimumSize() if self.layout() and self.isChecked() else QtCore.QSize(60, self.HEADER)

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


class ctkCollapsibleGroupBox(QtWidgets.QGroupBox):
    """A group box whose check box shows or hides its contents."""

    def __init__(self, title="", parent=None):
        super().__init__(*([title, parent] if isinstance(title, str) else [title]))
        self.setCheckable(True)
        self.toggled.connect(self._show_children)

    def _show_children(self, opened: bool):
        for child in self.children():
            if isinstance(child, QtWidgets.QWidget):
                child.setVisible(opened)
        self.setMaximumHeight(16777215 if opened else 22)

    collapsed = Property(bool, lambda self: not self.isChecked(), lambda self, value: self.setChecked(not value))
    collapsedHeight = stored(int, 14)


class ctkMenuButton(QtWidgets.QPushButton):
    """A push button with an arrow that opens its menu."""


class ctkCheckBox(QtWidgets.QCheckBox):
    """A check box (its own icons are not drawn here)."""
