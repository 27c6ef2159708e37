"""The list of segmentation networks: shipped ones, and the user's own."""

from html import escape

from slicer.i18n import tr as _

from TAVIFusionLib.vessel_finder import installed_models


class ModelList:
    """Fills a combo box with the installed networks, and keeps the choice in the parameter node's `network`."""

    def __init__(self, box, parameters):
        self.box, self._parameters = box, parameters
        self._filling, self._shown = False, None
        box.connect("currentIndexChanged(int)", self._onChosen)

    def refresh(self, models):
        """Show these models (Model), and the choice; a first entry leaves the choice to the field of view."""
        chosen = self._parameters().network
        entries = {"": _("That of the field of view") if models else _("None is installed")}
        entries |= {model.id: model.card["title"] for model in models}
        if chosen not in entries:
            entries[chosen] = _("{name} (not installed here)").format(name=chosen)
        if (entries, chosen) == self._shown:
            return
        self._filling = True
        try:
            self.box.clear()
            for network, title in entries.items():
                self.box.addItem(title, network)
            self.box.setCurrentIndex(list(entries).index(chosen))
        finally:
            self._filling = False
        self._shown = entries, chosen

    def _onChosen(self, index):
        if not self._filling and index >= 0 and self._parameters() is not None:
            self._shown = None
            self._parameters().network = self.box.itemData(index)


def networks():
    """The segmentation networks that are installed."""
    return installed_models("dru_net")


def suiting(models, p):
    """Those of these networks that Segment would use: the chosen one, or those of the field of view; for "auto" all."""
    if p.network:
        return [model for model in models if model.id == p.network]
    field = p.field.value
    return [model for model in models if field == "auto" or model.card.get("field_of_view") == field]


def startOf(models, p):
    """The id of the network that a fine-tuning starts from: the chosen one, or the only one that suits; else empty."""
    found = suiting(models, p)
    return found[0].id if len(found) == 1 else ""


def about(model):
    """Title, what it was trained on, and what it reached, in a line."""
    card = model.card
    parts = [card.get("description") or card["title"]]
    if card.get("trained_on"):
        parts.append(_("trained on {data}").format(data=card["trained_on"]))
    training = card.get("training") or {}
    reached = (training.get("validation") or {}).get("dsc")
    if reached is not None:
        parts.append(_("DSC {dsc:.2f} on {frames}").format(dsc=reached, frames=training.get("judged_on") or _("other frames")))
    return escape(" · ".join(parts))
