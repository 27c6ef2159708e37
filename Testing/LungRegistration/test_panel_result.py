"""The result in the scene: moving data land on the fixed image, in memory and after saving; tables, plots, legend, provenance."""

import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from Testing.LungRegistration.panel import PanelTestCase, phantom, request, resultFolder

import slicer  # isort: skip
from LungRegistrationFace.result_loading import loadResult  # isort: skip


def points(node):
    """Points of a landmark list as they appear in the world."""
    return slicer.util.arrayFromMarkupsControlPoints(node, world=True)


class ResultTest(PanelTestCase):
    def landing_error(self, pair):
        """Mean distance (mm) of the moving landmarks, as they appear in the scene, to the fixed landmarks."""
        return np.linalg.norm(points(pair.movingLandmarks) - points(pair.fixedLandmarks), axis=1).mean()

    def place(self, pair, result):
        self.widget.logic.placeMovingData(result, request(pair))

    def test_the_transform_is_named_and_lies_in_a_folder_with_its_results(self):
        _, result = self.showResult()
        self.assertEqual(result.transform.GetName(), "Phantom expiration to Phantom inspiration")
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        self.assertEqual(hierarchy.GetItemName(result.folder), result.transform.GetName())
        for node in result.nodes():
            self.assertEqual(hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)), result.folder, node.GetName())

    def test_lungs_that_were_found_can_be_looked_at_and_given_the_next_time(self):
        pair = self.choosePhantom()
        with tempfile.TemporaryDirectory() as folder:
            shutil.copytree(resultFolder(), folder, dirs_exist_ok=True)
            for role, mask in (("fixed", phantom().fixed_mask), ("moving", phantom().moving_mask)):
                sitk.WriteImage(mask, str(Path(folder) / f"{role}_lungs.nrrd"))
            asked = request(pair)
            result = loadResult(Path(folder), asked, asked.pairs())
        self.assertIn(result.fixedLungs, result.nodes())
        self.assertEqual(result.movingLungs.GetName(), f"Lungs found in {pair.moving.GetName()} ({result.name})")
        segment = result.movingLungs.GetSegmentation().GetNthSegmentID(0)
        inside = slicer.util.arrayFromSegmentBinaryLabelmap(result.movingLungs, segment, pair.moving)
        np.testing.assert_array_equal(inside, sitk.GetArrayViewFromImage(phantom().moving_mask) > 0)
        asked.fixedMask, asked.movingMask = (result.fixedLungs, segment), (result.movingLungs, segment)
        self.assertEqual(asked.missing(), "")

    def test_moving_data_placed_under_the_transform_land_on_the_fixed_image(self):
        pair, result = self.showResult()
        before = self.landing_error(pair)
        self.place(pair, result)
        after = self.landing_error(pair)
        self.assertLess(after, before / 2)
        # the errors are measured in the moving image, the landing in the fixed image, where distances differ by the volume change
        self.assertAlmostEqual(after, result.report["tre_mm"]["after"]["mean"], delta=1.5)
        for node in (pair.moving, pair.movingLobes):
            self.assertEqual(node.GetTransformNodeID(), result.transform.GetID())
        self.assertGreater(self.overlap(pair), 0.9)

    def overlap(self, pair):
        """Dice of the fixed lungs and the moving lungs as they appear in the scene."""
        copy = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
        copy.Copy(pair.movingLobes)
        copy.HardenTransform()
        a = slicer.util.arrayFromVolume(pair.fixed) * 0
        b = a.copy()
        for i in pair.fixedLobes.GetSegmentation().GetSegmentIDs():
            a |= slicer.util.arrayFromSegmentBinaryLabelmap(pair.fixedLobes, i, pair.fixed)
            b |= slicer.util.arrayFromSegmentBinaryLabelmap(copy, i, pair.fixed)
        slicer.mrmlScene.RemoveNode(copy)
        return 2 * (a & b).sum() / (a.sum() + b.sum())

    def test_a_transform_that_was_there_stays_in_effect_and_comes_back(self):
        from LungRegistrationFace.placement import place, takeOut

        pair, result = self.showResult()
        expected = self.landing_of_shifted(pair, result)
        shift = self.shift(3, 4, 5)
        pair.movingLandmarks.SetAndObserveTransformNodeID(shift.GetID())
        place(pair.movingLandmarks, result)
        np.testing.assert_allclose(points(pair.movingLandmarks), expected, atol=0.01)
        takeOut(pair.movingLandmarks)
        self.assertEqual(pair.movingLandmarks.GetTransformNodeID(), shift.GetID())

    def landing_of_shifted(self, pair, result):
        copy = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode")
        slicer.util.updateMarkupsControlPointsFromArray(copy, points(pair.movingLandmarks) + [3, 4, 5])
        copy.SetAndObserveTransformNodeID(result.transform.GetID())
        return points(copy)

    def test_registering_again_takes_the_moving_image_where_it_was(self):
        from LungRegistrationFace.world import worldImage, worldPoints

        pair, result = self.showResult()
        image, (landmarks_mm, _) = worldImage(pair.moving), worldPoints(pair.movingLandmarks)
        self.place(pair, result)
        self.assertEqual(worldImage(pair.moving).GetOrigin(), image.GetOrigin())
        np.testing.assert_array_equal(worldPoints(pair.movingLandmarks)[0], landmarks_mm)
        self.assertEqual(pair.moving.GetTransformNodeID(), result.transform.GetID())

    def test_landmark_table_agrees_with_the_report(self):
        _, result = self.showResult()
        for name, moment in (("Before (mm)", "before"), ("After (mm)", "after")):
            errors = slicer.util.arrayFromTableColumn(result.landmarkTable, name)
            self.assertEqual(len(errors), len(phantom().fixed_landmarks_mm))
            self.assertAlmostEqual(errors.mean(), result.report["tre_mm"][moment]["mean"], delta=0.02)

    def test_volume_change_table_is_the_statistics_of_the_map(self):
        pair, result = self.showResult()
        jacobian = slicer.util.arrayFromVolume(result.jacobian)
        ids = pair.fixedLobes.GetSegmentation().GetSegmentIDs()
        self.assertEqual(result.volumeChangeTable.GetNumberOfRows(), len(ids))
        for row, segment in enumerate(ids):
            values = jacobian[slicer.util.arrayFromSegmentBinaryLabelmap(pair.fixedLobes, segment, result.jacobian) > 0]
            expected = [values.mean(), values.std(), values.min(), values.max(), 0, 100 * (values.mean() - 1)]
            found = [
                slicer.util.arrayFromTableColumn(result.volumeChangeTable, c)[row]
                for c in ("Mean", "SD", "Min", "Max", "Folding (%)", "Change (%)")
            ]
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)

    def test_a_segmentation_of_something_else_does_not_lose_the_result(self):
        pair = self.choosePhantom()
        pair.movingLobes.SetAndObserveTransformNodeID(self.shift(0, 0, 5000).GetID())
        asked = request(pair)
        result = loadResult(resultFolder(), asked, asked.pairs(), statisticsSegmentation=pair.movingLobes)
        self.assertRegex(result.notes[0], "no segment on the fixed image")
        self.assertEqual(result.volumeChangeTable.GetCellText(0, 0), "lung")

    def test_without_a_segmentation_the_lungs_of_the_registration_are_measured(self):
        from LungRegistrationFace.volume_change import reportedVolumeChange

        _, result = self.showResult()
        reportedVolumeChange(result)
        self.assertEqual(result.volumeChangeTable.GetCellText(0, 0), "lung")
        mean = slicer.util.arrayFromTableColumn(result.volumeChangeTable, "Mean")[0]
        self.assertAlmostEqual(mean, result.report["jacobian"]["lung"]["mean"], places=5)

    def test_jacobian_window_is_symmetric_about_one_and_has_a_legend(self):
        _, result = self.showResult()
        display = result.jacobian.GetDisplayNode()
        self.assertAlmostEqual(display.GetLevel(), 1)
        colors = display.GetColorNode().GetLookupTable()
        low, middle, high = (colors.GetTableValue(i) for i in (0, 127, 255))
        self.assertGreater(min(middle[:3]), 0.9)
        self.assertGreater(low[2], low[0])
        self.assertGreater(high[0], high[2])
        legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(result.jacobian)
        self.assertEqual(legend.GetTitleText(), "det J")

    def test_every_node_says_how_it_was_made(self):
        _, result = self.showResult()
        for node in result.nodes():
            self.assertEqual(node.GetAttribute("Correspond.Method"), "search", node.GetName())
            self.assertIn("torch", node.GetAttribute("Correspond.Versions"))
            self.assertIn("research use only", node.GetAttribute("Correspond.Statement"))

    def test_two_results_have_two_names(self):
        pair, first = self.showResult()
        second = loadResult(resultFolder(), request(pair), None)
        self.assertNotEqual(first.transform.GetName(), second.transform.GetName())
        self.assertEqual(second.landmarkTable, None)

    def test_saving_and_opening_the_scene_brings_everything_back(self):
        pair, result = self.showResult()
        self.place(pair, result)
        landed, summary = points(pair.movingLandmarks), self.ui.summaryLabel.text
        tables = {
            role: self.cells(getattr(result, role))
            for role in ("landmarkTable", "landmarkCurve", "volumeChangeTable", "histogram")
        }
        window = result.jacobian.GetDisplayNode().GetWindow()
        self.ui.jacobianModeButton.click()
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "result é.mrb"
            self.assertTrue(slicer.util.saveScene(str(file)))
            slicer.mrmlScene.Clear()
            self.assertEqual(self.ui.summaryLabel.text, "")
            slicer.util.loadScene(str(file))
        result = self.widget.inspect.result
        self.assertEqual(self.ui.summaryLabel.text, summary)
        self.assertEqual(self.ui.landmarkTable.rowCount, len(landed))
        # Slicer interpolates transforms from files by cubic splines
        np.testing.assert_allclose(points(slicer.util.getNode("Landmarks expiration")), landed, atol=0.05)
        for role, cells in tables.items():
            np.testing.assert_allclose(self.cells(getattr(result, role)), cells, rtol=1e-3, atol=1e-3)
        self.assertEqual(result.landmarkChart.GetNumberOfPlotSeriesNodes(), 2)
        self.assertEqual(result.landmarkSeriesAfter.GetTableNode(), result.landmarkCurve)
        self.assertEqual(result.histogramChart.GetNumberOfPlotSeriesNodes(), 1)
        self.assertAlmostEqual(result.jacobian.GetDisplayNode().GetWindow(), window)
        self.assertEqual(result.jacobian.GetDisplayNode().GetColorNode().GetName(), "Volume change (Jacobian determinant)")
        self.assertTrue(slicer.modules.colors.logic().GetColorLegendDisplayNode(result.jacobian).GetVisibility())
        self.assertIn("<html", result.reportPage.GetText())
        self.assertEqual(result.report["method"], "search")
        self.ui.checkerboardModeButton.click()
        self.screenshot("reopened")

    @staticmethod
    def cells(table):
        """The numbers of a table node."""
        from LungRegistrationFace.tables import tableColumns

        return [values for name, values in tableColumns(table).items() if name not in ("Landmark", "Segment")]


if __name__ == "__main__":
    unittest.main()
