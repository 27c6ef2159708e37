"""The Method section: lesion, method, and the models that are installed for them."""

from slicer.i18n import tr as _

from CorrespondCoreLib.models import ModelStore, mismatches
from CorrespondCoreLib.mrml import image_from_volume
from OCTEnFaceSegLib.lesion_models import SHIPPED, why_none

from .parameters import Lesion, Method


class MethodSection:
    """Keeps the list of models in step with the lesion, and says what the chosen one is."""

    def __init__(self, ui, parameters):
        self.ui, self._parameters = ui, parameters
        self._filling = False
        ui.modelComboBox.connect("currentIndexChanged(int)", self._onModel)

    def refresh(self):
        """Offer what fits the lesion; hypertransmission is for atrophy only and needs no model."""
        p = self._parameters()
        network = p.method == Method.NETWORK
        self.ui.modelComboBox.enabled = network
        models = installed(p.lesion.value) if network else []
        self._fill(models, p)
        self.ui.modelLabel.text = self._about(models, p)

    def _fill(self, models, p):
        wanted = [*([("", _("All of them, averaged"))] if len(models) > 1 else []), *((m.id, m.card["title"]) for m in models)]
        self._filling = True
        try:
            self.ui.modelComboBox.clear()
            for key, title in wanted:
                self.ui.modelComboBox.addItem(title, key)
            keys = [key for key, _title in wanted]
            self.ui.modelComboBox.currentIndex = keys.index(p.models) if p.models in keys else 0 if keys else -1
        finally:
            self._filling = False

    def _onModel(self, index):
        if not self._filling and index >= 0:
            self._parameters().models = self.ui.modelComboBox.itemData(index)

    def _about(self, models, p):
        if p.method == Method.HYPERTRANSMISSION:
            if p.lesion != Lesion.GA:
                return _("Hypertransmission finds geographic atrophy only. Choose GA, or a trained network.")
            return _("Without any network: brightness below the pigment epithelium. Look closely at what it finds.")
        if not models:
            return _noModel(p.lesion.value)
        chosen = [model for model in models if not p.models or model.id == p.models]
        lines = [model.card.get("description", "") for model in chosen]
        if p.volume is not None:
            image = image_from_volume(p.volume)
            lines += sorted({text for model in chosen for text in mismatches(model.card.get("domain") or {}, image, "OCT")})
        return "\n".join(line for line in lines if line)


def _noModel(lesion):
    """Why there is none, and what can be done."""
    way = _(
        "Train one (correspond oct train --config {lesion}_default --output FOLDER, model in FOLDER/models), or import one below."
    )
    return f"{_('No trained model for this lesion is installed.')}{why_none(lesion)} {way.format(lesion=lesion)}"


def installed(lesion):
    """The models for a lesion, shipped and the user's own."""
    return [model for model in ModelStore([SHIPPED]).available()[0] if model.card.get("lesion") == lesion]
