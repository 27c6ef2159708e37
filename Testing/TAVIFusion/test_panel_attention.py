"""The fusion panel, clicked: where the network looked, over the frame; offered only where a network has segmented."""

import os
import tempfile
from unittest import mock

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import PanelTestCase, arm, tube

import slicer  # isort: skip


class AttentionTest(PanelTestCase):
    def test_it_is_not_offered_where_no_network_looked(self):
        from TAVIFusionFace.annotation import setComputed
        from TAVIFusionFace.results import resultsOf
        from TAVIFusionLib.silhouette import silhouette

        run = self.addRun()
        self.assertFalse(self.ui.attentionButton.enabled)
        setComputed(run, {0: silhouette(tube(), arm())})
        resultsOf(run).masks.SetAttribute("Correspond.Method", "vesselness (no network)")
        self.widget.onParametersModified()
        self.assertFalse(self.ui.attentionButton.enabled)
        self.assertIn("trained network first", self.ui.attentionButton.toolTip)

    @slow
    def test_the_map_lies_over_the_frame_with_its_legend(self):
        from CorrespondCoreLib.models import ModelStore
        from TAVIFusionFace.attention import attentionOfFrame
        from TAVIFusionFace.frame_layout import compositeNode
        from TAVIFusionFace.overlay_volumes import legendOf
        from Testing.TAVIFusion.frame_examples import small_model

        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with mock.patch.dict(os.environ, {"CORRESPOND_MODELS": folder.name}):
            small_model("Small net", ModelStore(), steps=60)
            run = self.addRun()
            self.ui.framesComboBox.currentIndex = 0
            self.ui.applyButton.click()
            self.waitUntilDone()
            self.assertTrue(self.ui.attentionButton.enabled)
            self.ui.attentionButton.click()
            self.waitUntilDone()
            self.assertEqual(self.errors, [])
            self.ui.frameSlider.value = 2
            self.assertFalse(self.ui.attentionButton.enabled)  # this frame was not segmented
            self.ui.frameSlider.value = 1
        found = attentionOfFrame(run, 0)
        self.assertEqual(float(found.max()), 1.0)
        self.assertEqual(self.ui.overlayComboBox.currentText, "Where the network looked (Grad-CAM)")
        over = slicer.mrmlScene.GetNodeByID(compositeNode().GetForegroundVolumeID())
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(over)[0], found)
        self.assertTrue(legendOf(over).GetVisibility())
        self.ui.inspectCollapsibleButton.collapsed = False
        self.screenshot("tavi_attention")
        self.ui.overlayComboBox.currentIndex = 3
        self.assertFalse(legendOf(over).GetVisibility())
