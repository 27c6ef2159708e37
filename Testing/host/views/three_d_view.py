"""The 3D view."""

from __future__ import annotations

import slicer
import vtk

from ..widgets.declare import given
from .render_view import ctkVTKAbstractView, qMRMLAbstractViewWidget

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


class qMRMLThreeDView(ctkVTKAbstractView):
    def __init__(self, node, application_logic):
        super().__init__()
        self._renderer.SetUseDepthPeeling(1)
        self._renderer.GradientBackgroundOn()
        style = slicer.vtkMRMLThreeDViewInteractorStyle()
        factory = slicer.vtkMRMLThreeDViewDisplayableManagerFactory.GetInstance()
        self.attach(factory, DISPLAYABLE_MANAGERS, style, node, application_logic)
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def before_render(self):
        self._renderer.SetBackground(self._node.GetBackgroundColor())
        self._renderer.SetBackground2(self._node.GetBackgroundColor2())

    def cameraNode(self):
        return self._group.GetDisplayableManagerByClassName("vtkMRMLCameraDisplayableManager").GetCameraNode()

    def resetFocalPoint(self):
        bounds = [0.0] * 6
        self._renderer.ComputeVisiblePropBounds(bounds)
        if bounds[0] <= bounds[1]:
            self.cameraNode().SetFocalPoint(*((bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)))
        self.scheduleRender()

    def resetCamera(self):
        """Look at everything from behind, upright."""
        camera, distance = self.cameraNode(), self._renderer.GetActiveCamera().GetDistance()
        right, anterior, superior = camera.GetFocalPoint()
        camera.SetPosition(right, anterior - distance, superior)
        camera.SetViewUp(0, 0, 1)
        self._renderer.ResetCamera()
        self.scheduleRender()

    mrmlViewNode = given("_node")


class qMRMLThreeDWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        logic = slicer.vtkMRMLViewLogic()
        logic.SetMRMLApplicationLogic(application_logic)
        logic.SetMRMLScene(node.GetScene())
        logic.AddViewNode(node.GetLayoutName())
        application_logic.GetViewLogics().AddItem(logic)
        super().__init__(node, qMRMLThreeDView(node, application_logic))

    threeDView = given("_view")
    mrmlViewNode = given("_node")
