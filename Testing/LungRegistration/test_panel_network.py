"""Registration with a network by clicks: models, what a run will take, live curves of a fit, fields per level."""

import json
import os
import shutil
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import SimpleITK as sitk

from Testing import host
from Testing.LungRegistration.panel import PanelTestCase, request, resultFolder
from Testing.marks import slow

import slicer  # isort: skip

SIZE = (32, 32, 32)

FULL_AFTER_THREE_STEPS = """
import argparse
import time


def add_commands(subparsers):
    parser = subparsers.add_parser("register")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parser.set_defaults(func=register)


def register(arguments, progress):
    with progress.stage("Fit to this pair", until=0.8) as step:
        for k in range(4):
            step(k / 4)
            time.sleep(0.3)
            progress.point(step=k, loss=0.5**k, tre_mm=10 * 0.5**k)
        raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB.")
"""


def installModel(method, model_id="tiny", **entries):
    """A small network, whose field is zero, in the user's folder of models."""
    from LungRegistrationLib.geometry.lattice import Lattice
    from Testing.LungRegistration.learned_examples import install, shifting_network

    entries = {"input": {"size_xyz": SIZE, "window_hu": None if method == "virnet" else [-1000, -100]}} | entries
    network = shifting_network(method, np.zeros(3), Lattice((0, 0, 0), (5, 5, 5), SIZE))
    return install(method, network, model_id, **entries)


class NetworkTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="models é ")
        self.addCleanup(folder.cleanup)
        self.models = Path(folder.name)
        environment = mock.patch.dict(os.environ, {"CORRESPOND_MODELS": folder.name})
        environment.start()
        self.addCleanup(environment.stop)
        self.addCleanup(slicer.app.settings().remove, "LungRegistration/SecondsPerMillionVoxels")
        self.widget.network.look()
        self.addCleanup(self.widget.network.look)

    def chooseTinyPair(self):
        """Two volumes and two landmarks in each, chosen in the panel: enough to be asked for, not to be registered."""
        p = self.parameters
        for side in ("fixed", "moving"):
            setattr(p, f"{side}Volume", slicer.util.addVolumeFromArray(np.zeros((8, 8, 8), np.int16), name=side))
            points = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", f"{side} points")
            points.AddControlPoint(1, 2, 3, "a")
            points.AddControlPoint(4, 5, 6, "b")
            setattr(p, f"{side}Landmarks", points)

    def choose(self, method):
        self.ui.methodComboBox.currentText = method

    def entries(self):
        box = self.ui.modelComboBox
        return [box.itemText(i) for i in range(box.count)]

    def size(self, *size):
        for spinBox, n in zip((self.ui.sizeXSpinBox, self.ui.sizeYSpinBox, self.ui.sizeZSpinBox), size, strict=True):
            spinBox.value = n

    def screenshotBelow(self, name):
        """A picture of the lower part of the panel."""
        sections = (self.ui.inputsCollapsibleButton, self.ui.methodCollapsibleButton, self.ui.outputsCollapsibleButton)
        for section in sections:
            section.collapsed = True
        self.screenshot(name)
        for section in sections:
            section.collapsed = False

    def shown(self, *widgets):
        return [not widget.isHidden() for widget in widgets]

    def test_each_method_shows_what_counts_for_it(self):
        ofSearch = (self.ui.presetComboBox, self.ui.presetLabel, self.ui.similarityComboBox, self.ui.regularizerLabel)
        ofNetworks = (self.ui.modelComboBox, self.ui.fitComboBox, self.ui.sizeYSpinBox, self.ui.makeLevelsCheckBox)
        self.assertEqual(self.shown(*ofSearch), [True] * 4)
        self.assertEqual(self.shown(*ofNetworks), [False] * 4)
        self.choose("VIRNet")
        self.assertEqual(self.shown(*ofSearch), [False] * 4)
        self.assertEqual(self.shown(*ofNetworks), [True] * 4)
        self.assertEqual(self.shown(self.ui.fitStepsSpinBox), [False])
        self.ui.fitComboBox.currentText = "Field"
        self.assertEqual(self.shown(self.ui.fitStepsSpinBox), [True])
        self.screenshot("method_network")

    def test_apply_says_what_is_missing(self):
        self.chooseTinyPair()
        self.choose("VIRNet")
        self.assertEqual(self.entries(), ["No model installed", "Untrained: fit to this pair"])
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertRegex(self.ui.applyButton.toolTip, "No model is installed")
        self.ui.modelComboBox.currentText = "Untrained: fit to this pair"
        self.assertRegex(self.ui.applyButton.toolTip, "say nothing about a pair: choose the instance optimization")
        self.ui.fitComboBox.currentText = "Weights of the network"
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.assertRegex(self.ui.networkCostLabel.text, r"About 8\.6 GB of memory at 192 x 160 x 192 voxels")
        self.assertRegex(self.ui.networkCostLabel.text, r"About [\d.]+ (s|min|h) for the network, by the speed of this processor")
        self.size(40, 40, 0)
        self.assertRegex(self.ui.applyButton.toolTip, "three numbers")
        self.size(40, 40, 40)
        self.assertRegex(self.ui.applyButton.toolTip, "multiples of 32 voxels, not 40 x 40 x 40. Take 32 x 32 x 32")
        self.size(*SIZE)
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.parameters.guideByLandmarks = True
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.choose("VoxelMorph")
        self.ui.modelComboBox.currentText = "Untrained: fit to this pair"
        self.assertRegex(self.ui.applyButton.toolTip, "Landmarks cannot guide the method voxelmorph")

    def test_the_time_is_told_by_the_last_run_with_the_same_model_and_device(self):
        from LungRegistrationFace.run_pace import remember

        model = installModel("virnet").id
        self.chooseTinyPair()
        self.choose("VIRNet")
        self.parameters.device = type(self.parameters.device)("cpu")
        self.assertRegex(self.ui.networkCostLabel.text, "for the network, by the speed of this processor")
        millions = 32**3 / 1e6
        fit = {"of": "field", "steps": 9}
        seconds = {"Network": 40 * millions, "Fit to this pair": 10 * 500 * millions}
        network = {"name": "virnet", "size_xyz": SIZE, "instance_optimization": fit}
        remember({"network": network, "model": model, "device": "cpu", "seconds": seconds}, "cpu")
        self.size(320, 320, 320)  # 1000 times the voxels of the run
        self.assertRegex(self.ui.networkCostLabel.text, "About 20 min for the network, by its last run here")  # 40 * 32.77 s
        self.size(*SIZE)
        self.assertIn("About 1 s for the network, by its last run here", self.ui.networkCostLabel.text)
        self.ui.fitComboBox.currentText = "Field"
        self.ui.fitStepsSpinBox.value = 19  # 20 evaluations at 16.4 s
        self.assertIn("About 5 min for the network, by its last run here", self.ui.networkCostLabel.text)
        self.ui.fitComboBox.currentText = "Weights of the network"
        self.assertRegex(self.ui.networkCostLabel.text, "by the speed of this processor")
        self.parameters.device = type(self.parameters.device)("cuda")
        self.assertRegex(self.ui.networkCostLabel.text, "on the graphics card is measured on your pair and shown before")

    def test_models_are_offered_with_what_their_cards_say(self):
        domain = {"modality": "CT", "spacing_mm": [0.5, 3.0]}
        facts = {
            "trained_on": "24 phantoms",
            "limits": ["No patients."],
            "figures": {"tre_before_mm": 12.3, "tre_mm": 2.345, "dice": float("nan"), "folding_percent": 0.25},
        }
        installModel("voxelmorph", "first", title="First network", domain=domain, **facts)
        self.chooseTinyPair()
        self.choose("VoxelMorph")
        self.assertEqual(self.entries(), ["First network", "Untrained: fit to this pair"])
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.assertEqual(self.ui.modelCardLabel.text, "Trained on: 24 phantoms · landmark error 12.3 → 2.35 mm · folding 0.25 %")
        for text in ("First network (first, version 1)", "CT, 0.5 – 3 mm between voxels", "No patients.", "32 x 32 x 32 voxels"):
            self.assertIn(text, self.ui.modelCardLabel.toolTip)
        self.screenshot("method_model")
        installModel("voxelmorph", "second", title="Second network")
        self.widget.enter()
        self.assertEqual(self.entries()[0], "Choose a model…")
        self.assertRegex(self.ui.applyButton.toolTip, "Several models")
        self.ui.modelComboBox.currentText = "Second network"
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.assertEqual(self.widget.request().settings["network"], {"model": "second"})
        self.choose("Search (needs no model)")
        self.choose("VoxelMorph")
        self.assertEqual(self.ui.modelComboBox.currentText, "Second network")

    def test_a_saved_scene_brings_the_choice_back_and_names_a_model_that_is_gone(self):
        model = installModel("virnet")
        self.choose("VIRNet")
        self.ui.modelComboBox.setCurrentIndex(self.ui.modelComboBox.count - 1)
        self.ui.modelComboBox.setCurrentIndex(0)
        self.ui.fitComboBox.currentText = "Field"
        self.ui.fitStepsSpinBox.value = 7
        self.ui.makeLevelsCheckBox.checked = True
        asked = self.widget.request()
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "scene.mrml")
            self.assertTrue(slicer.util.saveScene(file))
            slicer.mrmlScene.Clear()
            self.assertEqual(self.ui.methodComboBox.currentText, "Search (needs no model)")
            slicer.util.loadScene(file)
        again = self.widget.request()
        self.assertEqual((again.settings, again.levels), (asked.settings, True))
        self.assertEqual(again.settings["network"], {"model": "tiny", "instance_optimization": "field", "steps": 7})
        self.assertEqual(self.ui.modelComboBox.currentText, "Small")
        model.weights().unlink()
        (model.folder / "card.json").unlink()
        self.widget.enter()
        self.assertEqual(self.ui.modelComboBox.currentText, "tiny (not installed here)")
        self.chooseTinyPair()
        self.assertRegex(self.ui.applyButton.toolTip, 'There is no model "tiny"')

    def test_a_model_is_imported_and_chosen(self):
        model = installModel("voxelmorph", "travelled", title="From elsewhere")
        with tempfile.TemporaryDirectory(prefix="Ordner ü ") as folder:
            there = Path(folder) / "travelled"
            model.folder.rename(there)
            self.ui.modelFilePathLineEdit.currentPath = str(there / "nothing")
            self.assertFalse(self.ui.importModelButton.enabled)
            self.ui.modelFilePathLineEdit.currentPath = str(there / "card.json")
            self.ui.importModelButton.click()
            self.waitUntilDone(60)
        self.assertEqual(self.errors, [])
        self.assertEqual(self.ui.statusLabel.text, "The model 'From elsewhere' is imported.")
        self.assertEqual(self.ui.methodComboBox.currentText, "VoxelMorph")
        self.assertEqual(self.ui.modelComboBox.currentText, "From elsewhere")
        self.assertTrue((self.models / "travelled" / "weights.safetensors").is_file())

    @slow
    def test_a_file_that_is_no_checkpoint_is_refused(self):
        file = self.models / "weights.pt"
        file.write_bytes(b"no weights at all")
        self.ui.modelFilePathLineEdit.currentPath = str(file)
        self.ui.importModelButton.click()
        self.waitUntilDone(60)
        self.assertRegex(self.errors[0], "neither a safetensors nor a torch file")
        self.assertEqual(sorted(path.name for path in self.models.iterdir()), ["weights.pt"])

    @slow
    def test_a_fit_is_plotted_while_it_runs_and_its_levels_can_be_seen(self):
        installModel("virnet", title="Tiny network")
        self.choosePhantom()
        self.choose("VIRNet")
        self.ui.fitComboBox.currentText = "Weights of the network"
        self.ui.fitStepsSpinBox.value = 12
        self.ui.makeLevelsCheckBox.checked = True
        self.parameters.device = type(self.parameters.device)("cpu")
        before = self.nodeIDs()
        self.ui.applyButton.click()
        self.assertTrue(self.widget.run.running, self.errors)
        host.wait(lambda: "landmark error" in self.ui.liveFitLabel.text or not self.widget.run.running, 120)
        self.assertRegex(self.ui.liveFitLabel.text, r"Step \d+: landmark error \d+\.\d\d mm, loss .*")
        self.assertRegex(self.ui.statusLabel.text, r"Fit to this pair \(about \d\.\d GB, ")
        self.assertEqual(self.shown(self.ui.liveFitFrame, self.ui.liveFitComboBox), [True, True])
        self.screenshotBelow("fit_at_work")
        self.ui.liveFitComboBox.currentText = "Loss"
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertEqual(self.shown(self.ui.liveFitFrame), [False])
        result = self.widget.inspect.result
        made = {node.GetID() for node in result.nodes()}
        extra = [slicer.mrmlScene.GetNodeByID(i) for i in self.nodeIDs() - before - made]
        self.assertEqual([n.GetName() for n in extra if n.IsA("vtkMRMLTableNode") or n.IsA("vtkMRMLPlotViewNode")], [])
        self.check_fit(result)
        self.check_levels(result)
        self.assertEqual(result.transform.GetAttribute("Correspond.Model"), "tiny")
        self.assertIn("for the network, by its last run here", self.ui.networkCostLabel.text)

    def check_fit(self, result):
        from LungRegistrationFace.tables import tableColumns

        columns = tableColumns(result.fitTable)
        fit = result.report["network"]["instance_optimization"]
        self.assertEqual(columns["Step"], list(range(fit["steps"] + 1)))
        np.testing.assert_allclose(columns["Landmark error (mm)"], fit["tre_mm"])
        self.assertRegex(self.ui.fitSummaryLabel.text, r"\d+ steps, fit of the weights\. Loss: .*Landmark error: ")
        self.ui.fitGroupBox.collapsed = False
        selection = slicer.app.applicationLogic().GetSelectionNode()
        for button, chart in ((self.ui.plotFitButton, result.fitChart), (self.ui.plotFitErrorButton, result.fitErrorChart)):
            button.click()
            self.assertEqual(selection.GetActivePlotChartID(), chart.GetID())
        self.screenshotBelow("fit_done")
        self.ui.plotFitErrorButton.click()

    def check_levels(self, result):
        """The chooser shows the moving image through each level, and the result again."""
        self.assertEqual([node.GetName() for node in result.levels], [f"Level {n} of 2 ({result.name})" for n in (1, 2)])
        box = self.ui.levelComboBox
        self.assertEqual(self.shown(box), [True])
        self.assertRegex(box.itemText(1), r"Level 1 of 2: landmark error \d+\.\d\d mm")
        composite = slicer.app.layoutManager().sliceWidget("Red").mrmlSliceCompositeNode()
        self.ui.jacobianModeButton.click()  # is the result's only: a level brings the blend
        distance = []
        for index in (1, 2):
            box.setCurrentIndex(index)
            shown = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
            self.assertEqual(shown.GetName(), "Through a level")
            distance.append(self.distance(shown, result.warped))
        self.screenshotBelow("level_2")
        self.ui.beforeButton.click()
        before = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID())
        self.assertEqual(before.GetName(), "Before registration")
        self.assertLess(distance[1], 0.2 * self.distance(before, result.warped))
        self.ui.beforeButton.click()
        box.setCurrentIndex(0)
        self.assertEqual(composite.GetForegroundVolumeID(), result.warped.GetID())
        return distance

    @staticmethod
    def distance(a, b):
        """Mean absolute difference of two volumes on one grid, HU."""
        return np.abs(slicer.util.arrayFromVolume(a).astype(float) - slicer.util.arrayFromVolume(b)).mean()

    def test_levels_and_the_course_of_a_fit_are_shown(self):
        """Of the files of a run; the levels are half of its field and all of it."""
        from LungRegistrationFace.result_loading import loadResult

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "results"
            shutil.copytree(resultFolder(), folder)
            field = sitk.ReadImage(str(folder / "fixed_to_moving.nrrd"))
            half = sitk.GetImageFromArray(0.5 * sitk.GetArrayFromImage(field), isVector=True)
            half.CopyInformation(field)
            sitk.WriteImage(half, str(folder / "level_1.nrrd"))
            sitk.WriteImage(field, str(folder / "level_2.nrrd"))
            report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
            fit = {"of": "weights", "steps": 2, "loss": [0.5, 0.3, 0.4], "tre_mm": [9.0, 6.0, 6.5]}
            levels = [{"tre_mm": 10.5}, {"tre_mm": 6.0}]
            report["network"] = {"instance_optimization": fit, "levels": levels}
            (folder / "report.json").write_text(json.dumps(report), encoding="utf-8")
            asked = request(self.choosePhantom())
            result = loadResult(folder, asked, asked.pairs())
        self.parameters.result = result.transform
        self.assertIn("0.5 → <b>0.3</b>. Landmark error: 9.00 → <b>6.00 mm</b>", self.ui.fitSummaryLabel.text)
        self.check_fit(result)
        half, whole = self.check_levels(result)
        self.assertGreater(half, 3 * whole)
        self.parameters.result = None
        self.assertEqual(self.shown(self.ui.levelComboBox, self.ui.fitGroupBox), [False, False])

    @slow
    def test_cancelling_a_fit_leaves_the_scene_as_it_was(self):
        self.choosePhantom()
        self.choose("VoxelMorph")
        self.ui.modelComboBox.currentText = "Untrained: fit to this pair"
        self.ui.fitComboBox.currentText = "Field"
        self.ui.fitStepsSpinBox.value = 5000
        self.size(*SIZE)
        before = self.nodeIDs()
        self.ui.applyButton.click()
        host.wait(lambda: self.ui.liveFitLabel.text.startswith("Step") or not self.widget.run.running, 120)
        self.assertTrue(self.widget.run.running, self.errors)
        self.ui.cancelButton.click()
        self.waitUntilDone(20)
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.shown(self.ui.liveFitFrame), [False])

    @slow
    def test_too_large_a_size_is_refused_and_leaves_the_scene_as_it_was(self):
        self.choosePhantom()
        self.choose("VoxelMorph")
        self.ui.modelComboBox.currentText = "Untrained: fit to this pair"
        self.ui.fitComboBox.currentText = "Weights of the network"
        self.size(512, 512, 512)
        before = self.nodeIDs()
        with mock.patch("LungRegistrationFace.section_network.available_memory_gb", return_value=3.0):
            self.parameters.device = type(self.parameters.device)("cpu")
        self.assertIn("Only 3.0 GB are free", self.ui.networkCostLabel.text)
        self.screenshot("method_too_large")
        self.ui.applyButton.click()
        self.waitUntilDone()
        self.assertRegex(self.errors[0], "needs about 18[89].* GB of memory at 512 x 512 x 512 voxels.*search")
        self.assertEqual(self.nodeIDs(), before)

    def test_memory_that_runs_out_in_the_middle_of_a_fit_leaves_the_scene_as_it_was(self):
        """The child process is a stand-in whose graphics card is full after three steps."""
        self.chooseTinyPair()
        self.choose("VIRNet")
        self.ui.modelComboBox.currentText = "Untrained: fit to this pair"
        self.ui.fitComboBox.currentText = "Field"
        (self.models / "LungRegistrationLib").mkdir()
        (self.models / "LungRegistrationLib" / "__init__.py").touch()
        (self.models / "LungRegistrationLib" / "cli.py").write_text(FULL_AFTER_THREE_STEPS, encoding="utf-8")
        before = self.nodeIDs()
        with mock.patch("LungRegistrationFace.background.MODULE_FOLDER", self.models):
            self.ui.applyButton.click()
        seen = []
        host.wait(lambda: seen.append(self.ui.liveFitLabel.text) or not self.widget.run.running, 60)
        self.assertIn("Step 2: landmark error 2.50 mm, loss 0.25", seen)
        self.assertRegex(self.errors[0], "Memory does not suffice.*choose the device cpu.*CUDA out of memory")
        self.assertEqual(self.nodeIDs(), before)
        self.assertEqual(self.shown(self.ui.liveFitFrame), [False])
        self.assertTrue(self.ui.applyButton.enabled)

    def test_the_copied_texts_name_the_network(self):
        from LungRegistrationFace.repeat import asPython

        installModel("virnet")
        self.chooseTinyPair()
        self.choose("VIRNet")
        self.ui.makeLevelsCheckBox.checked = True
        self.ui.sizeXSpinBox.value = self.ui.sizeYSpinBox.value = self.ui.sizeZSpinBox.value = 64
        text = asPython(self.widget.request())
        self.assertIn("settings={'method': 'virnet', 'network': {'size_xyz': [64, 64, 64]}}", text)
        self.assertIn("levels=True", text)
        with tempfile.TemporaryDirectory() as folder:
            arguments = self.widget.request().write(Path(folder))
            chosen = Path(arguments[arguments.index("--settings") + 1]).read_text(encoding="utf-8")
        self.assertIn("--levels", arguments)
        self.assertIn('"virnet"', chosen)


if __name__ == "__main__":
    unittest.main()
