"""A real pair through the panel, with the default settings, as a user does it: load, choose, Apply, look at everything, save."""

import tempfile
import unittest
from pathlib import Path

import numpy as np

from Testing.data import real_data
from Testing.LungRegistration.panel import PanelTestCase
from Testing.marks import slow

import slicer  # isort: skip


class RealPairTest(PanelTestCase):
    def load(self):
        """The pair, its lung masks and its landmarks, from files."""
        from CorrespondCoreLib import mrml
        from LungRegistrationLib.formats.landmarks import read_landmarks

        folder = real_data("lung/elastix")
        for role, scan in (("fixed", "baseline"), ("moving", "followup")):
            volume = slicer.util.loadVolume(str(folder / f"3DCT_lung_{scan}.mha"))
            volume.GetDisplayNode().AutoWindowLevelOff()
            volume.GetDisplayNode().SetWindowLevel(1400, -500)
            labels = slicer.util.loadLabelVolume(str(folder / f"3DCT_lung_{scan}_mask.mha"))
            segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"right lung {scan}")
            slicer.modules.segmentations.logic().ImportLabelmapToSegmentationNode(labels, segmentation)
            segmentation.CreateDefaultDisplayNodes()
            segmentation.GetDisplayNode().SetVisibility(False)
            slicer.mrmlScene.RemoveNode(labels)
            setattr(self.parameters, f"{role}Volume", volume)
            setattr(self.parameters, f"{role}MaskSegmentation", segmentation)
        points = read_landmarks(folder / "landmarks_lps_mm.csv")
        self.parameters.fixedLandmarks = mrml.markups_from_points(points[0], "landmarks baseline")
        self.parameters.movingLandmarks = mrml.markups_from_points(points[1], "landmarks followup")
        slicer.util.setSliceViewerLayers(background=self.parameters.fixedVolume, fit=True)

    @slow
    def test_register_inspect_save_and_open(self):
        self.load()
        self.assertEqual(self.ui.landmarkCheckLabel.text, "25 pairs, matched by label.")
        self.ui.placeMovingCheckBox.click()
        self.ui.applyButton.click()
        self.waitUntilDone(600)
        self.assertEqual(self.errors, [])
        result = self.widget.inspect.result
        after = slicer.util.arrayFromTableColumn(result.landmarkTable, "After (mm)")
        self.assertLess(after.mean(), 1.15)
        self.assertLess(after.max(), 3)
        self.assertEqual(result.report["folding_percent"]["everywhere"], 0)
        self.assertLess(self.landing_error(), 1.3)
        self.look()
        self.save_and_open(self.ui.summaryLabel.text)

    def landing_error(self):
        fixed, moving = (
            slicer.util.arrayFromMarkupsControlPoints(node, world=True)
            for node in (self.parameters.fixedLandmarks, self.parameters.movingLandmarks)
        )
        return np.linalg.norm(fixed - moving, axis=1).mean()

    def look(self):
        """Click through Inspect and keep the pictures."""
        self.ui.landmarkErrorsGroupBox.collapsed = self.ui.volumeChangeGroupBox.collapsed = False
        self.ui.landmarkTable.setCurrentCell(12, 0)
        for name in ("blend", "checkerboard", "difference", "jacobian"):
            getattr(self.ui, f"{name}ModeButton").click()
            self.screenshot(f"real_{name}")
        self.ui.plotHistogramButton.click()
        self.screenshot("real_histogram")
        self.ui.plotLandmarksButton.click()
        self.screenshot("real_landmark_plot")
        self.ui.plotLandmarksButton.click()
        self.ui.compareButton.click()
        self.screenshot("real_compare")
        self.ui.beforeButton.click()
        self.screenshot("real_compare_before")
        self.ui.beforeButton.click()
        self.ui.compareButton.click()

    def save_and_open(self, summary):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "real pair.mrb"
            self.assertTrue(slicer.util.saveScene(str(file)))
            slicer.mrmlScene.Clear()
            slicer.util.loadScene(str(file))
        slicer.util.selectModule("CorrespondCore")
        slicer.util.selectModule("LungRegistration")
        self.assertEqual(self.ui.summaryLabel.text, summary)
        self.assertLess(self.landing_error(), 1.3)


if __name__ == "__main__":
    unittest.main()
