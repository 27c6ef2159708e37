"""A view that VTK renders offscreen when it is painted; mouse and wheel go to Slicer's own interactor styles."""

from __future__ import annotations

import vtk
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Property, Qt
from vtk.util.numpy_support import vtk_to_numpy

SMALLEST = 32  # pixels; displayable managers cannot work in an empty window
BUTTONS = {Qt.LeftButton: "LeftButton", Qt.MiddleButton: "MiddleButton", Qt.RightButton: "RightButton"}


class ctkVTKAbstractView(QtWidgets.QWidget):
    """Render window, renderer and interactor of one view."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.setMinimumSize(SMALLEST, SMALLEST)
        self.setMouseTracking(True)
        self._picture, self._stale, self._pauses = None, True, 0
        self._window, self._renderer = vtk.vtkRenderWindow(), vtk.vtkRenderer()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.AddRenderer(self._renderer)
        self._interactor = vtk.vtkGenericRenderWindowInteractor()
        self._interactor.SetRenderWindow(self._window)
        self._interactor.SetInteractorStyle(vtk.vtkInteractorStyleUser())  # does nothing: Slicer's own observe the interactor
        self._interactor.Enable()
        self._annotation = vtk.vtkCornerAnnotation()

    def attach(self, slicer, factory, displayable_managers, style, node, application_logic):
        """Connect Slicer's displayable managers to the view node and the interactor style."""
        factory.SetMRMLApplicationLogic(application_logic)
        for name in displayable_managers:
            if not factory.IsDisplayableManagerRegistered(name):
                factory.RegisterDisplayableManager(name)
        self._group = slicer.vtkMRMLDisplayableManagerGroup()
        self._group.SetRenderer(self._renderer)
        self._style = style
        style.SetInteractor(self._interactor)
        self._group.Initialize(factory, self._renderer)
        style.SetDisplayableManagers(self._group)
        self._group.AddObserver(vtk.vtkCommand.UpdateEvent, lambda *_: self.scheduleRender())
        self._group.SetMRMLDisplayableNode(node)
        self._node = node

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
        if self._stale and not self._pauses:
            self.forceRender()
        painter = QtGui.QPainter(self)
        if self._picture is not None:
            painter.drawImage(0, 0, self._picture)
        painter.end()

    def setRenderPaused(self, pause):
        self._pauses = max(0, self._pauses + (1 if pause else -1))
        if not self._pauses:
            self.update()
        return self._pauses

    def pauseRender(self):
        return self.setRenderPaused(True)

    def resumeRender(self):
        return self.setRenderPaused(False)

    # --- what module code asks for
    def renderWindow(self):
        return self._window

    def interactor(self):
        return self._interactor

    def interactorStyle(self):
        return self._style

    def cornerAnnotation(self):
        return self._annotation

    def displayableManagerByClassName(self, name):
        return self._group.GetDisplayableManagerByClassName(name)

    def setBackgroundColor(self, color):
        self._renderer.SetBackground(color.redF(), color.greenF(), color.blueF())
        self.scheduleRender()

    def _background(self):
        return QtGui.QColor.fromRgbF(*self._renderer.GetBackground())

    backgroundColor = Property(QtGui.QColor, _background, setBackgroundColor)

    # --- mouse
    def _send(self, event: QtGui.QMouseEvent | QtGui.QWheelEvent, name: str):
        keys = event.modifiers()
        position = event.position().toPoint()
        control, shift = bool(keys & Qt.ControlModifier), bool(keys & Qt.ShiftModifier)
        self._interactor.SetEventInformationFlipY(position.x(), position.y(), control, shift)
        self._interactor.InvokeEvent(name)

    def mousePressEvent(self, event):
        self._send(event, f"{BUTTONS.get(event.button(), 'LeftButton')}PressEvent")

    def mouseReleaseEvent(self, event):
        self._send(event, f"{BUTTONS.get(event.button(), 'LeftButton')}ReleaseEvent")

    def mouseMoveEvent(self, event):
        self._send(event, "MouseMoveEvent")

    def wheelEvent(self, event):
        self._send(event, "MouseWheelForwardEvent" if event.angleDelta().y() > 0 else "MouseWheelBackwardEvent")

    def enterEvent(self, event):
        self._interactor.InvokeEvent("EnterEvent")

    def leaveEvent(self, event):
        self._interactor.InvokeEvent("LeaveEvent")


class qMRMLViewControllerBar(QtWidgets.QFrame):
    """The colored bar above a view, with the view's label."""

    def __init__(self, node):
        super().__init__()
        self._label = QtWidgets.QLabel(node.GetLayoutLabel() or node.GetLayoutName())
        self._label.setStyleSheet("font-weight: bold")
        red, green, blue = (round(255 * part) for part in node.GetLayoutColor())
        self.setStyleSheet(f"background-color: rgb({red}, {green}, {blue}); color: black")
        self.setFixedHeight(22)
        self._layout = QtWidgets.QHBoxLayout(self)
        self._layout.setContentsMargins(4, 0, 4, 0)
        self._layout.addWidget(self._label)

    def viewLabel(self):
        return self._label

    def barLayout(self):
        return self._layout

    def barWidget(self):
        return self


class qMRMLAbstractViewWidget(QtWidgets.QWidget):
    """A controller bar above a view."""

    def __init__(self, node, view, bar):
        super().__init__()
        self._node, self._view, self._bar = node, view, bar
        self.setObjectName(f"{type(self).__name__}{node.GetLayoutName()}")
        self._layout = QtWidgets.QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._layout.addWidget(bar)
        self._layout.addWidget(view, 1)

    def viewWidget(self):
        return self._view

    def controllerWidget(self):
        return self._bar

    def mrmlAbstractViewNode(self):
        return self._node

    def mrmlScene(self):
        return self._node.GetScene()

    def setRenderPaused(self, pause):
        if isinstance(self._view, ctkVTKAbstractView):
            self._view.setRenderPaused(pause)
