"""The fusion panel, clicked: the model is moved by hand, fitted, and follows the frames; the map of the paper's mode."""

import csv
import json
import tempfile

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, RIGHT_MM, WorkTestCase, arm, poses, tube

import slicer  # isort: skip


class AlignTest(WorkTestCase):
    def test_sliders_and_keys_move_the_model_in_the_frame(self):
        from TAVIFusionFace.nudging import STEP_MM

        self.addRun()
        self.addModel()
        pivot = np.array(self.pose().pivot_mm)
        before = arm().project(pivot[None])[0]
        self.ui.rightSlider.value, self.ui.downSlider.value = 10, -5
        moved = arm().project(self.pose().apply(pivot[None]))[0]
        depth = 750 + arm().camera_points(pivot[None])[0, 2]
        np.testing.assert_allclose((moved - before) * 1.2 * depth / 1100, (10, -5), atol=1e-6)
        self.ui.turnSlider.value = 30
        above = pivot - 20 * arm().axes()[1]
        turned = arm().project(self.pose().apply(above[None]))[0] - arm().project(self.pose().apply(pivot[None]))[0]
        self.assertAlmostEqual(np.rad2deg(np.arctan2(turned[0], -turned[1])), 30, places=3)  # clockwise on the screen
        self.ui.keysCheckBox.checked = True
        self.widget.aligning.nudging.step("rightSlider", STEP_MM)
        self.assertEqual(self.ui.rightSlider.value, 11)
        self.ui.handlesCheckBox.checked = True
        self.ui.nudgeGroupBox.collapsed = False
        self.addCleanup(lambda: setattr(self.ui.nudgeGroupBox, "collapsed", True))
        self.screenshot("tavi_nudged")
        self.ui.resetPoseButton.click()
        np.testing.assert_allclose(self.pose().matrix(), np.eye(4), atol=1e-9)
        self.assertEqual(self.ui.rightSlider.value, 0)

    @slow
    def test_the_model_is_fitted_to_the_vessel_and_followed(self):
        from TAVIFusionFace.export import exportPoses
        from TAVIFusionFace.model_nodes import poseNode
        from TAVIFusionFace.results import resultsOf

        run = self.addMovingRun()
        self.ui.alignButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertLess(self.distance_px(self.pose(), poses()[0]), 1.5)
        self.assertIn("shift along the beam", self.ui.alignLabel.text)
        self.ui.trackButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        for frame in range(FRAMES):
            self.ui.frameSlider.value = frame + 1
            self.assertLess(self.distance_px(self.pose(), poses()[frame]), 2.5)
        self.assertIn(f"{FRAMES} of {FRAMES}", self.ui.trackLabel.text)
        self.screenshot("tavi_tracked")
        with tempfile.TemporaryDirectory() as folder:
            paths = exportPoses(run, self.parameters.model, folder)
            with open(paths[0], encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            entries = json.loads(paths[1].read_text(encoding="utf-8"))["frames"]
        self.assertEqual([int(row["frame"]) for row in rows], list(range(FRAMES)))
        moved = np.array(entries[2]["matrix_lps"])[:3, 3] - np.array(entries[0]["matrix_lps"])[:3, 3]
        self.assertAlmostEqual(float(moved @ arm().axes()[0]), RIGHT_MM[2], delta=1.5)
        self.ui.trackButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        lent = poseNode(self.parameters.model)
        self.assertIs(lent.GetScene(), slicer.mrmlScene)  # the transform is the model's, whatever plays in it
        self.assertEqual(self.widget.logic.align(run, self.parameters.model, frame=1)["degrees"], "in-plane")
        self.assertIsNone(resultsOf(run).poses)
        self.assertIs(poseNode(self.parameters.model), lent)
        self.assertLess(self.distance_px(self.pose(), poses()[1]), 1.5)

    @slow
    def test_point_pairs_alone_place_the_model(self):
        from CorrespondCoreLib import mrml
        from TAVIFusionFace.run_nodes import pixelsToRas

        run = self.addRun()
        self.addModel()
        points = tube().points_mm[[0, 300, 700]]
        self.assertFalse(self.ui.pointsButton.enabled)
        self.parameters.modelPoints = mrml.markups_from_points(points, "on the model")
        seen = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", "on the frame")
        pixels = arm().project(poses()[2].apply(points))
        slicer.util.updateMarkupsControlPointsFromArray(seen, pixelsToRas(run, pixels)[:2])
        self.parameters.framePoints = seen
        self.assertIn("3 points on the model and 2", self.ui.pointsButton.toolTip)
        slicer.util.updateMarkupsControlPointsFromArray(seen, pixelsToRas(run, pixels))
        self.widget.onParametersModified()
        self.ui.pointsButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertLess(self.distance_px(self.pose(), poses()[2]), 2)

    @slow
    def test_a_frame_that_is_not_trusted_shows_no_overlay(self):
        from TAVIFusionFace.overlay import lineNode
        from TAVIFusionFace.plots import fillTable
        from TAVIFusionFace.results import resultsOf

        run = self.addMovingRun()
        table = resultsOf(run).node("track", "vtkMRMLTableNode", "Track")
        fillTable(table, {"frame": range(FRAMES), "shown": [1.0, 0.0, 1.0, 1.0, 1.0], "quality": [1.0, 0.1, 1.0, 1.0, 1.0]})
        counts = []
        for frame in (1, 2, 3):
            self.ui.frameSlider.value = frame
            counts.append(lineNode("Outline", (0, 0, 0), 1).GetPolyData().GetNumberOfPoints())
        self.assertEqual([count > 0 for count in counts], [True, False, True])
        self.widget.tracking.refresh()
        self.assertIn(f"4 of {FRAMES}", self.ui.trackLabel.text)


class PaperModeTest(WorkTestCase):
    @slow
    def test_the_affine_map_of_a_frame_is_drawn_on_that_frame_only(self):
        from TAVIFusionFace.overlay import lineNode
        from TAVIFusionFace.paper_mode import affineShadow, regionOf, setAffine
        from TAVIFusionFace.run_nodes import pixelsToRas, rasToPixels
        from TAVIFusionLib.alignment.affine import AffineAlignment
        from TAVIFusionLib.outline import outline

        run = self.addRun()
        self.addModel()
        matrix = np.array([(1.0, 0.1, 8.0), (0.0, 0.9, -5.0)])
        setAffine(run, 2, matrix)
        self.ui.frameSlider.value = 3
        drawn = rasToPixels(run, slicer.util.arrayFromModelPoints(lineNode("Outline", (0, 0, 0), 1)))
        affine = AffineAlignment(matrix, "direct", 0, 0, 0)
        expected = np.concatenate(outline(affineShadow(affine, tube(), arm(), self.pose())))
        np.testing.assert_allclose(np.sort(drawn, axis=0), np.sort(expected, axis=0), atol=1e-3)
        self.ui.frameSlider.value = 1
        back = rasToPixels(run, slicer.util.arrayFromModelPoints(lineNode("Outline", (0, 0, 0), 1)))
        self.assertGreater(np.abs(back.mean(axis=0) - drawn.mean(axis=0)).max(), 3)
        roi = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsROINode", "part")
        corners = pixelsToRas(run, np.array([(20.0, 30.0), (60.0, 90.0)]))
        roi.SetCenter(*corners.mean(axis=0))
        roi.SetSize(*(np.abs(corners[1] - corners[0]) + (0, 0, 10)))
        np.testing.assert_allclose(regionOf(roi, run), (20, 30, 61, 91), atol=1)
        request = self.widget.aligning.request("pose")
        self.assertEqual(request.by, "pose")
        self.ui.degreesComboBox.currentIndex = 3
        self.parameters.region = roi
        self.ui.affineComboBox.currentIndex = 1
        settings = self.widget.aligning.request("pose").allSettings().alignment
        self.assertEqual((settings.mode, settings.affine), ("paper", "moments"))
        self.assertIsNotNone(settings.region_px)
