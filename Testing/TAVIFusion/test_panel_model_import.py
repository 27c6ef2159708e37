"""The fusion panel, clicked: a network is imported by the button beside the choice of the network."""

import os
import tempfile
from pathlib import Path
from unittest import mock

from Testing.TAVIFusion.panel import PanelTestCase


class ModelImportTest(PanelTestCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="Ordner ü ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        models = mock.patch.dict(os.environ, {"CORRESPOND_MODELS": str(self.folder / "models")})
        models.start()
        self.addCleanup(models.stop)

    def importFile(self, path):
        with mock.patch("qt.QFileDialog.getOpenFileName", return_value=str(path), create=True):
            self.ui.importModelButton.click()
        if self.running():
            self.assertFalse(self.ui.importModelButton.enabled)
            self.waitUntilDone(60)
        self.assertTrue(self.ui.importModelButton.enabled)

    def test_a_model_is_imported_and_chosen(self):
        from CorrespondCoreLib.models import ModelStore
        from Testing.TAVIFusion.frame_examples import small_model

        self.addRun()
        self.importFile("")  # the user has closed the dialog
        self.assertFalse(self.running())
        card = small_model("From elsewhere", ModelStore(user_folder=self.folder / "elsewhere")).folder / "card.json"
        self.ui.methodComboBox.currentIndex = 1
        self.importFile(card)
        self.assertEqual(self.errors, [])
        self.assertEqual(self.ui.statusLabel.text, "The network 'From elsewhere' is imported and chosen.")
        self.assertEqual(self.ui.networkComboBox.currentText, "From elsewhere")
        self.assertEqual(self.ui.methodComboBox.currentIndex, 0)
        self.assertTrue(self.ui.applyButton.enabled, self.ui.applyButton.toolTip)
        self.assertTrue((self.folder / "models" / "from-elsewhere" / "weights.safetensors").is_file())
        self.screenshot("tavi_model_imported")

    def test_weights_are_for_the_field_of_view_that_is_chosen(self):
        from CorrespondCoreLib.models import ModelStore
        from Testing.TAVIFusion.frame_examples import small_model

        weights = small_model("A", ModelStore(user_folder=self.folder / "elsewhere")).weights()
        self.parameters.field = type(self.parameters.field)("lower")
        self.importFile(weights.rename(self.folder / "mine.safetensors"))
        self.assertEqual(self.errors, [])
        self.assertEqual(self.parameters.network, "dru-net-mine")
        self.assertEqual(ModelStore().get("dru-net-mine").card["field_of_view"], "lower")

    def test_what_is_no_network_for_frames_is_refused(self):
        from CorrespondCoreLib.models import ModelStore
        from Testing.TAVIFusion.frame_examples import small_model

        no_weights = self.folder / "weights.pt"
        no_weights.write_bytes(b"no weights at all")
        model = small_model("Damaged", ModelStore(user_folder=self.folder / "elsewhere"))
        model.weights().write_bytes(model.weights().read_bytes()[:-5])
        for path, words in ((no_weights, "neither a safetensors nor a torch file"), (model.folder / "card.json", "corrupt")):
            self.importFile(path)
            self.assertIn(words, self.errors.pop())
        self.assertEqual((self.parameters.network, (self.folder / "models").exists()), ("", False))
