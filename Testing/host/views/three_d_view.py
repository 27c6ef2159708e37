"""The 3D view."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtWidgets

from .render_view import ctkVTKAbstractView, qMRMLAbstractViewWidget, qMRMLViewControllerBar

DISPLAYABLE_MANAGERS = (
    "vtkMRMLCameraDisplayableManager",
    "vtkMRMLViewDisplayableManager",
    "vtkMRMLModelDisplayableManager",
    "vtkMRMLThreeDReformatDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager3D",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager3D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLTransformsDisplayableManager3D",
    "vtkMRMLLinearTransformsDisplayableManager",
    "vtkMRMLVolumeRenderingDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)
AXES = {"L": (-1, 0, 0), "R": (1, 0, 0), "P": (0, -1, 0), "A": (0, 1, 0), "I": (0, 0, -1), "S": (0, 0, 1)}  # RAS


class qMRMLThreeDView(ctkVTKAbstractView):
    def __init__(self, node, application_logic):
        super().__init__()
        self._renderer.SetUseDepthPeeling(1)
        self._renderer.GradientBackgroundOn()
        style = slicer.vtkMRMLThreeDViewInteractorStyle()
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self.attach(slicer, factory, DISPLAYABLE_MANAGERS, style, node, application_logic)
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def before_render(self):
        self._renderer.SetBackground(self._node.GetBackgroundColor())
        self._renderer.SetBackground2(self._node.GetBackgroundColor2())

    def mrmlViewNode(self):
        return self._node

    def cameraNode(self):
        manager = self.displayableManagerByClassName("vtkMRMLCameraDisplayableManager")
        return manager.GetCameraNode()

    def resetFocalPoint(self):
        bounds = [0.0] * 6
        self._renderer.ComputeVisiblePropBounds(bounds)
        if bounds[0] <= bounds[1]:
            self.cameraNode().SetFocalPoint(*((bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)))
        self.scheduleRender()

    def resetCamera(self, resetRotation=True, resetTranslation=True, resetDistance=True):
        if resetRotation:
            self._look_along((0, -1, 0))
        self._renderer.ResetCamera()
        self.scheduleRender()

    def rotateToViewAxis(self, axis):
        """Look from an axis: its number as in ctkAxesWidget (0 left ... 5 superior), or a name that begins with its letter."""
        letter = "LRPAIS"[axis] if isinstance(axis, int) else axis[0].upper()
        self._look_along(AXES[letter])
        self._renderer.ResetCamera()
        self.scheduleRender()

    def _look_along(self, direction):
        camera = self.cameraNode()
        focus, distance = camera.GetFocalPoint(), self._renderer.GetActiveCamera().GetDistance()
        camera.SetPosition(*(f + distance * d for f, d in zip(focus, direction, strict=True)))
        camera.SetViewUp(0, 0, 1) if not direction[2] else camera.SetViewUp(0, 1, 0)


class qMRMLThreeDViewControllerWidget(qMRMLViewControllerBar):
    def __init__(self, node, view):
        super().__init__(node)
        self._view = view
        button = QtWidgets.QToolButton()
        button.setText("[ ]")
        button.clicked.connect(self.resetFocalPoint)
        self._layout.addWidget(button)

    def resetFocalPoint(self):
        self._view.resetFocalPoint()


class qMRMLThreeDWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        self._logic = slicer.vtkMRMLViewLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.SetViewNode(node) if hasattr(self._logic, "SetViewNode") else self._logic.AddViewNode(node.GetLayoutName())
        application_logic.GetViewLogics().AddItem(self._logic)
        view = qMRMLThreeDView(node, application_logic)
        super().__init__(node, view, qMRMLThreeDViewControllerWidget(node, view))

    def threeDController(self):
        return self._bar

    def threeDView(self):
        return self._view

    def mrmlViewNode(self):
        return self._node

    def viewLogic(self):
        return self._logic
