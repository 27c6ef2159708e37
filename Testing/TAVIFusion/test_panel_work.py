"""The fusion panel, clicked: segmenting, aligning, moving by hand, tracking, angulation, measures, export."""

import csv
import functools
import json
import tempfile
import textwrap
from pathlib import Path
from unittest import mock

import numpy as np
from scipy.spatial import cKDTree

from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, PanelTestCase, arm, tube

import slicer  # isort: skip

RIGHT_MM = (0.0, 3.0, 5.0, 3.0, 0.0)


def poses():
    """How the vessel moves over the frames: to the right and back, 4 mm lower than planned."""
    from TAVIFusionLib.pose import Pose

    right, down, _along = arm().axes()
    return [Pose(translation_mm=tuple((mm * right + 4 * down).tolist())) for mm in RIGHT_MM]


class WorkTestCase(PanelTestCase):
    def addMovingRun(self, masks=True):
        """The run of the moving vessel and its model; masks are the true silhouettes."""
        from TAVIFusionFace.results import setMasks
        from TAVIFusionLib.silhouette import silhouette

        run = self.addRun(poses=poses())
        self.addModel()
        if masks:
            setMasks(run, {n: silhouette(tube(), arm(), pose) for n, pose in enumerate(poses())})
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


class SegmentTest(WorkTestCase):
    def test_the_panel_says_what_is_missing(self):
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertIn("XA file", self.ui.applyButton.toolTip)
        self.addRun()
        self.useFilter()
        self.assertTrue(self.ui.applyButton.enabled)
        self.assertIn("without any network", self.ui.methodLabel.text)

    def test_segment_makes_masks_that_agree_with_the_vessel(self):
        from TAVIFusionFace.results import maskOfFrame, resultsOf
        from TAVIFusionLib.metrics import frame_scores
        from TAVIFusionLib.silhouette import silhouette

        run = self.addMovingRun(masks=False)
        self.useFilter()
        self.ui.frameSlider.value = 3
        self.ui.framesComboBox.currentIndex = 0
        self.ui.applyButton.click()
        self.assertTrue(self.widget.work.running)
        self.assertFalse(self.ui.applyButton.enabled or self.ui.alignButton.enabled)
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertIsNone(maskOfFrame(run, 0))
        self.assertGreater(frame_scores(maskOfFrame(run, 2), silhouette(tube(), arm(), poses()[2]))["dsc"], 0.8)
        self.assertEqual(
            resultsOf(run).maskProxy.GetAttribute("Correspond.Statement"), "For research use only. Not for clinical use."
        )
        self.ui.overlayComboBox.currentIndex = 3
        self.screenshot("tavi_segmented")

    @slow
    def test_cancel_and_a_closed_scene_leave_nothing_behind(self):
        self.addRun()
        self.useFilter()
        before = self.nodeIDs()
        self.ui.applyButton.click()
        self.ui.cancelButton.click()
        self.waitUntilDone()
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.errors, [])
        self.ui.applyButton.click()
        slicer.mrmlScene.Clear()
        self.waitUntilDone()
        self.assertFalse(any(node.IsA("vtkMRMLSegmentationNode") for node in slicer.util.getNodesByClass("vtkMRMLNode")))

    @slow
    def test_what_is_drawn_stays_with_its_frame(self):
        from TAVIFusionFace.results import SEGMENT, maskOfFrame, masksOf, resultsOf
        from TAVIFusionFace.run_nodes import proxyOf

        run = self.addMovingRun()
        drawn = np.zeros(maskOfFrame(run, 0).shape, bool)
        drawn[10:30, 20:50] = True
        self.ui.frameSlider.value = 2
        values = drawn[None].astype(np.uint8)
        slicer.util.updateSegmentBinaryLabelmapFromArray(values, resultsOf(run).maskProxy, SEGMENT, proxyOf(run))
        self.ui.frameSlider.value = 5
        self.ui.frameSlider.value = 1
        np.testing.assert_array_equal(maskOfFrame(run, 1), drawn)
        self.assertEqual(len(masksOf(run)), FRAMES)
        editor = mock.Mock()
        leaving = mock.patch("slicer.util.selectModule", side_effect=lambda name: self.widget.exit())
        layout = slicer.app.layoutManager().layout
        with leaving, mock.patch("slicer.util.getModuleWidget", return_value=editor):
            self.ui.editButton.click()
        self.assertEqual(slicer.app.layoutManager().layout, layout)
        editor.editor.setSegmentationNode.assert_called_once_with(resultsOf(run).maskProxy)
        editor.editor.setSourceVolumeNode.assert_called_once_with(proxyOf(run))

    @slow
    def test_agreement_has_the_papers_colors_and_the_table_its_scores(self):
        from TAVIFusionFace.frame_layout import compositeNode
        from TAVIFusionFace.results import addReference, masksOf
        from TAVIFusionLib.metrics import frame_scores

        run = self.addMovingRun()
        masks = masksOf(run)
        truth = {frame: np.roll(mask, 4, axis=1) for frame, mask in masks.items()}
        self.ui.overlayComboBox.currentIndex = 4
        self.assertIn("reference", self.errors.pop())
        self.parameters.reference = addReference(run, truth, "grader")
        node = slicer.mrmlScene.GetNodeByID(compositeNode().GetForegroundVolumeID())
        values = slicer.util.arrayFromVolume(node)[0]
        for value, color, where in (
            (1, (1, 1, 0), masks[0] & truth[0]),
            (2, (1, 0, 1), masks[0] & ~truth[0]),
            (3, (0, 1, 1), ~masks[0] & truth[0]),
        ):
            np.testing.assert_array_equal(values == value, where)
            rgba = [0.0] * 4
            node.GetDisplayNode().GetColorNode().GetColor(value, rgba)
            self.assertEqual(tuple(rgba[:3]), color)
        self.ui.measureButton.click()
        table = self.ui.metricsTable.mrmlTableNode()
        dsc = slicer.util.arrayFromTableColumn(table, "dsc with reference")
        np.testing.assert_allclose(dsc, [frame_scores(masks[n], truth[n])["dsc"] for n in range(FRAMES)], atol=1e-4)
        self.assertIn("With the reference: DSC", self.ui.summaryLabel.text)
        self.assertEqual(slicer.app.layoutManager().plotViewCount, 1)
        self.assertEqual(self.errors, [])
        self.screenshot("tavi_agreement")


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


class AngulationTest(PanelTestCase):
    @slow
    def test_a_click_on_the_curve_plans_a_view_on_the_valves_edge(self):
        import qt

        from CorrespondCoreLib import mrml
        from TAVIFusionLib.angulation import cusp_overlap_view, foreshortening_deg, s_curve, valve_normal

        nadirs = np.array([(12.0, -10, 4), (-10.0, -14, 0), (0.0, 10, -6)])
        self.addRun()
        self.assertFalse(self.ui.sCurveButton.enabled)
        markups = mrml.markups_from_points(nadirs[[2, 0, 1]], "nadirs", ["N", "L", "R"])
        self.parameters.nadirs = markups
        self.ui.angulationCollapsibleButton.collapsed = False
        self.addCleanup(lambda: setattr(self.ui.angulationCollapsibleButton, "collapsed", True))
        self.ui.cuspOverlapButton.click()
        expected = cusp_overlap_view(nadirs)
        self.assertAlmostEqual(self.parameters.plannedPrimaryDeg, expected[0], delta=0.06)
        self.assertAlmostEqual(self.parameters.plannedSecondaryDeg, expected[1], delta=0.06)
        self.assertIn("0° off the edge", self.ui.angulationLabel.text)
        self.ui.sCurveButton.click()
        self.screenshot("tavi_s_curve")
        view = slicer.app.layoutManager().plotWidget(0).plotView()
        primary = 25.0
        secondary = float(s_curve(valve_normal(nadirs), np.array([primary]))[0])
        chart = view.chart()
        place = []
        for axis, value in ((chart.GetAxis(1), primary), (chart.GetAxis(0), secondary)):
            direction = 0 if axis is chart.GetAxis(1) else 1
            part = (value - axis.GetMinimum()) / (axis.GetMaximum() - axis.GetMinimum())
            start, end = axis.GetPoint1()[direction], axis.GetPoint2()[direction]
            place.append(start + part * (end - start))
        position = qt.QPointF(place[0], view.height - 1 - place[1])
        for kind in (qt.QEvent.MouseButtonPress, qt.QEvent.MouseButtonRelease):
            event = qt.QMouseEvent(kind, position, qt.Qt.LeftButton, qt.Qt.LeftButton, qt.Qt.NoModifier)
            qt.QApplication.sendEvent(view, event)
        self.assertAlmostEqual(self.parameters.plannedPrimaryDeg, primary, delta=1.01)
        planned = (self.parameters.plannedPrimaryDeg, self.parameters.plannedSecondaryDeg)
        self.assertLess(foreshortening_deg(planned, valve_normal(nadirs)), 0.2)
        self.ui.plannedPrimarySlider.value = -30
        planned = (self.parameters.plannedPrimaryDeg, self.parameters.plannedSecondaryDeg)
        self.assertEqual(planned[0], -30)
        self.assertLess(foreshortening_deg(planned, valve_normal(nadirs)), 0.2)
        markups.RemoveNthControlPoint(0)
        self.assertFalse(self.ui.sCurveButton.enabled)
        self.assertEqual(self.errors, [])


class ExportTest(WorkTestCase):
    @slow
    def test_pictures_tables_and_text_to_paste(self):
        import qt

        self.addMovingRun()
        self.ui.measureButton.click()
        self.useFilter()
        with tempfile.TemporaryDirectory(prefix="tavi é ") as folder:
            self.ui.exportFolderPathLineEdit.currentPath = folder
            for button in (self.ui.exportPicturesButton, self.ui.exportPosesButton, self.ui.exportTablesButton):
                self.assertTrue(button.enabled)
                button.click()
            self.assertEqual(self.errors, [])
            pictures = sorted(path.name for path in (Path(folder) / "Run overlay").glob("frame_*.png"))
            self.assertEqual(len(pictures), FRAMES)
            self.assertTrue((Path(folder) / "Run poses.tfm").is_file())
            self.assertIn("dsc with model", next(Path(folder).glob("Measures*.csv")).read_text(encoding="utf-8"))
            self.ui.copyCommandButton.click()
            command = qt.QApplication.clipboard().text()
            self.assertIn("tavi segment", command)
            self.assertTrue((Path(folder) / "Run" / "run.dcm").is_file())
        self.ui.copyPythonButton.click()
        code = qt.QApplication.clipboard().text()
        scope = {"slicer": slicer}
        with mock.patch("TAVIFusion.TAVIFusionLogic.segment") as segment:
            exec(code, scope)
        self.assertEqual(segment.call_args.kwargs["method"], "vesselness")
        self.assertIs(segment.call_args.args[0], self.parameters.run)


class SampleTest(PanelTestCase):
    @slow
    def test_the_modules_own_self_test(self):
        import TAVIFusion

        TAVIFusion.TAVIFusionTest().runTest()

    @slow
    def test_the_documented_example_runs(self):
        import TAVIFusion
        from TAVIFusionFace.results import masksOf

        code = TAVIFusion.TAVIFusionLogic.__doc__.split("\n\n")[1]
        scope = {"TAVIFusion": TAVIFusion}
        self.assertIn("loadSampleData()", code)
        exec(textwrap.dedent(code).replace("loadSampleData()", "loadSampleData(frames=20, pixels=256)"), scope)
        self.assertEqual(len(scope["sample"].runs), 2)
        self.assertEqual(len(masksOf(scope["sample"].runs[0])), 20)
        self.assertEqual(len(scope["results"].report["frames"]), 20)  # the last work was the tracking

    @slow
    def test_the_sample_patient_in_the_sample_data_module_and_its_aorta_from_the_cta(self):
        import SampleData

        from CorrespondCoreLib import mrml
        from TAVIFusion import registerSampleData
        from TAVIFusionFace.model_nodes import meshOf
        from TAVIFusionFace.sample_data import SAMPLE_NAME

        registerSampleData()
        sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Correspond")
        (source,) = (found for found in sources if found.sampleName == SAMPLE_NAME)
        small = functools.partial(self.widget.logic.startSampleData, frames=2, pixels=256)
        with mock.patch("TAVIFusion.TAVIFusionLogic.startSampleData", small):
            source.customDownloader(source)
        cta = slicer.util.getNode("Phantom CTA")
        points, labels = mrml.points_from_markups(slicer.util.getNode("Phantom landmarks"))
        self.parameters.cta = cta
        self.parameters.seed = mrml.markups_from_points(points[[labels.index("junction")]], "seed")
        self.ui.aortaButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        grown, true = meshOf(self.parameters.model), meshOf(slicer.util.getNode("Phantom aorta"))
        self.assertTrue(grown.closed)
        distance, _nearest = cKDTree(true.points_mm).query(grown.points_mm)
        self.assertLess(np.percentile(distance, 90), 4)
        self.assertGreater(np.ptp(grown.points_mm[:, 2]), 100)


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
