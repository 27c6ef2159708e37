"""The Segment section: what the chosen method is, and whether it can work."""

from slicer.i18n import tr as _

from .labels import say
from .model_list import ModelList, about, networks, suiting
from .parameters import Frames, Method
from .requests import SegmentRequest, segmentationOptions
from .run_nodes import frameIndex, isRun

MATCHING = "matching"


class SegmentSection:
    """Says what the network is; asks for what the panel means."""

    def __init__(self, ui, parameters):
        self.ui, self._parameters = ui, parameters
        self._list = ModelList(ui.networkComboBox, parameters)

    def rest(self):
        """Nothing is held."""

    def refresh(self):
        """Show what is known of the method."""
        p = self._parameters()
        by_network, models = p.method == Method.NETWORK, networks()
        self.ui.networkComboBox.enabled = self.ui.deviceComboBox.enabled = by_network
        self.ui.fieldComboBox.enabled = by_network and not p.network
        self._list.refresh(models)
        say(self.ui.methodLabel, self._about(p, suiting(models, p)))

    def request(self):
        """What Segment is asked for."""
        p = self._parameters()
        frame = frameIndex(p.run) if isRun(p.run) else 0
        return SegmentRequest(
            run=p.run,
            **segmentationOptions(p),
            frames=(frame, frame) if p.frames == Frames.CURRENT else None,
        )

    def showImported(self, card):
        """Choose the network that was imported (its card). Returns what was imported, in a sentence."""
        p = self._parameters()
        if card["network"]["name"] == MATCHING:
            return _("The model '{name}' is imported. It matches masks for the paper's affine map.").format(name=card["title"])
        p.method, p.network = Method.NETWORK, card["id"]
        return _("The network '{name}' is imported and chosen.").format(name=card["title"])

    @staticmethod
    def _about(p, models):
        """What the method is; models: those that Segment would use."""
        if p.method == Method.VESSELNESS:
            return _("A filter for dark tubes, without any network. It finds catheters and bones, too: look closely.")
        if not models:
            return _("No network for this field of view is installed. Import one above, or choose the vesselness filter.")
        return "\n".join(about(model) for model in models)
