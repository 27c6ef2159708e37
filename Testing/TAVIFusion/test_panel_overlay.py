"""The fusion panel, clicked: what is drawn over the frames, and the 3D view as the C-arm sees it."""

import numpy as np

from Testing import host
from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, SIZE, PanelTestCase, arm, runOfTube, tube

import slicer  # isort: skip


class OverlayTest(PanelTestCase):
    def outline(self):
        """Pixels (N, 2) of the outline that is drawn."""
        from TAVIFusionFace.overlay import lineNode
        from TAVIFusionFace.run_nodes import rasToPixels

        node = lineNode("Outline", (0, 0, 0), 1)
        drawn = node.GetPolyData() is not None and node.GetPolyData().GetNumberOfPoints() > 0
        return rasToPixels(self.parameters.run, slicer.util.arrayFromModelPoints(node)) if drawn else np.zeros((0, 2))

    def test_the_outline_is_that_of_the_silhouette_and_follows_frames_and_pose(self):
        from TAVIFusionFace.geometry_attributes import setGeometry
        from TAVIFusionFace.model_nodes import poseNode, poseOf, setPose
        from TAVIFusionFace.nudging import nudged
        from TAVIFusionLib.silhouette import outline, silhouette

        run, model = self.addRun(), self.addModel()
        self.widget.inspect.show()
        for carm, pose in ((arm(), None), (arm(), nudged(poseOf(None), arm().axes(), 10, 0, 0))):
            if pose is not None:
                setPose(poseNode(model), pose)
            expected = np.concatenate(outline(silhouette(tube(), carm, pose)))
            np.testing.assert_allclose(np.sort(self.outline(), axis=0), np.sort(expected, axis=0), atol=1e-3)
        setGeometry(run, [arm(primary_deg=20.0 + 20 * n) for n in range(FRAMES)])
        before = self.outline()
        self.ui.frameSlider.value = 3
        self.assertGreater(np.abs(self.outline().mean(axis=0) - before.mean(axis=0)).max(), 1)
        self.ui.outlineCheckBox.checked = False
        self.assertEqual(len(self.outline()), 0)

    @slow
    def test_landmarks_and_centerline_are_projected(self):
        from CorrespondCoreLib import mrml
        from TAVIFusionFace.overlay import landmarkNode, lineNode
        from TAVIFusionFace.run_nodes import rasToPixels

        points = np.array([(5.0, -20, 0), (5.0, -20, 40), (20.0, 0, 60)])
        run = self.addRun()
        self.addModel()
        self.parameters.landmarks = mrml.markups_from_points(points, "root", ["L", "R", "N"])
        curve = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsCurveNode", "center")
        self.parameters.centerline = mrml.markups_from_points(points, node=curve)
        self.widget.inspect.show()
        drawn = slicer.util.arrayFromMarkupsControlPoints(landmarkNode())
        np.testing.assert_allclose(rasToPixels(run, drawn), arm().project(points), atol=1e-6)
        self.assertEqual([landmarkNode().GetNthControlPointLabel(i) for i in range(3)], ["L", "R", "N"])
        line = rasToPixels(run, slicer.util.arrayFromModelPoints(lineNode("Centerline", (0, 0, 0), 1)))
        np.testing.assert_allclose(line[0], arm().project(points[:1])[0], atol=0.5)
        self.assertGreater(len(line), 10)
        self.screenshot("tavi_landmarks")

    @slow
    def test_silhouette_and_depth_lie_over_the_frame(self):
        from TAVIFusionFace.frame_layout import compositeNode
        from TAVIFusionLib.depth_map import depth_map
        from TAVIFusionLib.silhouette import silhouette

        self.addRun()
        self.addModel()
        self.widget.inspect.show()
        for index, expected in ((1, silhouette(tube(), arm())), (2, np.isfinite(depth_map(tube(), arm())))):
            self.ui.overlayComboBox.currentIndex = index
            node = slicer.mrmlScene.GetNodeByID(compositeNode().GetForegroundVolumeID())
            shown = slicer.util.arrayFromVolume(node)[0] >= node.GetDisplayNode().GetLowerThreshold()
            np.testing.assert_array_equal(shown, expected)
            self.screenshot(f"tavi_overlay_{index}")
        self.ui.overlayComboBox.currentIndex = 0
        self.assertIsNone(compositeNode().GetForegroundVolumeID())

    @slow
    def test_without_geometry_or_model_nothing_is_drawn_and_nothing_fails(self):
        self.addModel()
        self.addRun(arm(pixel_spacing_mm=None))
        self.widget.inspect.show()
        self.ui.overlayComboBox.currentIndex = 1
        self.assertEqual(len(self.outline()), 0)
        self.parameters.model = None
        self.assertEqual(self.errors, [])
        self.assertFalse(self.ui.alignButton.enabled)
        self.assertIn("model", self.ui.alignButton.toolTip)

    @slow
    def test_the_overlay_ends_with_the_module_and_with_the_scene(self):
        from TAVIFusionFace.overlay import overlayNodes

        layout = slicer.app.layoutManager().layout
        self.addRun()
        self.addModel()
        self.ui.carmViewCheckBox.checked = True
        self.ui.overlayComboBox.currentIndex = 1
        self.widget.exit()
        self.assertEqual(overlayNodes(), [])
        self.assertFalse(
            any(n.GetName() in ("Silhouette", "Detector (C-arm)") for n in slicer.util.getNodesByClass("vtkMRMLNode"))
        )
        self.widget.enter()
        self.assertNotEqual(overlayNodes(), [])
        slicer.mrmlScene.Clear()
        self.assertEqual(overlayNodes(), [])
        self.widget.exit()
        self.assertEqual(slicer.app.layoutManager().layout, layout)
        self.widget.enter()


class CArmViewTest(PanelTestCase):
    """The 3D picture has the frame's handedness: a marker at the patient's left is where the projection says."""

    def blob(self, view):
        """(column, row) of the middle of what is green in the 3D view."""
        import vtk
        from vtk.util.numpy_support import vtk_to_numpy

        view.forceRender()
        width, height = view.renderWindow().GetSize()
        pixels = vtk.vtkUnsignedCharArray()
        view.renderWindow().GetPixelData(0, 0, width - 1, height - 1, 0, pixels, 0)
        rgb = vtk_to_numpy(pixels).reshape(height, width, 3)[::-1].astype(int)
        green = rgb[..., 1] - rgb[..., [0, 2]].max(axis=-1) > 80
        rows, columns = np.nonzero(green)
        self.assertGreater(len(rows), 5)
        return np.array([columns.mean(), rows.mean()]), (width, height)

    def test_a_marker_on_the_left_is_seen_where_the_frame_has_it(self):
        import vtk

        center = np.array(arm().isocenter_mm)
        marker = center + (25.0, 5.0, 12.0)  # to the left of the patient, behind, above
        sphere = vtk.vtkSphereSource()
        sphere.SetCenter(*(marker * (-1, -1, 1)))
        sphere.SetRadius(3)
        node = slicer.modules.models.logic().AddModel(sphere.GetOutputPort())
        node.GetDisplayNode().SetColor(0, 1, 0)
        node.GetDisplayNode().SetAmbient(1)
        node.GetDisplayNode().SetDiffuse(0)
        run = self.addRun()
        from TAVIFusionFace.geometry_attributes import setGeometry

        self.ui.carmViewCheckBox.checked = True
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        for primary, secondary in ((0, 0), (30, 20), (-40, -25), (90, 0)):
            carm = arm(primary_deg=float(primary), secondary_deg=float(secondary))
            setGeometry(run, [carm] * FRAMES)
            self.widget.onParametersModified()
            place, (width, height) = self.blob(view)
            pixel = carm.project(marker[None])[0]
            shown_mm = max(SIZE[1] * 1.2, SIZE[0] * 1.2 * height / width)  # of the detector, over the view's height
            scale = height / shown_mm * 1.2
            expected = (pixel - carm.center_px) * scale + ((width - 1) / 2, (height - 1) / 2)
            np.testing.assert_allclose(place, expected, atol=2.0)
            if (primary, secondary) == (0, 0):
                self.assertGreater(place[0], width / 2)

    @slow
    def test_the_camera_comes_back(self):
        self.addRun()
        self.addModel()
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        camera = view.cameraNode().GetCamera()
        state = lambda: (camera.GetPosition(), camera.GetFocalPoint(), camera.GetViewUp(), camera.GetViewAngle())  # noqa: E731
        before = state()
        self.ui.carmViewCheckBox.checked = True
        self.assertNotEqual(state(), before)
        self.assertIsNotNone(camera.GetUserTransform())
        self.ui.carmViewCheckBox.checked = False
        self.assertEqual(state(), before)
        self.assertIsNone(camera.GetUserTransform())
        self.ui.showArmCheckBox.checked = True
        names = {n.GetName() for n in slicer.util.getNodesByClass("vtkMRMLModelNode") if n.GetDisplayVisibility()}
        self.assertLessEqual({"Source (C-arm)", "Beam (C-arm)", "Detector (C-arm)"}, names)
        self.screenshot("tavi_arm")
        self.ui.carmViewCheckBox.checked = True
        self.widget.exit()
        self.assertEqual(state(), before)
        self.widget.enter()

    @slow
    def test_the_frame_lies_on_the_detector(self):
        """What is dark in the frame is dark in the 3D view at the same place."""
        self.addRun()
        self.ui.carmViewCheckBox.checked = True
        view = slicer.app.layoutManager().threeDWidget(0).threeDView()
        path = host.grab(view, host.ROOT / "build" / "screenshots" / "tavi_carm_frame.png")
        import SimpleITK as sitk

        picture = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))[..., :3].astype(float)
        height, width = picture.shape[:2]
        scale = height / max(SIZE[1] * 1.2, SIZE[0] * 1.2 * height / width) * 1.2
        columns, rows = np.meshgrid(np.arange(SIZE[0]), np.arange(SIZE[1]))
        x = np.rint((columns - arm().center_px[0]) * scale + (width - 1) / 2).astype(int)
        y = np.rint((rows - arm().center_px[1]) * scale + (height - 1) / 2).astype(int)
        inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
        seen = picture[y[inside], x[inside]].mean(axis=1)
        self.assertGreater(np.corrcoef(seen, runOfTube().frames[0][inside])[0, 1], 0.95)
