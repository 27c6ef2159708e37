"""Where the network looked in a frame (Grad-CAM): what is asked for, and the maps that are kept with the run."""

from dataclasses import dataclass

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError

from .request_files import writeRun
from .requests import Request, checkRun, texts
from .result_loading import addMaps, allOrNothing, framesIn
from .results import maskedFrames, resultsOf


@dataclass
class AttentionRequest(Request):
    """Explain the segmentation of a frame.

    Attributes:
        frame: index.
        layer: of the network, see TAVIFusionLib.grad_cam.attention_map.
    """

    frame: int = 0
    layer: str = "bridge"

    def check(self):
        checkRun(self.run)
        if self.frame not in maskedFrames(self.run) or not networkOf(self.run):
            raise InputError(_("Segment this frame with a trained network first: it is the network that looked."))
        super().check()

    def write(self, folder):
        """Write the run and the settings, and return the arguments of `correspond tavi attention` (all but --output)."""
        arguments = [*writeRun(self.run, folder, "run"), "--frame", self.frame, "--layer", self.layer]
        return texts([*arguments, *self._common(folder)])


def networkOf(run):
    """The id of the network that segmented a run; empty where no network did."""
    masks = resultsOf(run).masks
    by_network = masks is not None and masks.GetAttribute("Correspond.Method") == "network"
    return (masks.GetAttribute("Correspond.Model") or "") if by_network else ""


def loadAttention(folder, request):
    """Keep the map that `correspond tavi attention` has written with its frame. Returns RunResults."""
    maps, first = framesIn(folder / "attention.nrrd")
    results = resultsOf(request.run)
    with allOrNothing():
        addMaps(results, "attention", _("Attention"), maps, first)
    return results


def attentionOfFrame(run, frame):
    """(rows, columns): where the network looked in a frame, or None."""
    sequence = resultsOf(run).attention
    node = sequence.GetDataNodeAtValue(run.GetNthIndexValue(frame)) if sequence is not None else None
    return slicer.util.arrayFromVolume(node)[0] if node is not None else None
