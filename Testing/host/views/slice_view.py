"""A slice view: the real slice logic makes the image, the real displayable managers draw over it."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

from ..widgets.declare import given
from ..widgets.scene_widgets import qMRMLSliderWidget
from .render_view import ctkVTKAbstractView, qMRMLAbstractViewWidget, qMRMLViewControllerBar

DISPLAYABLE_MANAGERS = (
    "vtkMRMLVolumeGlyphSliceDisplayableManager",
    "vtkMRMLModelSliceDisplayableManager",
    "vtkMRMLCrosshairDisplayableManager",
    "vtkMRMLOrientationMarkerDisplayableManager",
    "vtkMRMLRulerDisplayableManager",
    "vtkMRMLScalarBarDisplayableManager",
    "vtkMRMLSegmentationsDisplayableManager2D",
    "vtkMRMLMarkupsDisplayableManager",
    "vtkMRMLTransformsDisplayableManager2D",
    "vtkMRMLLinearTransformsDisplayableManager",
    "vtkMRMLColorLegendDisplayableManager",
)


class qMRMLSliceView(ctkVTKAbstractView):
    def __init__(self, node, logic, application_logic):
        super().__init__()
        self._logic = logic
        self._renderer.GetActiveCamera().ParallelProjectionOn()
        self._mapper = vtk.vtkImageMapper()
        self._mapper.SetColorWindow(255)
        self._mapper.SetColorLevel(127.5)
        self._image = vtk.vtkActor2D()
        self._image.SetMapper(self._mapper)
        self._image.GetProperty().SetDisplayLocationToBackground()
        self._renderer.AddViewProp(self._image)
        style = slicer.vtkMRMLSliceViewInteractorStyle()
        style.SetSliceLogic(logic)
        factory = slicer.vtkMRMLSliceViewDisplayableManagerFactory.GetInstance()
        self.attach(factory, DISPLAYABLE_MANAGERS, style, node, application_logic)
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def resize_scene(self, width, height):
        self._logic.ResizeSliceNode(width, height)

    def before_render(self):
        connection = self._logic.GetImageDataConnection()
        self._image.SetVisibility(connection is not None)
        self._mapper.SetInputConnection(connection)

    def convertRASToXYZ(self, ras):
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._node.GetXYToRAS(), inverse)
        return list(inverse.MultiplyPoint((*ras, 1))[:3])

    def convertXYZToRAS(self, xyz):
        return list(self._node.GetXYToRAS().MultiplyPoint((*xyz, 1))[:3])

    mrmlSliceNode = given("_node")


class qMRMLSliceControllerWidget(qMRMLViewControllerBar):
    """Label, offset slider and the button that fits the slice to the window."""

    def __init__(self, node, logic):
        super().__init__(node)
        self._logic = logic
        self._slider, fit = qMRMLSliderWidget(), QtWidgets.QToolButton()
        fit.setText("[ ]")
        self._layout.addWidget(self._slider, 1)
        self._layout.addWidget(fit)
        fit.clicked.connect(lambda: logic.FitSliceToBackground())
        self._slider.valueChanged.connect(self.setSliceOffsetValue)
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())

    def _show(self):
        bounds = [0.0] * 6
        self._logic.GetLowestVolumeSliceBounds(bounds)
        with QtCore.QSignalBlocker(self._slider):
            if bounds[4] < bounds[5]:
                self._slider.minimum, self._slider.maximum = bounds[4], bounds[5]
            self._slider.setValue(self._logic.GetSliceOffset())

    def setSliceOffsetValue(self, offset):
        self._logic.SetSliceOffset(offset)


class qMRMLSliceWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.SetSliceNode(node)
        application_logic.GetSliceLogics().AddItem(self._logic)
        view = qMRMLSliceView(node, self._logic, application_logic)
        super().__init__(node, view, qMRMLSliceControllerWidget(node, self._logic))

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    sliceController = given("_bar")
    sliceView = given("_view")
    sliceLogic = given("_logic")
    mrmlSliceNode = given("_node")
    interactorStyle = given("_view._style")
