"""The Live section, clicked: a timer plays a cine into an image node, as an OpenIGTLink connection would."""

import numpy as np

from Testing import host
from Testing.marks import slow
from Testing.TAVIFusion.panel import SIZE, PanelTestCase, arm, runOfTube, tube

import qt  # isort: skip
import slicer  # isort: skip

PERIOD_MS = 133
"""7.5 frames per second."""


def poses():
    """Where the vessel is in the frames: from frame to frame 1.5 mm further to the right."""
    from TAVIFusionLib.pose import Pose

    right, _down, _along = arm().axes()
    return [Pose(translation_mm=tuple((1.5 * n * right).tolist())) for n in range(10)]


class LiveTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        self.ui.methodComboBox.currentIndex = 1
        self.node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Arriving")
        self.node.SetSpacing(1.2, 1.2, 1.0)
        self.node.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
        self.cine = runOfTube(frames=len(poses()), poses=poses()).frames
        self.put(self.cine[0])
        self.node.CreateDefaultDisplayNodes()
        self.addCleanup(self.end)

    def end(self):
        """No test leaves a child behind."""
        slicer.mrmlScene.Clear()
        host.wait(lambda: not self.widget.live.running, 20)

    def put(self, frame):
        slicer.util.updateVolumeFromArray(self.node, frame[None])

    def play(self):
        """Play the cine into the node by a timer, and wait until the last frame was answered."""
        left = list(self.cine)
        timer = qt.QTimer()
        timer.setInterval(PERIOD_MS)
        timer.connect("timeout()", lambda: self.put(left.pop(0)) if left else timer.stop())
        timer.start()
        host.wait(lambda: not left and self.answered(), 60)
        timer.stop()

    def answered(self):
        """Whether the newest frame was given and answered."""
        return not self.stream._changed and self.stream.statistics.waiting == 0

    @property
    def stream(self):
        return self.widget.live._stream

    def start(self):
        """Choose the node, press Start, wait for the first answer. Returns a watch on the child."""
        from CorrespondCoreLib.processes import ProcessWatch

        self.parameters.liveNode = self.node
        self.assertEqual((self.ui.liveButton.text, self.ui.liveButton.enabled), ("Start", True))
        self.ui.liveButton.click()
        self.assertEqual(self.ui.liveButton.text, "Stop")
        host.wait(lambda: not self.widget.live.running or self.stream.statistics.answered == 1, 60)
        self.assertTrue(self.widget.live.running, self.ui.liveLabel.text)
        watch = ProcessWatch(self.stream._client._job._pid)
        self.assertTrue(watch.alive())
        return watch

    def waitUntilGone(self, watch):
        host.wait(lambda: not self.widget.live.running and not watch.alive(), 20)

    def shown(self):
        """The mask (rows, columns) bool that lies over the node in the frame's view, or None."""
        from TAVIFusionFace.frame_layout import compositeNode

        self.assertEqual(compositeNode().GetBackgroundVolumeID(), self.node.GetID())
        over = slicer.mrmlScene.GetNodeByID(compositeNode().GetForegroundVolumeID() or "")
        if over is None:
            return None
        matrices = [slicer.util.vtkMatrixFromArray(np.eye(4)) for _ in range(2)]
        for volume, matrix in zip((over, self.node), matrices, strict=True):
            volume.GetIJKToRASMatrix(matrix)
        np.testing.assert_allclose(*(slicer.util.arrayFromVTKMatrix(matrix) for matrix in matrices), atol=1e-6)
        return slicer.util.arrayFromVolume(over)[0] > 0

    def agreement(self, mask, frame):
        from TAVIFusionLib.metrics import frame_scores
        from TAVIFusionLib.silhouette import silhouette

        return frame_scores(mask, silhouette(tube(), arm(), poses()[frame]))["dsc"]

    def test_the_panel_says_what_is_missing(self):
        self.assertFalse(self.ui.liveButton.enabled)
        self.assertIn("image node", self.ui.liveButton.toolTip)
        self.parameters.liveNode = self.node
        self.assertTrue(self.ui.liveButton.enabled)
        self.ui.liveFollowsCheckBox.click()
        self.assertIn("model", self.ui.liveButton.toolTip)
        self.addModel()
        self.assertIn("run", self.ui.liveButton.toolTip)
        self.addRun(arm(pixel_spacing_mm=None))
        self.assertFalse(self.ui.liveButton.enabled)
        run = self.addRun(name="Other")
        self.assertTrue(self.ui.liveButton.enabled)
        from TAVIFusionFace.run_nodes import proxyOf

        self.parameters.liveNode = proxyOf(run)
        self.assertIn("loaded", self.ui.liveButton.toolTip)
        self.parameters.liveNode = self.node
        slicer.util.updateVolumeFromArray(self.node, np.zeros((3, 8, 8), np.uint8))
        before = self.nodeIDs()
        self.ui.liveButton.click()
        self.assertIn("one slice", self.errors.pop())
        self.assertFalse(self.widget.live.running)
        self.assertEqual(self.nodeIDs(), before)

    @slow
    def test_a_cine_is_segmented_as_it_arrives_and_stop_ends_the_child(self):
        child = self.start()
        self.assertGreater(self.agreement(self.shown(), 0), 0.8)
        self.play()
        statistics = self.stream.statistics
        self.assertLessEqual(statistics.submitted, 1 + len(self.cine))
        self.assertEqual(statistics.answered + statistics.dropped, statistics.submitted)
        self.assertGreater(statistics.answered, 5)
        newest, earlier = self.agreement(self.shown(), len(self.cine) - 1), self.agreement(self.shown(), len(self.cine) - 3)
        self.assertGreater(newest, 0.8)
        self.assertGreater(newest, earlier + 0.03)
        self.assertRegex(self.ui.liveLabel.text, r"latency \d+ ms .* [\d.]+ frames per second · \d+ shown · \d+ dropped")
        self.ui.liveCollapsibleButton.collapsed = False
        self.screenshot("tavi_live")
        nodes = slicer.mrmlScene.GetNumberOfNodes()
        self.ui.liveButton.click()
        self.assertIsNone(self.shown())
        self.assertFalse(self.ui.liveButton.enabled)
        self.put(self.cine[0])  # nobody listens any more
        self.waitUntilGone(child)
        self.assertEqual((self.ui.liveButton.text, self.ui.liveButton.enabled), ("Start", True))
        self.assertIn("Stopped.", self.ui.liveLabel.text)
        self.assertLessEqual(slicer.mrmlScene.GetNumberOfNodes(), nodes)
        self.assertEqual(self.errors, [])

    @slow
    def test_the_model_follows_the_frames_that_arrive(self):
        from TAVIFusionFace.model_nodes import poseNode, poseOf
        from TAVIFusionFace.overlay import lineNode
        from TAVIFusionLib.outline import outline
        from TAVIFusionLib.silhouette import silhouette

        self.addRun()
        self.addModel()
        self.ui.liveFollowsCheckBox.click()
        self.start()
        self.play()
        pose = poseOf(poseNode(self.parameters.model))
        points = tube().points_mm
        off = arm().project(pose.apply(points)) - arm().project(poses()[-1].apply(points))
        self.assertLess(np.abs(off).max(), 3)
        drawn = slicer.util.arrayFromModelPoints(lineNode("Outline", (0, 0, 0), 1))
        expected = np.concatenate(outline(silhouette(tube(), arm(), pose))) * -1.2
        np.testing.assert_allclose(np.sort(drawn[:, :2], axis=0), np.sort(expected, axis=0), atol=1e-3)
        self.screenshot("tavi_live_model")
        self.put(np.full(SIZE[::-1], 3000, np.uint16))  # no contrast: the model stays, and nothing is drawn
        host.wait(self.answered, 20)
        self.assertEqual(len(slicer.util.arrayFromModelPoints(lineNode("Outline", (0, 0, 0), 1))), 0)
        np.testing.assert_allclose(poseOf(poseNode(self.parameters.model)).matrix(), pose.matrix())
        self.put(self.cine[0][::2, ::2])
        host.wait(self.answered, 20)
        self.assertIn("does not follow", self.ui.liveLabel.text)
        self.assertEqual(self.errors, [])

    @slow
    def test_the_poses_of_a_tracked_run_are_not_those_of_frames_that_arrive(self):
        from TAVIFusionFace.model_nodes import ensurePose, poseOf, setPose
        from TAVIFusionFace.results import resultsOf

        run, model = self.addRun(), self.addModel()
        pose, tracked = ensurePose(model), resultsOf(run).addSequence("poses", "Poses")
        for index in range(run.GetNumberOfDataNodes()):
            setPose(pose, poses()[index])
            tracked.SetDataNodeAtValue(pose, run.GetNthIndexValue(index))
        resultsOf(run).play(tracked, pose)
        self.ui.frameSlider.value = 3
        self.ui.liveFollowsCheckBox.click()
        self.start()
        self.play()
        self.assertGreater(np.abs(poseOf(pose).matrix() - poses()[2].matrix()).max(), 2)
        for index in range(run.GetNumberOfDataNodes()):
            np.testing.assert_allclose(poseOf(tracked.GetNthDataNode(index)).matrix(), poses()[index].matrix(), atol=1e-6)

    @slow
    def test_a_closed_scene_ends_the_child(self):
        child = self.start()
        slicer.mrmlScene.Clear()
        self.waitUntilGone(child)
        self.assertIn("scene was closed", self.ui.liveLabel.text)
        self.assertEqual(self.errors, [])

    @slow
    def test_a_removed_node_and_another_module_end_the_child(self):
        child = self.start()
        self.widget.exit()
        self.waitUntilGone(child)
        self.widget.enter()
        self.assertIn("module was left", self.ui.liveLabel.text)
        child = self.start()
        slicer.mrmlScene.RemoveNode(self.node)
        self.waitUntilGone(child)
        self.assertIn("'Arriving' was removed", self.ui.liveLabel.text)
        self.assertEqual(self.errors, [])

    @slow
    def test_a_worker_that_was_killed_leaves_its_message_and_the_scene(self):
        from CorrespondCoreLib.processes import kill

        before = self.nodeIDs()
        child = self.start()
        kill(self.stream._client._job._pid)
        self.waitUntilGone(child)
        self.assertIn("killed or crashed", self.ui.liveLabel.text)
        self.assertIn("killed or crashed", self.errors[0])
        self.assertIsNone(self.shown())
        self.assertLessEqual(before, self.nodeIDs())
        self.assertTrue(self.ui.liveButton.enabled)
