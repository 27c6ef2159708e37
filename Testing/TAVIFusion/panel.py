"""What the panel tests share: the panel in an empty scene, a small run and its aorta. Runs in Slicer, too."""

import numpy as np

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py", "TAVIFusion/TAVIFusion.py"])

from Testing.panel_case import ModulePanelTestCase  # noqa: E402

SIZE = (160, 128)
FRAMES = 5


def arm(**changes):
    """A C-arm with all values, columns and rows of SIZE."""
    from TAVIFusionLib.carm import CArm

    values = {
        "primary_deg": 20.0,
        "secondary_deg": -10.0,
        "source_to_detector_mm": 1100.0,
        "source_to_isocenter_mm": 750.0,
        "pixel_spacing_mm": (1.2, 1.2),
        "size": SIZE,
        "isocenter_mm": (5.0, -20.0, 40.0),
    }
    return CArm(**{**values, **changes})


def tube(radius_mm=12.0, center_mm=(5.0, -20.0, 40.0)):
    """A bent vessel (Mesh, LPS) around a point: up, then to the left and back; about 110 mm long."""
    import vtk
    from vtk.util.numpy_support import numpy_to_vtk, vtk_to_numpy

    from TAVIFusionLib.meshes import Mesh

    s = np.linspace(0, 1, 40)
    path = np.column_stack([30 * s**2, 25 * s**3, 90 * s - 40]) + center_mm
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(path, deep=True))
    line, cells = vtk.vtkPolyData(), vtk.vtkCellArray()
    cells.InsertNextCell(len(path), list(range(len(path))))
    line.SetPoints(points)
    line.SetLines(cells)
    filters = [vtk.vtkTubeFilter(), vtk.vtkTriangleFilter()]
    filters[0].SetInputData(line)
    filters[0].SetRadius(radius_mm)
    filters[0].SetNumberOfSides(24)
    filters[0].CappingOn()
    filters[1].SetInputConnection(filters[0].GetOutputPort())
    filters[1].PassLinesOff()
    filters[1].PassVertsOff()
    filters[1].Update()
    data = filters[1].GetOutput()
    triangles = vtk_to_numpy(data.GetPolys().GetConnectivityArray()).reshape(-1, 3)
    return Mesh(vtk_to_numpy(data.GetPoints().GetData()), triangles)


def runOfTube(carm=None, frames=FRAMES, poses=None):
    """A run (FluoroscopyRun) that shows the vessel dark on a brighter ground with noise."""
    from TAVIFusionLib.fluoroscopy import FluoroscopyRun
    from TAVIFusionLib.silhouette import silhouette

    carm = carm or arm()
    rng = np.random.default_rng(1)
    across = np.linspace(0, 300, SIZE[0])
    pictures = []
    for index in range(frames):
        shadow = silhouette(tube(), carm if not carm.missing else arm(), poses[index] if poses else None)
        pictures.append(3000 + across - 1200 * shadow + rng.normal(0, 30, SIZE[::-1]))
    return FluoroscopyRun(
        np.stack(pictures).astype(np.uint16), [carm] * frames, np.arange(frames) / 15, device="Test arm", source="test"
    )


class PanelTestCase(ModulePanelTestCase):
    """The module's panel in an empty scene."""

    MODULE = "TAVIFusion"

    def addRun(self, carm=None, name="Run", **options):
        """A run in the scene, chosen: its sequence node."""
        from TAVIFusionFace.run_nodes import addRun

        self.parameters.run = addRun(runOfTube(carm, **options), name)
        return self.parameters.run

    def addModel(self):
        """The vessel in the scene, chosen: its model node."""
        from TAVIFusionFace.model_nodes import addModel

        self.parameters.model = addModel(tube(), "Aorta")
        return self.parameters.model

    def running(self):
        return self.widget.work.running


RIGHT_MM = (0.0, 3.0, 5.0, 3.0, 0.0)


def poses():
    """How the vessel moves over the frames: to the right and back, 4 mm lower than planned."""
    from TAVIFusionLib.pose import Pose

    right, down, _along = arm().axes()
    return [Pose(translation_mm=tuple((mm * right + 4 * down).tolist())) for mm in RIGHT_MM]


class WorkTestCase(PanelTestCase):
    """The panel with a vessel that moves."""

    def addMovingRun(self, masks=True):
        """The run of the moving vessel and its model; masks are the true silhouettes."""
        from TAVIFusionFace.annotation import setComputed
        from TAVIFusionLib.silhouette import silhouette

        run = self.addRun(poses=poses())
        self.addModel()
        if masks:
            setComputed(run, {n: silhouette(tube(), arm(), pose) for n, pose in enumerate(poses())})
            self.widget.onParametersModified()
        return run

    def useFilter(self):
        self.ui.methodComboBox.currentIndex = 1

    def pose(self):
        from TAVIFusionFace.model_nodes import poseNode, poseOf

        return poseOf(poseNode(self.parameters.model))

    def distance_px(self, pose, expected):
        """Largest distance of the projected model at two poses."""
        points = tube().points_mm
        return np.abs(arm().project(pose.apply(points)) - arm().project(expected.apply(points))).max()
