"""The Fine-tune section, clicked: masks are collected, a model is fitted to them and chosen; Cancel leaves none."""

import os
import tempfile
from pathlib import Path
from unittest import mock

from Testing import host
from Testing.marks import slow
from Testing.OCTEnFaceSeg.panel import PanelTestCase, eye

import slicer  # isort: skip

NETWORK = {"name": "fpn", "channels": [4, 4, 4, 4, 4]}


def saveNarrowModel():
    """A model that learned nothing yet, in the user's folder of models."""
    from CorrespondCoreLib.checkpoints import save_model
    from CorrespondCoreLib.models import ModelStore
    from OCTEnFaceSegLib.training.config import TrainingConfig
    from OCTEnFaceSegLib.training.trainer import make_network

    card = {"id": "narrow", "title": "Narrow FPN", "method": "fpn", "network": NETWORK, "lesion": "ga", "version": "1"}
    save_model(make_network(TrainingConfig(title="Narrow FPN", network=NETWORK)), card, ModelStore())


class TuningTest(PanelTestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="tuning é ")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        models = mock.patch.dict(os.environ, CORRESPOND_MODELS=str(self.folder / "models"))
        models.start()
        self.addCleanup(models.stop)
        super().setUp()
        self.addCleanup(self.leave)

    def leave(self):
        self.ui.tuningFolderPathLineEdit.currentPath = self.ui.tuningStatusLabel.text = ""
        self.ui.tuningStepsSpinBox.value = 200
        self.ui.tuningCollapsibleButton.collapsed = True

    def test_masks_are_collected_and_a_model_is_fitted_to_them(self):
        self.assertIn("Choose a folder", self.ui.tuningSetLabel.text)
        self.assertFalse(self.ui.tuneButton.enabled)
        self.assertFalse(self.ui.tuningAddButton.enabled)
        saveNarrowModel()
        self.ui.tuningFolderPathLineEdit.currentPath = str(self.folder / "set")
        for visit in (0, 1):
            self.segmented(visit)
            self.ui.tuningAddButton.click()
            self.assertEqual(self.ui.tuningStatusLabel.text, f"Added as a scan of patient_00{visit + 1}.")
        self.assertEqual(self.errors, [])
        self.assertIn("Geographic atrophy: 2 scans, 2 patients", self.ui.tuningSetLabel.text)
        self.ui.tuningModelComboBox.currentText = "Narrow FPN"
        self.ui.tuningStepsSpinBox.value = 3
        self.ui.tuningTitleLineEdit.text = "Mine é"
        self.ui.tuneButton.click()
        self.assertFalse(self.ui.tuneButton.enabled)
        self.assertTrue(self.ui.tuneCancelButton.enabled)
        self.waitUntilDone()
        self.assertEqual(self.errors, [])
        self.assertIn(
            "Fine-tuned on 1 scan of 1 patient of the user. Dice on 1 scan of 1 other patient", self.ui.tuningStatusLabel.text
        )
        self.assertEqual(self.ui.modelComboBox.currentText, "Mine é")
        self.assertEqual((self.parameters.models, self.parameters.method.value), ("narrow-tuned", "network"))
        self.assertIn("Fine-tuned on", self.ui.modelLabel.text)
        self.assertNotIn("The model is for", self.ui.modelLabel.text)
        self.assertRegex(self.ui.tuningCurveLabel.text, r"Step 3: Dice .*, loss ")
        self.assertTrue(self.ui.tuneButton.enabled)
        for button in (self.ui.scanCollapsibleButton, self.ui.inspectCollapsibleButton, self.ui.measuresCollapsibleButton):
            button.collapsed = True
        self.parameters.volume = self.widget.inspect.result.scan
        self.widget.inspect.show()
        self.ui.tuningCollapsibleButton.collapsed = False
        self.screenshot("oct_tuning")
        slicer.mrmlScene.Clear()
        self.assertFalse(self.ui.tuningCurveFrame.isVisibleTo(self.ui.tuningCurveFrame.parent()))
        self.assertEqual(slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLPlotSeriesNode"), 0)

    @slow
    def test_cancel_leaves_no_model(self):
        from CorrespondCoreLib.models import ModelStore
        from OCTEnFaceSegLib.fine_tuning.training_set import add_to_training_set
        from OCTEnFaceSegLib.projections import filled

        saveNarrowModel()
        add_to_training_set(self.folder / "set", "", eye().scan, eye().ga, filled(eye().layers["BM"]), "ga")
        self.ui.tuningFolderPathLineEdit.currentPath = str(self.folder / "set")
        self.assertIn("second patient", self.ui.tuningSetLabel.text)
        self.ui.tuneButton.click()
        host.wait(lambda: self.ui.tuningCurveLabel.text.startswith("Step 1") or not self.widget.run.running, 120)
        self.ui.tuneCancelButton.click()
        self.waitUntilDone()
        self.assertEqual([model.id for model in ModelStore().available()[0]], ["narrow"])
        self.assertEqual(self.errors, [])
        self.assertFalse(self.ui.tuneCancelButton.enabled)
