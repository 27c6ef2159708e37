"""The Fine-tune section: scans with corrected masks are collected in a folder, and a model is fitted to them."""

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from CorrespondCoreLib.panel.live_curve import LiveCurve
from OCTEnFaceSegLib.fine_tuning.training_set import read_training_set
from OCTEnFaceSegLib.results import title_of

from .section_method import installed
from .tuning import addToTrainingSet


class TuningSection:
    """Collects the training set and starts the fine-tuning; how it goes is plotted below."""

    def __init__(self, ui, result, parameters, showError, onTune):
        """result: returns the chosen SegmentationResult or None; parameters: returns the parameter node; onTune: called without
        arguments when the user wants to begin."""
        self.ui, self._result, self._parameters, self._showError = ui, result, parameters, showError
        self._known = None
        self._running = False
        curves = {"dice": (_("Dice"), _("Dice {:.3f}")), "loss": (_("Loss"), _("loss {:.3g}"))}
        shown = ui.tuningCurveFrame, ui.tuningCurveLabel, ui.tuningCurveComboBox
        self.curve = LiveCurve(*shown, "OCTEnFaceSegTuning", curves)
        ui.tuningFolderPathLineEdit.connect("currentPathChanged(QString)", self._onFolder)
        ui.tuningAddButton.connect("clicked()", self._onAdd)
        ui.tuneButton.connect("clicked()", onTune)
        ui.tuneCancelButton.enabled = False

    def refresh(self, running=False):
        """Say what the set holds, offer the models for its lesion, enable what can be done."""
        self._running = running
        result, folder = self._result(), str(self.ui.tuningFolderPathLineEdit.currentPath).strip()
        self._known = self._read(folder)
        count = self._known.count if self._known is not None else 0
        self.ui.tuningAddButton.enabled = bool(folder) and result is not None and result.bruch is not None and not running
        self.ui.tuningPatientLineEdit.placeholderText = self._known.next_patient() if self._known is not None else ""
        self._fillModels(self._lesion())
        model = self.ui.tuningModelComboBox.currentIndex >= 0
        self.ui.tuneButton.enabled = bool(count and model and not running)
        if not folder:
            self.ui.tuningSetLabel.text = _("Choose a folder for the scans and masks that the network shall learn.")
        elif not count:
            self.ui.tuningSetLabel.text = _("The folder holds no scan with a mask yet. Correct a mask, then add it.")
        else:
            text = _("{lesion}: {scans} scans, {patients} patients.").format(
                lesion=title_of(self._lesion()), scans=count, patients=len(self._known.scans)
            )
            if len(self._known.scans) == 1:
                text += " " + _("With scans of a second patient the new model is judged on an eye that it did not learn.")
            if not model:
                text += " " + _("No model for this lesion is installed that could be fine-tuned.")
            self.ui.tuningSetLabel.text = text

    def chosen(self):
        """What the fine-tuning shall be: arguments of OCTEnFaceSegLogic.startFineTuning."""
        box = self.ui.tuningModelComboBox
        return {
            "model": box.itemData(box.currentIndex),
            "folder": self.ui.tuningFolderPathLineEdit.currentPath,
            "title": self.ui.tuningTitleLineEdit.text.strip(),
            "steps": self.ui.tuningStepsSpinBox.value,
        }

    def _read(self, folder):
        try:
            return read_training_set(folder) if folder else None
        except InputError as error:
            self._showError(str(error))
            return None

    def _lesion(self):
        """Of the set, else of the chosen result, else of the Method section."""
        if self._known is not None and self._known.lesion:
            return self._known.lesion
        result, p = self._result(), self._parameters()
        return result.lesion if result is not None else p.lesion.value if p is not None else ""

    def _fillModels(self, lesion):
        models = {model.id: model.card["title"] for model in installed(lesion)}
        box = self.ui.tuningModelComboBox
        if [box.itemData(i) for i in range(box.count)] == list(models):
            return
        chosen = box.itemData(box.currentIndex) if box.currentIndex >= 0 else None
        box.clear()
        for key, title in models.items():
            box.addItem(title, key)
        box.currentIndex = list(models).index(chosen) if chosen in models else 0 if models else -1

    def _onFolder(self, _path=None):
        self.refresh(self._running)

    def _onAdd(self):
        result = self._result()
        try:
            patient = self.ui.tuningPatientLineEdit.text.strip()
            place = addToTrainingSet(result, self.ui.tuningFolderPathLineEdit.currentPath, patient)
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.tuningFolderPathLineEdit.addCurrentPathToHistory()
        self.ui.tuningPatientLineEdit.text = ""
        self.refresh(self._running)
        self.ui.tuningStatusLabel.text = _("Added as a scan of {patient}.").format(patient=place.parent.name)
