"""The 3D view as the C-arm sees it: the camera at the X-ray source, the frame on the detector, the handedness of the frame.

A camera at the source that looks at the detector shows the mirror image of the frame, because an X-ray image is looked at from
the detector's side. The camera's picture is mirrored, therefore, by a transform behind its projection.
"""

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from .model_nodes import LPS
from .overlay import fillLines
from .run_nodes import proxyOf

MARK = "TAVIFusion.carm"
SOURCE_RADIUS_MM = 12.0
COLORS = {"Detector": (1, 1, 1), "Source": (1.0, 0.8, 0.2), "Beam": (1.0, 0.8, 0.2)}


class CArmView:
    """Puts the camera of the 3D view where the source is, and gives it back."""

    def __init__(self):
        self._before = None
        self._camera = self._marks = None
        self._picture = vtk.vtkImageMapToWindowLevelColors()  # the frame as it looks in the slice view
        self._picture.SetOutputFormatToRGB()

    @property
    def active(self):
        return self._before is not None

    def showArm(self, arm, run=None):
        """Draw source, beam and detector of a C-arm; with the shown frame of a run on the detector.

        Source and beam are left out while the camera stands in them.
        """
        corners = cornersOf(arm)
        detector = _node("Detector")
        detector.SetAndObservePolyData(_plane(corners))
        self._texture(detector.GetDisplayNode(), proxyOf(run) if run is not None else None)
        fillLines(_node("Beam"), [np.array([arm.source_mm * LPS, corner]) for corner in corners])
        sphere = vtk.vtkSphereSource()
        sphere.SetCenter(*(arm.source_mm * LPS))
        sphere.SetRadius(SOURCE_RADIUS_MM)
        sphere.SetThetaResolution(24)
        sphere.SetPhiResolution(24)
        sphere.Update()
        _node("Source").SetAndObservePolyData(sphere.GetOutput())

    def _texture(self, display, frame):
        if frame is not None:
            self._picture.SetInputData(frame.GetImageData())
            self._picture.SetWindow(frame.GetDisplayNode().GetWindow())
            self._picture.SetLevel(frame.GetDisplayNode().GetLevel())
            self._picture.Update()
        wanted = self._picture.GetOutputPort() if frame is not None else None
        if display.GetTextureImageDataConnection() is not wanted:
            display.SetTextureImageDataConnection(wanted)

    def hideArm(self):
        """Take source, beam and detector out of the scene."""
        for node in slicer.util.getNodesByClass("vtkMRMLModelNode"):
            if node.GetAttribute(MARK):
                slicer.mrmlScene.RemoveNode(node)

    def look(self, arm):
        """Look from the source of a C-arm at all of its detector."""
        view = _view()
        if view is None:
            return
        for name in ("Source", "Beam"):
            _node(name).SetDisplayVisibility(False)
        self._camera = view.cameraNode()
        camera = self._camera.GetCamera()
        if self._before is None:
            self._before = (camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetViewAngle())
            node = view.mrmlViewNode()
            self._marks = node.GetBoxVisible(), node.GetAxisLabelsVisible()
            node.SetBoxVisible(False)
            node.SetAxisLabelsVisible(False)  # they would be mirror writing
        right, down, along = arm.axes() * LPS
        source = arm.source_mm * LPS
        camera.SetPosition(*source)
        camera.SetFocalPoint(*(source + along * arm.source_to_detector_mm))
        camera.SetViewUp(*-down)
        camera.SetViewAngle(angleOf(arm, view))
        camera.SetUserTransform(_mirror())
        self._camera.ResetClippingRange()
        view.scheduleRender()

    def leave(self):
        """The camera as it was before."""
        if self._before is None:
            return
        for name in ("Source", "Beam"):
            _node(name).SetDisplayVisibility(True)
        camera = self._camera.GetCamera()
        camera.SetUserTransform(None)
        for put, value in zip((camera.SetPosition, camera.SetFocalPoint, camera.SetViewUp), self._before[:3], strict=True):
            put(*value)
        camera.SetViewAngle(self._before[3])
        self._camera.ResetClippingRange()
        self._before = self._camera = None
        if _view() is not None:
            _view().mrmlViewNode().SetBoxVisible(self._marks[0])
            _view().mrmlViewNode().SetAxisLabelsVisible(self._marks[1])
            _view().scheduleRender()


def cornersOf(arm):
    """(4, 3) RAS mm: outer corners of the detector's image, top left, top right, bottom right, bottom left."""
    columns, rows = arm.size
    pixels = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)]) - 0.5
    offsets = (pixels - np.asarray(arm.center_px)) * np.asarray(arm.pixel_spacing_mm)
    right, down, along = arm.axes()
    center = arm.source_mm + along * arm.source_to_detector_mm
    return (center + offsets[:, :1] * right + offsets[:, 1:] * down) * LPS


def angleOf(arm, view):
    """Vertical angle in degrees under which the view shows all of the detector."""
    columns, rows = arm.size
    width, height = columns * arm.pixel_spacing_mm[0], rows * arm.pixel_spacing_mm[1]
    across, down = view.renderWindow().GetSize()
    shown = max(height, width * down / max(across, 1))
    return float(np.rad2deg(2 * np.arctan2(shown / 2, arm.source_to_detector_mm)))


def _view():
    manager = slicer.app.layoutManager()
    return manager.threeDWidget(0).threeDView() if manager is not None and manager.threeDViewCount else None


def _mirror():
    transform = vtk.vtkTransform()
    transform.Scale(-1, 1, 1)
    return transform


def _plane(corners):
    data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(corners), deep=True))
    cells.InsertNextCell(4, [0, 1, 2, 3])
    data.SetPoints(points)
    data.SetPolys(cells)
    texture = numpy_to_vtk(
        np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32), deep=True
    )  # row 0 of the frame is texture row 0
    texture.SetName("TextureCoordinates")
    data.GetPointData().SetTCoords(texture)
    return data


def _node(name):
    nodes = slicer.util.getNodesByClass("vtkMRMLModelNode")
    node = next((node for node in nodes if node.GetAttribute(MARK) == name), None)
    if node is None:
        node = slicer.vtkMRMLModelNode()
        node.SetName(f"{name} (C-arm)")
        node.SetAttribute(MARK, name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetSaveWithScene(False)
        display.SetVisibility2D(False)
        display.SetColor(*COLORS[name])
        display.SetLineWidth(2)
        if name == "Detector":
            display.SetAmbient(1)
            display.SetDiffuse(0)
    return node
