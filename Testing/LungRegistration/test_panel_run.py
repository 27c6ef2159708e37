"""Apply, progress, Cancel, and everything that can come in between; nothing of the scene is ever lost."""

import unittest
from unittest import mock

import numpy as np
import SimpleITK as sitk

from Testing import host
from Testing.LungRegistration.panel import SETTINGS, PanelTestCase, request, resultFolder
from Testing.marks import slow

import qt  # isort: skip
import slicer  # isort: skip
import vtk  # isort: skip
from LungRegistrationFace.world import worldImage  # isort: skip


class RunTest(PanelTestCase):
    def start(self):
        """Press Apply and wait until the child process works."""
        self.quick()
        self.ui.applyButton.click()
        self.assertTrue(self.widget.run.running, self.errors)
        host.wait(lambda: self.ui.progressBar.value > 0 or not self.widget.run.running, 120)
        self.assertTrue(self.widget.run.running, self.errors)

    def test_apply_registers_while_the_panel_stays_alive(self):
        pair = self.choosePhantom()
        self.start()
        ticks = []
        timer = qt.QTimer()
        timer.connect("timeout()", lambda: ticks.append(self.ui.statusLabel.text))
        timer.start(100)
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertTrue(self.ui.cancelButton.enabled)
        self.assertFalse(self.ui.progressFrame.isHidden())
        host.wait(lambda: self.ui.progressBar.value > 30, 120)
        self.screenshot("at_work")
        self.waitUntilDone()
        timer.stop()
        self.assertEqual(self.errors, [])
        self.assertGreater(len(ticks), 10)
        self.assertTrue(any("left" in text for text in ticks), ticks)
        transform = self.ui.resultSelector.currentNode()
        self.assertEqual(transform.GetName(), "Phantom expiration to Phantom inspiration")
        self.assertRegex(self.ui.summaryLabel.text, r"Landmark error: 1\d\.\d\d → <b>\d\.\d\d mm</b>")
        self.assertTrue(self.ui.progressFrame.isHidden())
        self.assertTrue(self.ui.applyButton.enabled)
        composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        self.assertEqual(composite.GetBackgroundVolumeID(), pair.fixed.GetID())
        self.screenshot("registered")

    def test_cancel_leaves_the_scene_as_it_was(self):
        self.choosePhantom()
        before = self.nodeIDs()
        self.start()
        self.ui.cancelButton.click()
        self.waitUntilDone(20)
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.ui.statusLabel.text, "Cancelled. Nothing was changed.")
        self.assertEqual(self.errors, [])
        self.assertTrue(self.ui.applyButton.enabled)

    def test_a_failure_is_explained_and_leaves_the_scene_as_it_was(self):
        pair = self.choosePhantom()
        self.parameters.fixedLandmarks = self.parameters.movingLandmarks = None
        self.parameters.fixedMaskSegmentation = self.parameters.movingMaskSegmentation = None
        pair.moving.SetOrigin(5000, 0, 0)
        before = self.nodeIDs()
        self.start_and_fail()
        self.assertEqual(self.nodeIDs(), before)
        self.assertRegex(self.errors[0], "do not overlap")
        self.assertRegex(self.ui.statusLabel.text, "do not overlap")

    def start_and_fail(self):
        self.quick()
        self.ui.applyButton.click()
        self.waitUntilDone()

    def test_a_mask_beside_the_image_is_refused_at_once(self):
        pair = self.choosePhantom()
        pair.fixedLobes.SetAndObserveTransformNodeID(self.shift(9000, 0, 0).GetID())
        before = self.nodeIDs()
        self.start_and_fail()
        self.assertRegex(self.errors[0], "lies outside of the image")
        self.assertEqual(self.nodeIDs(), before)

    def test_closing_the_scene_stops_the_work(self):
        self.choosePhantom()
        self.start()
        slicer.mrmlScene.Clear()
        before = self.nodeIDs()
        self.waitUntilDone(20)
        self.assertEqual(self.nodeIDs(), before)
        self.assertRegex(self.ui.statusLabel.text, "the scene was closed")

    def test_deleting_an_image_stops_the_work(self):
        pair = self.choosePhantom()
        self.start()
        slicer.mrmlScene.RemoveNode(pair.moving)
        before = self.nodeIDs()
        self.waitUntilDone(20)
        self.assertEqual(self.nodeIDs(), before)
        self.assertRegex(self.ui.statusLabel.text, "'Phantom expiration' was removed")

    def test_results_that_cannot_be_loaded_leave_no_trace(self):
        from LungRegistrationFace.result_loading import loadResult

        folder = resultFolder()
        pair = self.choosePhantom()
        before = self.nodeIDs()
        asked = request(pair)
        broken = mock.patch("LungRegistrationFace.result_loading.showAsVolumeChange", side_effect=ValueError("broken"))
        with broken, self.assertRaises(ValueError):
            loadResult(folder, asked, asked.pairs())
        self.assertEqual({i for i in self.nodeIDs() - before if "SubjectHierarchy" not in i and "ColorTable" not in i}, set())

    def test_without_torch_the_panel_says_what_to_do(self):
        self.choosePhantom()
        before = self.nodeIDs()
        with mock.patch("slicer.packaging.pip_check", return_value=False):
            self.ui.applyButton.click()
        self.assertRegex(self.errors[0], "PyTorch|torch")
        self.assertFalse(self.widget.run.running)
        self.assertTrue(self.ui.applyButton.enabled)
        self.assertEqual(self.nodeIDs(), before)

    def test_sample_pair_by_one_click(self):
        with mock.patch("LungRegistrationFace.sample_data.SAMPLE_SIZE", (48, 48, 48)):
            self.ui.sampleDataButton.click()
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertEqual(self.ui.fixedVolumeSelector.currentNode().GetName(), "Phantom inspiration")
        self.assertEqual(self.parameters.fixedMaskSegmentation.GetSegmentation().GetNumberOfSegments(), 5)
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)

    def test_sample_pair_in_the_sample_data_module(self):
        import SampleData

        from LungRegistration import registerSampleData
        from LungRegistrationFace.sample_data import SAMPLE_NAME

        registerSampleData()
        sources = SampleData.SampleDataLogic.sampleDataSourcesByCategory("Correspond")
        (source,) = (found for found in sources if found.sampleName == SAMPLE_NAME)
        with mock.patch("LungRegistrationFace.sample_data.SAMPLE_SIZE", (48, 48, 48)):
            source.customDownloader(source)
        self.assertIsNotNone(slicer.util.getNode("Phantom expiration"))

    def test_console_waits_for_the_result(self):
        """`register` with transforms above the images: they are hardened on copies, and the result is in the world."""
        from LungRegistration import LungRegistrationLogic

        pair = self.choosePhantom()
        shift = self.shift(30, 0, -20)
        for node in (pair.moving, pair.movingLandmarks, pair.movingLobes):
            node.SetAndObserveTransformNodeID(shift.GetID())
        logic = LungRegistrationLogic()
        landmarks = {"fixedLandmarks": pair.fixedLandmarks, "movingLandmarks": pair.movingLandmarks}
        options = {"preset": "fast", "settings": SETTINGS, "makeInverse": True, "maps": True}
        result = logic.register(pair.fixed, pair.moving, **options, **landmarks)
        error = result.report["tre_mm"]
        self.assertGreater(error["before"]["mean"], 30)
        self.assertLess(error["after"]["mean"], 10)
        self.assertEqual(pair.moving.GetTransformNodeID(), shift.GetID())
        there = slicer.util.arrayFromMarkupsControlPoints(pair.movingLandmarks, world=True)
        back = vtk.vtkGeneralTransform()
        result.inverse.GetTransformFromWorld(back)
        landed = np.array([back.TransformPoint(p) for p in there])
        fixed = slicer.util.arrayFromMarkupsControlPoints(pair.fixedLandmarks, world=True)
        self.assertLess(np.linalg.norm(landed - fixed, axis=1).mean(), 10)
        self.check_maps(result, pair.fixed)

    def check_maps(self, result, fixed):
        """Nine maps in the folder of the result, each with values where the lungs are and none in the body."""
        from LungRegistrationFace.maps import titles

        names = [node.GetName() for node in result.maps]
        self.assertEqual(names, [f"{title} ({result.name})" for title in titles().values()])
        for node in result.maps:
            self.assertIn(node, result.nodes())
            self.assertEqual(node.GetAttribute("Correspond.Method"), "search", node.GetName())
            self.assertIsNotNone(node.GetDisplayNode().GetColorNode())
        gas = next(node for node in result.maps if node.GetName().startswith("Specific gas change"))
        values = slicer.util.arrayFromVolume(gas)
        hu = sitk.GetArrayFromImage(sitk.Resample(worldImage(fixed), worldImage(gas)))
        self.assertGreater(np.median(values[values != 0]), 0.05)  # the lung gains gas when it is filled
        self.assertLess(np.mean(values[hu > 100] != 0), 0.02)

    @slow
    def test_the_documented_example(self):
        """The console session in the docstring of LungRegistrationLogic runs as it stands there."""
        import LungRegistration

        code = LungRegistration.LungRegistrationLogic.__doc__.split("\n\n")[1]
        scope = {"LungRegistration": LungRegistration}
        exec("\n".join(line[4:] for line in code.splitlines()).replace("\n    ", "\n"), scope)
        self.assertLess(scope["result"].report["tre_mm"]["after"]["mean"], 3)


if __name__ == "__main__":
    unittest.main()
