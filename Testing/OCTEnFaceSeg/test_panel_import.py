"""A lesion without a model: the panel says why, and imports one, clicked."""

import os
import shutil
import tempfile
from pathlib import Path
from unittest import mock

from Testing.marks import slow
from Testing.OCTEnFaceSeg.panel import PanelTestCase

import slicer  # isort: skip

NETWORK = {"name": "fpn", "channels": [2, 2, 2, 2, 2]}


def saveModel(folder, lesion):
    """A model that learned nothing, in a folder that is not the user's; returns the model's folder."""
    from CorrespondCoreLib.checkpoints import save_model
    from CorrespondCoreLib.models import ModelStore
    from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork

    card = {"id": "travelled", "title": "From elsewhere", "method": "fpn", "network": NETWORK, "lesion": lesion, "version": "1"}
    card["description"] = "It learned nothing."
    return save_model(FeatureProjectionNetwork(NETWORK["channels"]), card, ModelStore(user_folder=folder)).folder


class ImportTest(PanelTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="models é ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.models = self.folder / "models"
        models = mock.patch.dict(os.environ, CORRESPOND_MODELS=str(self.models))
        models.start()
        self.addCleanup(models.stop)
        super().setUp()
        self.ui.lesionComboBox.currentText = "Reticular pseudodrusen (RPD)"
        self.ui.importModelGroupBox.collapsed = False
        self.addCleanup(self.leave)

    def leave(self):
        self.ui.modelFilePathLineEdit.currentPath = ""
        self.ui.importModelGroupBox.collapsed = True

    def test_the_panel_says_why_no_model_comes_along_and_what_to_do(self):
        self.assertRegex(self.ui.modelLabel.text, r"reached a Dice of 0\.75 .*marked 77 % of a real scan")
        self.assertRegex(self.ui.modelLabel.text, "correspond oct train --config rpd_default .* import one below")
        self.parameters.volume = self.addEye()
        self.assertFalse(self.ui.applyButton.enabled)
        self.assertRegex(self.ui.applyButton.toolTip, r"Dice of 0\.75 .*Train one \(correspond oct train\) or import one")
        self.screenshot("oct_no_model")
        self.ui.lesionComboBox.currentText = "Geographic atrophy (GA)"
        self.assertTrue(self.ui.applyButton.enabled)

    def test_a_model_is_imported_and_chosen(self):
        there = saveModel(self.folder / "elsewhere", "rpd")
        self.parameters.volume = self.addEye()
        self.ui.modelFilePathLineEdit.currentPath = str(there / "nothing")
        self.assertFalse(self.ui.importModelButton.enabled)
        self.ui.modelFilePathLineEdit.currentPath = str(there / "card.json")
        self.assertFalse(self.ui.checkpointNetworkComboBox.enabled)
        self.ui.importModelButton.click()
        self.assertFalse(self.ui.importModelButton.enabled)
        self.waitUntilDone(60)
        self.assertEqual(self.errors, [])
        self.assertEqual(self.ui.statusLabel.text, "The model 'From elsewhere' is imported.")
        self.assertEqual(self.ui.modelComboBox.currentText, "From elsewhere")
        self.assertEqual((self.parameters.lesion.value, self.parameters.models), ("rpd", "travelled"))
        self.assertEqual(self.ui.modelLabel.text, "It learned nothing.")
        self.assertTrue(self.ui.applyButton.enabled and self.ui.importModelButton.enabled)
        self.assertTrue((self.models / "travelled" / "weights.safetensors").is_file())

    @slow
    def test_weights_of_the_original_code_are_imported_for_the_chosen_lesion(self):
        from safetensors.torch import save_file

        from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork
        from OCTEnFaceSegLib.networks.original_fpn import original_name

        state = {original_name(name): value.contiguous() for name, value in FeatureProjectionNetwork().state_dict().items()}
        save_file(state, self.folder / "night.safetensors")
        self.ui.modelFilePathLineEdit.currentPath = str(self.folder / "night.safetensors")
        self.assertTrue(self.ui.checkpointNetworkComboBox.enabled)
        self.ui.checkpointNetworkComboBox.currentText = "ReSensNet"
        self.ui.importModelButton.click()
        self.waitUntilDone(60)
        self.assertRegex(self.errors.pop(), "ReSensNet")
        self.assertFalse(self.models.exists() and any(self.models.iterdir()))
        self.ui.checkpointNetworkComboBox.currentText = "Feature projection network"
        self.ui.importModelButton.click()
        self.waitUntilDone(60)
        self.assertEqual(self.errors, [])
        self.assertEqual(self.parameters.models, "fpn-rpd-night")

    def test_the_console_imports_what_is_no_lesion_of_the_panel(self):
        there = saveModel(self.folder / "elsewhere", "drusen")
        archive = shutil.make_archive(str(self.folder / "packed"), "zip", there)
        self.assertEqual(self.widget.logic.importModel(archive)["lesion"], "drusen")
        self.assertEqual(self.parameters.models, "")
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLVolumeNode"), 0)
