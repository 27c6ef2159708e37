"""The part of the Method section that belongs to networks: models, their cards, import, and what a run will take."""

from pathlib import Path

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.process_usage import available_memory_gb
from LungRegistrationLib.learned.models import installed
from LungRegistrationLib.learned.network_memory import needed_network_gb
from LungRegistrationLib.network_settings import UNTRAINED

from .model_text import cardLine, cardToolTip
from .run_pace import timeText


class NetworkSection:
    """Shows what the chosen method needs to know, and hides the rest."""

    def __init__(self, ui, parameters, onImport):
        """parameters: returns the parameter node or None; onImport: called with the path of what shall be imported."""
        self.ui, self._parameters = ui, parameters
        self._filling = False
        self._listed = None  # method and models that the box shows
        self._ofSearch = (ui.presetLabel, ui.presetComboBox, ui.similarityLabel, ui.similarityComboBox)
        self._ofSearch += (ui.regularizerLabel, ui.regularizerComboBox)
        self._sizes = (ui.sizeXSpinBox, ui.sizeYSpinBox, ui.sizeZSpinBox)
        self._ofNetworks = (ui.modelLabel, ui.modelComboBox, ui.modelCardLabel, ui.fitLabel, ui.fitComboBox, ui.networkCostLabel)
        self._ofNetworks += (ui.sizeLabel, *self._sizes, ui.importModelGroupBox, ui.makeLevelsCheckBox)
        ui.modelComboBox.connect("currentIndexChanged(int)", self._onModelChosen)
        ui.modelFilePathLineEdit.connect("currentPathChanged(QString)", self._onFileChanged)
        ui.importModelButton.connect("clicked()", lambda: onImport(ui.modelFilePathLineEdit.currentPath))

    def refresh(self, request):
        """Show the parameter node's choice; `request`: what the panel asks for."""
        parameters = self._parameters()
        method = parameters.method.value
        network = method != "search"
        for widget in self._ofSearch:
            widget.visible = not network
        for widget in self._ofNetworks:
            widget.visible = network
        fitted = network and parameters.instanceOptimization.value != "none"
        self.ui.fitStepsLabel.visible = self.ui.fitStepsSpinBox.visible = fitted
        if network:
            self._fillModels(method, getattr(parameters, f"{method}Model"))
            self._describe(request)

    def look(self):
        """Look for models on disk again at the next refresh: some may have been trained, imported or deleted."""
        self._listed = None

    def _fillModels(self, method, chosen):
        """The models in the box, with a first entry that says so where none can be taken for granted."""
        if self._listed is None or self._listed[0] != method:
            self._listed = (method, {model.id: model for model in installed(method)})
        models = self._listed[1]
        entries = {model_id: model.card["title"] for model_id, model in models.items()}
        entries[UNTRAINED] = _("Untrained: fit to this pair")
        if len(models) != 1:
            entries = {"": _("Choose a model…") if models else _("No model installed")} | entries
        if chosen and chosen not in entries:
            entries = {chosen: _("{name} (not installed here)").format(name=chosen)} | entries
        shown = chosen if chosen in entries else next(iter(entries))
        box = self.ui.modelComboBox
        self._filling = True
        try:
            box.clear()
            for model_id, title in entries.items():
                box.addItem(title, model_id)
            box.setCurrentIndex(list(entries).index(shown))
        finally:
            self._filling = False

    def _onModelChosen(self, index):
        parameters = self._parameters()
        if not self._filling and parameters is not None and index >= 0:
            setattr(parameters, f"{parameters.method.value}Model", self.ui.modelComboBox.itemData(index))

    def _describe(self, request):
        """The card of the chosen model, and what the run will take; what cannot run is said by Apply."""
        self.ui.modelCardLabel.text = self.ui.modelCardLabel.toolTip = self.ui.networkCostLabel.text = ""
        try:
            plan = request.plan()
        except InputError as error:
            self.ui.networkCostLabel.text = str(error)
            self.ui.modelCardLabel.visible = False
            return
        self.ui.modelCardLabel.visible = plan.model is not None
        if plan.model is not None:
            self.ui.modelCardLabel.text, self.ui.modelCardLabel.toolTip = cardLine(plan.model), cardToolTip(plan.model)
        for spinBox in self._sizes:
            spinBox.singleStep = plan.multiple
        settings = request.allSettings()
        needed = needed_network_gb(settings.method, plan.kind.size_xyz, settings.network.instance_optimization)
        texts = (_memory(needed, plan.kind.size_xyz, request.device), timeText(plan, settings, request.device))
        self.ui.networkCostLabel.text = " ".join(texts)

    def _onFileChanged(self, path):
        self.ui.importModelButton.enabled = bool(str(path).strip()) and Path(path).exists()


def _memory(needed_gb, size_xyz, device):
    """What the run will take of memory, in words."""
    size = " x ".join(map(str, size_xyz))
    text = _("About {gb:.1f} GB of memory at {size} voxels.").format(gb=needed_gb, size=size)
    if device in ("auto", "cpu"):
        free = available_memory_gb()
        if needed_gb > free and device == "cpu":
            text += " " + _("<b>Only {gb:.1f} GB are free:</b> choose a smaller size or no fit.").format(gb=free)
        else:
            text += " " + _("{gb:.1f} GB are free on this computer.").format(gb=free)
    return text
