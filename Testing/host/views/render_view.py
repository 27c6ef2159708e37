"""A view that VTK renders offscreen when it is painted; mouse and wheel go to Slicer's own interactor styles."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Qt
from vtk.util.numpy_support import vtk_to_numpy

from ..widgets.declare import given, row

SMALLEST = 32  # pixels; displayable managers cannot work in an empty window
BUTTONS = {Qt.LeftButton: "LeftButton", Qt.MiddleButton: "MiddleButton", Qt.RightButton: "RightButton"}


class ctkVTKAbstractView(QtWidgets.QWidget):
    """Render window, renderer and interactor of one view."""

    paused = False  # of all views: while only the layout is wanted

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMinimumSize(SMALLEST, SMALLEST)
        self.setMouseTracking(True)
        self._picture, self._stale = None, True
        self._window, self._renderer = vtk.vtkRenderWindow(), vtk.vtkRenderer()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())  # does nothing: Slicer's own observe the interactor
        self._interactor.Enable()

    def attach(self, factory, displayable_managers, style, node, application_logic):
        """Connect Slicer's displayable managers to the view node and the interactor style."""
        factory.SetMRMLApplicationLogic(application_logic)
        for name in displayable_managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.SetRenderer(self._renderer)
        self._style, self._node = style, node
        style.SetInteractor(self._interactor)
        self._group.Initialize(factory, self._renderer)
        style.SetDisplayableManagers(self._group)
        self._group.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: self.scheduleRender())
        self._group.SetMRMLDisplayableNode(node)

    # --- rendering
    def scheduleRender(self):
        self._stale = True
        self.update()

    def resize_scene(self, width: int, height: int):
        """Tell the view node its new size in pixels."""

    def before_render(self):
        """Bring the view up to date with its node."""

    def _fit_to_widget(self) -> tuple[int, int]:
        width, height = max(SMALLEST, self.width()), max(SMALLEST, self.height())
        if tuple(self._window.GetSize()) != (width, height):
            self._window.SetSize(width, height)
            self._interactor.SetSize(width, height)
            self.resize_scene(width, height)
        return width, height

    def forceRender(self):
        width, height = self._fit_to_widget()
        self.before_render()
        self._window.Render()
        pixels = vtk.vtkUnsignedCharArray()
        self._window.GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        rows = vtk_to_numpy(pixels).reshape(height, width, 3)[::-1].copy()
        self._picture = QtGui.QImage(rows.data, width, height, 3 * width, QtGui.QImage.Format_RGB888).copy()
        self._stale = False
        self.update()

    def resizeEvent(self, event):
        self._stale = True
        self._fit_to_widget()
        super().resizeEvent(event)

    def paintEvent(self, event):
        if self._stale and not ctkVTKAbstractView.paused:
            self.forceRender()
        painter = QtGui.QPainter(self)
        if self._picture is not None:
            painter.drawImage(0, 0, self._picture)
        painter.end()

    # --- what module code asks for
    renderWindow = given("_window")
    interactorStyle = given("_style")

    # --- mouse
    def _send(self, name: str, event: QtGui.QMouseEvent | QtGui.QWheelEvent):
        keys = event.modifiers()
        position = event.position().toPoint()
        control, shift = bool(keys & Qt.ControlModifier), bool(keys & Qt.ShiftModifier)
        self._interactor.SetEventInformationFlipY(position.x(), position.y(), control, shift)
        self._interactor.InvokeEvent(name)

    def mousePressEvent(self, event):
        self._send(f"{BUTTONS.get(event.button(), 'LeftButton')}PressEvent", event)

    def mouseReleaseEvent(self, event):
        self._send(f"{BUTTONS.get(event.button(), 'LeftButton')}ReleaseEvent", event)

    def mouseMoveEvent(self, event):
        self._send("MouseMoveEvent", event)

    def wheelEvent(self, event):
        self._send("MouseWheelForwardEvent" if event.angleDelta().y() > 0 else "MouseWheelBackwardEvent", event)

    def enterEvent(self, event):
        self._interactor.InvokeEvent("EnterEvent")

    def leaveEvent(self, event):
        self._interactor.InvokeEvent("LeaveEvent")


class qMRMLViewControllerBar(QtWidgets.QFrame):
    """The colored bar above a view, with the view's label."""

    def __init__(self, node):
        super().__init__()
        label = QtWidgets.QLabel(node.GetLayoutLabel() or node.GetLayoutName())
        label.setStyleSheet("font-weight: bold")
        red, green, blue = (round(255 * part) for part in node.GetLayoutColor())
        self.setStyleSheet(f"background-color: rgb({red}, {green}, {blue}); color: black")
        self.setFixedHeight(22)
        self._layout = row(self, label)
        self._layout.setContentsMargins(4, 0, 4, 0)


class qMRMLAbstractViewWidget(QtWidgets.QWidget):
    """A controller bar above a view."""

    def __init__(self, node, view, bar=None):
        super().__init__()
        self._node, self._view, self._bar = node, view, bar or qMRMLViewControllerBar(node)
        self.setObjectName(f"{type(self).__name__}{node.GetLayoutName()}")
        layout = row(self, self._bar, view, layout=QtWidgets.QVBoxLayout)
        layout.setSpacing(0)
        layout.setStretch(1, 1)
