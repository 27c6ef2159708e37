"""A slice view: the real slice logic makes the image, the real displayable managers draw over it."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets

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
        self.attach(slicer, factory, DISPLAYABLE_MANAGERS, style, node, application_logic)
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.scheduleRender())

    def resize_scene(self, width, height):
        self._logic.ResizeSliceNode(width, height)

    def before_render(self):
        connection = self._logic.GetImageDataConnection()
        self._image.SetVisibility(connection is not None)
        self._mapper.SetInputConnection(connection)

    def mrmlSliceNode(self):
        return self._node

    def sliceViewInteractorStyle(self):
        return self._style

    def convertRASToXYZ(self, ras):
        inverse = vtk.vtkMatrix4x4()
        vtk.vtkMatrix4x4.Invert(self._node.GetXYToRAS(), inverse)
        return list(inverse.MultiplyPoint((*ras, 1))[:3])

    def convertXYZToRAS(self, xyz):
        return list(self._node.GetXYToRAS().MultiplyPoint((*xyz, 1))[:3])

    def convertDeviceToXYZ(self, xy):
        return [xy[0], self.height() - 1 - xy[1], 0.0]


class qMRMLSliceControllerWidget(qMRMLViewControllerBar):
    """Label, offset slider and the button that fits the slice to the window."""

    def __init__(self, node, logic):
        super().__init__(node)
        self._node, self._logic, self._updating = node, logic, False
        self._slider = qMRMLSliderWidget()
        self._fit = QtWidgets.QToolButton()
        self._fit.setText("[ ]")
        self._layout.addWidget(self._slider, 1)
        self._layout.addWidget(self._fit)
        self._fit.clicked.connect(self.fitSliceToBackground)
        self._slider.valueChanged.connect(self._moved)
        logic.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._show())

    def _moved(self, offset):
        if not self._updating:
            self.setSliceOffsetValue(offset)

    def _show(self):
        bounds = [0.0] * 6
        self._logic.GetLowestVolumeSliceBounds(bounds)
        self._updating = True
        if bounds[4] < bounds[5]:
            self._slider.minimum, self._slider.maximum = bounds[4], bounds[5]
        self._slider.setValue(self._logic.GetSliceOffset())
        self._updating = False

    def setSliceOffsetValue(self, offset):
        self._logic.SetSliceOffset(offset)

    def sliceOffsetSlider(self):
        return self._slider

    def fitToWindowToolButton(self):
        return self._fit

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()

    def rotateSliceToLowestVolumeAxes(self):
        self._logic.RotateSliceToLowestVolumeAxes()

    def setSliceVisible(self, visible):
        self._node.SetSliceVisible(visible)

    def setSliceLink(self, linked):
        self.mrmlSliceCompositeNode().SetLinkedControl(linked)

    def setForegroundOpacity(self, opacity):
        self.mrmlSliceCompositeNode().SetForegroundOpacity(opacity)

    def mrmlSliceNode(self):
        return self._node

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def sliceLogic(self):
        return self._logic


class qMRMLSliceWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        self._logic = slicer.vtkMRMLSliceLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(node.GetScene())
        self._logic.SetSliceNode(node)
        application_logic.GetSliceLogics().AddItem(self._logic)
        super().__init__(
            node, qMRMLSliceView(node, self._logic, application_logic), qMRMLSliceControllerWidget(node, self._logic)
        )

    def sliceController(self):
        return self._bar

    def sliceView(self):
        return self._view

    def sliceLogic(self):
        return self._logic

    logic = sliceLogic

    def mrmlSliceNode(self):
        return self._node

    def mrmlSliceCompositeNode(self):
        return self._logic.GetSliceCompositeNode()

    def interactorStyle(self):
        return self._view.interactorStyle()

    def fitSliceToBackground(self):
        self._logic.FitSliceToBackground()

    def setSliceOrientation(self, orientation):
        self._node.SetOrientation(orientation)

    sliceOrientation = QtCore.Property(str, lambda self: self._node.GetOrientation(), setSliceOrientation)
