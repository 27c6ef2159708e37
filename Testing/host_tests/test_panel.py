"""A scripted module in the host: its .ui file, parameters bound both ways, a click, the scene's closing, reload."""

import pathlib
import unittest

import numpy as np

from Testing import host

host.start(modules=["Testing/host_tests/sample/HostSample.py"])
import slicer  # noqa: E402


class PanelTest(unittest.TestCase):
    def setUp(self):
        slicer.mrmlScene.Clear(0)
        slicer.util.selectModule("HostSample")
        self.widget = slicer.util.getModuleWidget("HostSample")
        self.ui = self.widget.ui
        self.widget.useParameterNode(self.widget.logic.getParameterNode())

    def volume(self):
        return slicer.util.addVolumeFromArray(np.arange(1000.0).reshape(10, 10, 10), name="CT")

    def test_apply_counts_voxels(self):
        self.assertFalse(self.ui.applyButton.enabled)
        self.ui.volumeSelector.setCurrentNode(self.volume())
        self.assertTrue(self.ui.applyButton.enabled)
        self.ui.thresholdSlider.value = 499
        self.ui.applyButton.click()
        self.assertEqual(self.ui.resultLabel.text, "500")

    def test_widgets_write_the_parameter_node(self):
        parameters = self.widget.parameters
        self.ui.iterationsBox.value = 7
        self.ui.windowRange.setValues(-2, 3)
        self.ui.similarityBox.currentText = "lncc"
        self.ui.qualityBox.currentIndex = 1
        self.ui.invertBox.checked = False
        self.ui.folderEdit.currentPath = "some folder"
        self.ui.sigmaBox.value = 2.5
        self.assertEqual(parameters.iterations, 7)
        self.assertEqual((parameters.window.minimum, parameters.window.maximum), (-2, 3))
        self.assertEqual(parameters.similarity, "lncc")
        self.assertEqual(parameters.quality.name, "BEST")
        self.assertFalse(parameters.invert)
        self.assertEqual(parameters.folder, pathlib.Path("some folder"))
        self.assertEqual(parameters.smoothing.sigma, 2.5)

    def test_the_parameter_node_writes_widgets(self):
        parameters = self.widget.parameters
        transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode")
        parameters.transform = transform
        parameters.threshold = -50
        parameters.invert = False
        parameters.smoothing.sigma = 0.5
        self.assertIs(self.ui.transformSelector.currentNode(), transform)
        self.assertEqual(self.ui.thresholdSlider.value, -50)
        self.assertFalse(self.ui.invertBox.checked)
        self.assertEqual(self.ui.sigmaBox.value, 0.5)

    def test_limits_come_from_the_annotations(self):
        self.assertEqual((self.ui.thresholdSlider.minimum, self.ui.thresholdSlider.maximum), (-100, 500))
        self.assertEqual(self.ui.windowRange.maximum, 10)
        with self.assertRaises(ValueError):
            self.widget.parameters.threshold = 501

    def test_closing_the_scene_resets_the_panel(self):
        self.ui.volumeSelector.setCurrentNode(self.volume())
        self.ui.thresholdSlider.value = 7
        slicer.mrmlScene.Clear(0)
        self.assertIsNone(self.ui.volumeSelector.currentNode())
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertEqual(self.ui.thresholdSlider.value, 100)

    def test_deleting_the_input_disables_apply(self):
        volume = self.volume()
        self.ui.volumeSelector.setCurrentNode(volume)
        slicer.mrmlScene.RemoveNode(volume)
        self.assertIsNone(self.widget.parameters.inputVolume)
        self.assertFalse(self.ui.applyButton.enabled)

    def test_enter_and_exit(self):
        self.widget.calls.clear()
        slicer.util.selectModule("Data")
        slicer.util.selectModule("HostSample")
        self.assertEqual(self.widget.calls, ["exit", "enter"])

    def test_reload_builds_a_new_panel(self):
        slicer.util.reloadScriptedModule("HostSample")
        again = slicer.util.getModuleWidget("HostSample")
        self.assertIsNot(again, self.widget)
        self.assertEqual(again.ui.iterationsBox.value, 3)

    def test_developer_mode_adds_its_section(self):
        self.assertFalse(hasattr(self.widget, "reloadButton"))
        slicer.app.settings().setValue("Developer/DeveloperMode", True)
        self.addCleanup(slicer.app.settings().remove, "Developer/DeveloperMode")
        slicer.util.reloadScriptedModule("HostSample")
        again = slicer.util.getModuleWidget("HostSample")
        again.reloadTestMenuButton.click()
        self.assertIsNot(slicer.util.getModuleWidget("HostSample"), again)
        self.assertEqual(slicer.util.getModuleWidget("HostSample").calls, ["tested"])

    def test_modules_hear_that_the_application_has_started(self):
        self.assertTrue(slicer.modules.HostSampleInstance.started)

    def test_self_test_runs(self):
        self.widget.calls.clear()
        slicer.selfTests["HostSample"]()
        self.assertEqual(slicer.util.getModuleWidget("HostSample").calls, ["tested"])

    def test_a_reader_of_the_module_takes_the_files_that_it_knows(self):
        folder = pathlib.Path(slicer.app.temporaryPath)
        good, other, broken = (folder / name for name in ("good.sample", "other.csv", "broken.csv"))
        good.write_text("SAMPLE 42")
        other.write_text("a,b")
        broken.write_text("SAMPLE of nothing")
        manager = slicer.app.coreIOManager()
        self.assertEqual(
            [manager.fileType(str(p)) for p in (good, other, broken)], ["HostSampleFile", "TableFile", "HostSampleFile"]
        )
        self.assertEqual(slicer.util.loadNodeFromFile(str(good), manager.fileType(str(good))).GetName(), "42")
        with self.assertRaisesRegex(RuntimeError, "no number in the file"):
            slicer.util.loadNodeFromFile(str(broken), "HostSampleFile")
