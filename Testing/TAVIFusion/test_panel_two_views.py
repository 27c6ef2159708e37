"""The fusion panel, clicked: two runs taken in turn, and a model whose axes are turned."""

import numpy as np

from Testing.marks import slow
from Testing.TAVIFusion.panel import PanelTestCase, arm, runOfTube, tube

import slicer  # isort: skip

BEAT, FRAMES, LATER = 6, 12, 2


def poses(first, frames=FRAMES):
    """How the vessel beats along the body, from some frame of the beat on."""
    from TAVIFusionLib.pose import Pose

    return [Pose(translation_mm=(4.0, 0.0, 3 * np.sin(2 * np.pi * n / BEAT))) for n in range(first, first + frames)]


class TwoViewsTest(PanelTestCase):
    def addRuns(self, frames):
        """Two runs from two sides, the second one later in the beat, with their masks: the first is shown."""
        from TAVIFusionFace.annotation import setComputed
        from TAVIFusionFace.run_nodes import addRun
        from TAVIFusionLib.silhouette import silhouette

        runs = []
        for name, carm, first in (("A", arm(), 0), ("B", arm(primary_deg=-40.0), LATER)):
            places = poses(first, frames)
            runs.append(addRun(runOfTube(carm, frames, places), name))
            setComputed(runs[-1], {n: silhouette(tube(), carm, pose) for n, pose in enumerate(places)})
        self.parameters.run, self.parameters.secondRun = runs
        self.addModel()
        self.ui.degreesComboBox.currentIndex = 2
        return runs

    @slow
    def test_frames_of_the_same_phase_are_fitted_and_shown(self):
        from TAVIFusionFace.model_nodes import poseNode, poseOf
        from TAVIFusionFace.results import resultsOf
        from TAVIFusionFace.run_nodes import frameIndex

        runs = self.addRuns(FRAMES)
        self.assertTrue(self.ui.phasesCheckBox.checked and self.ui.phasesCheckBox.enabled)
        self.ui.alignButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        phases = resultsOf(runs[0]).report["phases"]
        first, second = phases["frames"]
        self.assertEqual([frameIndex(run) for run in runs], [first, second])
        self.assertIn(f"Frames {first + 1} and {second + 1} show the same phase", self.ui.alignLabel.text)
        beats = poses(0)[first], poses(LATER)[second]
        self.assertLess(abs(beats[0].translation_mm[2] - beats[1].translation_mm[2]), 1.6)
        found = poseOf(poseNode(self.parameters.model)).apply(tube().points_mm)
        self.assertLess(np.linalg.norm(found - beats[0].apply(tube().points_mm), axis=1).mean(), 2.5)
        self.screenshot("tavi_two_views")

    @slow
    def test_points_in_two_views_tell_how_a_model_is_turned(self):
        from CorrespondCoreLib import mrml
        from TAVIFusionFace.model_nodes import poseNode, poseOf
        from TAVIFusionFace.run_nodes import pixelsToRas
        from TAVIFusionLib.pose import Pose

        runs = self.addRuns(1)
        self.ui.turnedCheckBox.click()
        self.assertIn("turned", self.ui.alignButton.toolTip)
        truth = Pose((0.0, 0.0, 170.0), (10.0, 5.0, -8.0), (5.0, -20.0, 40.0))
        points = tube().points_mm[[0, 300, 500, 700]]
        self.parameters.modelPoints = mrml.markups_from_points(points, "on the model")
        for role, run, carm in zip(("framePoints", "secondFramePoints"), runs, (arm(), arm(primary_deg=-40.0)), strict=True):
            seen = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", role)
            slicer.util.updateMarkupsControlPointsFromArray(seen, pixelsToRas(run, carm.project(truth.apply(points))))
            setattr(self.parameters, role, seen)
        self.assertTrue(self.ui.pointsButton.enabled)
        self.ui.pointsButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        found = poseOf(poseNode(self.parameters.model)).apply(points)
        self.assertLess(np.abs(found - truth.apply(points)).max(), 0.5)
