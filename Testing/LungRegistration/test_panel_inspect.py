"""The Inspect section: every button is clicked, the views show what it says, and a picture of each is kept."""

import unittest

import numpy as np
import vtk
from vtk.util.numpy_support import vtk_to_numpy

from Testing import host
from Testing.LungRegistration.panel import PanelTestCase

import qt  # isort: skip
import slicer  # isort: skip


def composite(view="Red"):
    return slicer.app.layoutManager().sliceWidget(view).mrmlSliceCompositeNode()


def background(view="Red"):
    return slicer.mrmlScene.GetNodeByID(composite(view).GetBackgroundVolumeID() or "")


def foreground(view="Red"):
    return slicer.mrmlScene.GetNodeByID(composite(view).GetForegroundVolumeID() or "")


class InspectTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        self.pair, self.result = self.showResult()
        self.addCleanup(self.widget.inspect.rest)

    def picture(self, view="Red"):
        """Gray values of what a slice view draws."""
        slicer.app.processEvents()
        slicer.util.forceRenderAllViews()
        window = slicer.app.layoutManager().sliceWidget(view).sliceView().renderWindow()
        pixels = vtk.vtkUnsignedCharArray()
        width, height = window.GetSize()
        window.GetPixelData(0, 0, width - 1, height - 1, 1, pixels, 0)
        return vtk_to_numpy(pixels).astype(float)

    def test_a_new_scene_starts_with_the_blend(self):
        """Another mode, another layout and "before" were of the scene that went."""
        manager = slicer.app.layoutManager()
        layout = manager.layout
        self.ui.differenceModeButton.click()
        self.ui.compareButton.click()
        self.ui.beforeButton.click()
        slicer.mrmlScene.Clear()
        self.assertEqual(manager.layout, layout)
        self.assertFalse(self.ui.compareButton.checked or self.ui.beforeButton.checked)
        self.assertTrue(self.ui.blendModeButton.checked)
        _pair, result = self.showResult()
        self.ui.plotLandmarksButton.click()
        self.ui.plotLandmarksButton.click()
        self.widget.inspect.showMode("blend")
        self.assertIs(foreground(), result.warped)

    def test_blend(self):
        self.ui.blendModeButton.click()
        self.assertIs(background(), self.pair.fixed)
        self.assertIs(foreground(), self.result.warped)
        self.ui.blendSlider.value = 0
        fixed = self.picture()
        self.ui.blendSlider.value = 1
        self.assertEqual(composite().GetForegroundOpacity(), 1)
        warped = self.picture()
        self.ui.blendSlider.value = 0.5
        self.assertGreater(np.abs(fixed - warped).mean(), 1)
        np.testing.assert_allclose(self.picture().mean(), (fixed.mean() + warped.mean()) / 2, atol=2)
        self.screenshot("blend")
        self.ui.beforeButton.click()
        self.assertEqual(foreground().GetName(), "Before registration")
        self.screenshot("blend_before")
        self.ui.beforeButton.click()
        self.assertIs(foreground(), self.result.warped)

    def test_checkerboard(self):
        self.ui.checkerboardModeButton.click()
        board = slicer.util.arrayFromVolume(background())
        fixed, warped = slicer.util.arrayFromVolume(self.pair.fixed), slicer.util.arrayFromVolume(self.result.warped)
        self.assertTrue(np.all((board == fixed) | (board == warped)))
        different = fixed != warped
        self.assertAlmostEqual((board == fixed)[different].mean(), 0.5, delta=0.1)
        self.screenshot("checkerboard")

    def test_difference(self):
        self.ui.differenceModeButton.click()
        after = slicer.util.arrayFromVolume(background()).copy()
        fixed, warped = slicer.util.arrayFromVolume(self.pair.fixed), slicer.util.arrayFromVolume(self.result.warped)
        np.testing.assert_array_equal(after, warped.astype(float) - fixed)
        self.screenshot("difference")
        self.ui.beforeButton.click()
        before = slicer.util.arrayFromVolume(background())
        self.ui.beforeButton.click()
        self.assertLess(np.abs(after).mean(), np.abs(before).mean())

    def test_flicker(self):
        self.ui.flickerModeButton.click()
        seen = set()
        host.wait(lambda: seen.add(composite().GetForegroundOpacity()) or seen == {0, 1}, 5)
        self.ui.blendModeButton.click()
        self.assertEqual(composite().GetForegroundOpacity(), self.ui.blendSlider.value)

    def test_jacobian_with_legend(self):
        self.ui.jacobianModeButton.click()
        self.assertIs(foreground(), self.result.jacobian)
        legend = slicer.modules.colors.logic().GetColorLegendDisplayNode(self.result.jacobian)
        self.assertTrue(legend.GetVisibility())
        self.screenshot("jacobian")
        self.ui.blendModeButton.click()
        self.assertFalse(legend.GetVisibility())

    def test_displacement_as_grid_and_arrows(self):
        self.ui.blendModeButton.click()
        plain = self.picture()
        for choice in ("Grid", "Arrows"):
            self.ui.displacementComboBox.currentText = choice
            self.assertGreater(np.mean(self.picture() != plain), 0.005, choice)
            self.screenshot(f"displacement_{choice.lower()}")
        self.ui.displacementComboBox.currentText = "Off"
        np.testing.assert_array_equal(self.picture(), plain)

    def test_compare_side_by_side_and_back(self):
        layout = slicer.app.layoutManager().layout
        self.ui.compareButton.click()
        self.assertIs(background("Red"), self.pair.fixed)
        self.assertIs(background("Red+"), self.result.warped)
        self.ui.beforeButton.click()
        self.assertEqual(background("Yellow+").GetName(), "Before registration")
        self.ui.beforeButton.click()
        slicer.app.processEvents()
        upper, lower = (slicer.app.layoutManager().sliceWidget(v).mrmlSliceNode().GetFieldOfView() for v in ("Green", "Green+"))
        np.testing.assert_allclose(upper, lower, rtol=0.02)
        self.screenshot("compare")
        self.ui.compareButton.click()
        self.assertEqual(slicer.app.layoutManager().layout, layout)

    def test_a_click_on_a_landmark_goes_there_in_all_views(self):
        self.ui.landmarkErrorsGroupBox.collapsed = False
        table = self.ui.landmarkTable
        table.setCurrentCell(7, 0)
        landmarks = self.pair.fixedLandmarks
        labels = [landmarks.GetNthControlPointLabel(i) for i in range(landmarks.GetNumberOfControlPoints())]
        there = landmarks.GetNthControlPointPosition(labels.index(table.item(7, 0).text()))
        for view, axis in (("Red", 2), ("Yellow", 0), ("Green", 1)):
            plane = slicer.app.layoutManager().sliceWidget(view).mrmlSliceNode().GetSliceToRAS()
            self.assertAlmostEqual(plane.GetElement(axis, 3), there[axis], delta=0.01, msg=view)
        camera = slicer.util.getNodesByClass("vtkMRMLCameraNode")[0]
        np.testing.assert_allclose(camera.GetFocalPoint(), there, atol=0.01)
        self.assertTrue(landmarks.GetDisplayNode().GetVisibility())
        self.screenshot("landmarks")

    def test_landmarks_sort_by_error(self):
        self.ui.landmarkErrorsGroupBox.collapsed = False
        table = self.ui.landmarkTable
        table.sortItems(2, qt.Qt.DescendingOrder)
        errors = [float(table.item(row, 2).text()) for row in range(table.rowCount)]
        self.assertEqual(errors, sorted(errors, reverse=True))
        self.screenshot("landmarks_sorted")
        table.sortItems(0, qt.Qt.AscendingOrder)

    def test_plots(self):
        layout = slicer.app.layoutManager().layout
        self.ui.landmarkErrorsGroupBox.collapsed = False
        self.ui.volumeChangeGroupBox.collapsed = False
        selection = slicer.app.applicationLogic().GetSelectionNode()
        self.ui.plotLandmarksButton.click()
        self.assertEqual(selection.GetActivePlotChartID(), self.result.landmarkChart.GetID())
        self.screenshot("plot_landmarks")
        self.ui.jacobianModeButton.click()
        self.assertTrue(self.ui.plotLandmarksButton.checked)
        self.ui.plotHistogramButton.click()
        self.assertEqual(selection.GetActivePlotChartID(), self.result.histogramChart.GetID())
        self.screenshot("plot_histogram")
        self.assertFalse(self.ui.plotLandmarksButton.checked)
        self.ui.plotHistogramButton.click()
        self.assertEqual(slicer.app.layoutManager().layout, layout)

    def test_measuring_again_with_other_landmarks_and_segments(self):
        self.ui.landmarkErrorsGroupBox.collapsed = self.ui.volumeChangeGroupBox.collapsed = False
        for _ in range(100):
            self.pair.fixedLandmarks.RemoveNthControlPoint(0)
        self.ui.updateLandmarksButton.click()
        self.assertEqual(self.ui.landmarkTable.rowCount, 200)
        self.assertIn("200 landmarks", self.ui.summaryLabel.text)
        one = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "one lobe")
        one.GetSegmentation().CopySegmentFromSegmentation(self.pair.fixedLobes.GetSegmentation(), "left_lower_lobe")
        one.GetSegmentation().AddEmptySegment("nothing", "nothing")
        self.ui.statisticsSegmentationSelector.setCurrentNode(one)
        self.ui.updateVolumeChangeButton.click()
        self.assertEqual(self.ui.volumeChangeTable.rowCount, 1)
        self.assertEqual(self.ui.volumeChangeTable.item(0, 0).text(), "left lower lobe")
        self.assertRegex(self.errors[0], '"nothing" of "one lobe"')
        self.screenshot("volume_change")

    def test_helper_volumes_are_neither_offered_nor_saved(self):
        self.ui.checkerboardModeButton.click()
        helper = background()
        self.assertFalse(helper.GetSaveWithScene())
        names = [self.ui.fixedVolumeSelector.nodeFromIndex(i).GetName() for i in range(self.ui.fixedVolumeSelector.nodeCount())]
        self.assertNotIn(helper.GetName(), names)

    def test_deleting_the_result_empties_the_section(self):
        slicer.mrmlScene.RemoveNode(self.result.transform)
        self.assertEqual(self.ui.summaryLabel.text, "")
        self.assertEqual(self.ui.landmarkTable.rowCount, 0)
        self.assertFalse(self.ui.blendModeButton.enabled)
        self.assertFalse(self.ui.exportH5Button.enabled)

    def test_deleting_the_warped_image_leaves_what_can_be_shown(self):
        slicer.mrmlScene.RemoveNode(self.result.warped)
        slicer.mrmlScene.RemoveNode(self.result.jacobian)
        self.parameters.blend = 0.4
        self.assertFalse(self.ui.jacobianModeButton.enabled)
        slicer.mrmlScene.RemoveNode(self.pair.fixed)
        self.parameters.blend = 0.3
        self.assertFalse(self.ui.blendModeButton.enabled)


if __name__ == "__main__":
    unittest.main()
