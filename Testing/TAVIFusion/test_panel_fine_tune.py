"""The fusion panel, clicked: frames drawn by hand, what they are protected from, and the network that is trained on them."""

import os
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import PanelTestCase, arm, tube

import slicer  # isort: skip


def vessel():
    """(rows, columns) bool: where the vessel is in each frame of the run."""
    from TAVIFusionLib.silhouette import silhouette

    return silhouette(tube(), arm())


class FineTuneTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        models = mock.patch.dict(os.environ, {"CORRESPOND_MODELS": folder.name})
        models.start()
        self.addCleanup(models.stop)

    def draw(self, frame, mask):
        """Draw in the frame that is then shown, as the Segment Editor does."""
        from TAVIFusionFace.annotation import ensureMask
        from TAVIFusionFace.results import SEGMENT, resultsOf
        from TAVIFusionFace.run_nodes import proxyOf

        run = self.parameters.run
        self.ui.frameSlider.value = frame + 1
        ensureMask(run, frame)
        proxy = resultsOf(run).maskProxy
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask[None].astype(np.uint8), proxy, SEGMENT, proxyOf(run))

    def test_frames_that_were_drawn_are_known_and_kept(self):
        from TAVIFusionFace.annotation import drawnFrames, setComputed
        from TAVIFusionFace.results import maskedFrames, maskOfFrame

        run, mask = self.addRun(), vessel()
        setComputed(run, {1: mask})
        self.draw(3, mask)
        for frame in range(5):
            self.ui.frameSlider.value = frame + 1
        self.assertEqual(maskedFrames(run), [1, 3])  # a frame that was passed gets no mask of its neighbor
        self.assertEqual(drawnFrames(run), [3])
        self.widget.enter()
        self.assertIn("1 frames drawn (4)", self.ui.drawnLabel.text)
        self.ui.frameSlider.value = 2
        self.assertFalse(self.ui.drawnCheckBox.checked)
        self.ui.drawnCheckBox.click()
        self.assertEqual(drawnFrames(run), [1, 3])
        self.ui.frameSlider.value = 4
        self.assertTrue(self.ui.drawnCheckBox.checked)
        self.ui.drawnCheckBox.click()
        self.assertEqual(drawnFrames(run), [1])
        setComputed(run, {1: ~mask})
        self.assertEqual(drawnFrames(run), [])
        np.testing.assert_array_equal(maskOfFrame(run, 1), ~mask)
        self.assertIn("network", self.ui.fineTuneButton.toolTip)

    @slow
    def test_a_network_is_trained_on_drawn_frames_and_is_then_chosen(self):
        from CorrespondCoreLib.models import ModelStore
        from Testing.TAVIFusion.frame_examples import small_model

        small_model("Small net", ModelStore(), steps=60)
        self.addRun()
        for frame in range(4):
            self.draw(frame, vessel())
        self.widget.enter()
        self.ui.fineTuneGroupBox.collapsed = False
        self.addCleanup(lambda: setattr(self.ui.fineTuneGroupBox, "collapsed", True))
        self.assertIn("Small net", self.ui.methodLabel.text)
        self.ui.fineTuneStepsSpinBox.value = 100
        self.ui.fineTuneButton.click()
        self.assertTrue(self.ui.fineTuneCancelButton.enabled)
        self.ui.fineTuneCancelButton.click()
        self.waitUntilDone()
        self.assertEqual([model.id for model in ModelStore().available()[0]], ["small-net"])
        with tempfile.TemporaryDirectory() as folder:
            self.ui.fineTuneFolderPathLineEdit.currentPath = folder
            self.addCleanup(lambda: setattr(self.ui.fineTuneFolderPathLineEdit, "currentPath", ""))
            self.ui.fineTuneButton.click()
            self.waitUntilDone()
            self.assertEqual([path.parent.name for path in Path(folder).rglob("masks.nrrd")], ["Run"])
        self.assertEqual(self.errors, [])
        self.assertEqual(self.parameters.network, "small-net-fine-tuned")
        self.assertIn("other frames of the same patients", self.ui.fineTuneLabel.text)
        self.assertIn("fine-tuned", self.ui.networkComboBox.currentText)
        self.assertFalse(self.ui.fineTuneCurveFrame.isHidden())
        for button in (self.ui.runCollapsibleButton, self.ui.geometryCollapsibleButton, self.ui.modelCollapsibleButton):
            button.collapsed = True
            self.addCleanup(lambda button=button: setattr(button, "collapsed", False))
        self.screenshot("tavi_fine_tuned")
        before = {frame: mask.sum() for frame, mask in self.masks().items()}
        self.ui.applyButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertIn("stay as they are (frames 1, 2, 3, 4)", self.ui.statusLabel.text)
        self.assertEqual({frame: mask.sum() for frame, mask in self.masks().items() if frame in before}, before)

    def masks(self):
        from TAVIFusionFace.results import masksOf

        return masksOf(self.parameters.run)
