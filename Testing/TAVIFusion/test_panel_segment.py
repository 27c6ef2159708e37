"""The fusion panel, clicked: frames are segmented, corrected, compared."""

from unittest import mock

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import FRAMES, WorkTestCase, arm, poses, tube

import slicer  # isort: skip


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
