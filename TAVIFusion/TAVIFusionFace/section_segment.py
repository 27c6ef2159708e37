"""The Segment section: what the chosen method is, and whether it can work."""

from slicer.i18n import tr as _

from TAVIFusionLib.vessel_finder import installed_models

from .labels import say
from .parameters import Frames, Method
from .requests import SegmentRequest
from .run_nodes import frameIndex, isRun


class SegmentSection:
    """Says what the network is; asks for what the panel means."""

    def __init__(self, ui, parameters):
        self.ui, self._parameters = ui, parameters

    def rest(self):
        """Nothing is held."""

    def refresh(self):
        """Show what is known of the method."""
        p = self._parameters()
        self.ui.fieldComboBox.enabled = self.ui.deviceComboBox.enabled = p.method == Method.NETWORK
        say(self.ui.methodLabel, self._about(p))

    def request(self):
        """What Segment is asked for."""
        p = self._parameters()
        frame = frameIndex(p.run) if isRun(p.run) else 0
        return SegmentRequest(
            run=p.run,
            method=p.method.value,
            fieldOfView=p.field.value,
            threshold=p.threshold,
            device=p.device.value,
            threads=p.threads,
            frames=(frame, frame) if p.frames == Frames.CURRENT else None,
        )

    @staticmethod
    def _about(p):
        if p.method == Method.VESSELNESS:
            return _("A filter for dark tubes, without any network. It finds catheters and bones, too: look closely.")
        models = installed(p.field.value)
        if not models:
            return _("No network for this field of view is installed. Import one with: correspond models import FOLDER")
        return "\n".join(model.card.get("description") or model.card["title"] for model in models)


def installed(field):
    """The segmentation networks for a field of view, shipped and the user's own; for "auto" all of them."""
    return [m for m in installed_models("dru_net") if field == "auto" or m.card.get("field_of_view") == field]
