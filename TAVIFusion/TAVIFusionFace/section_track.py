"""The Track section: the model follows the frames; the curve of its motion."""

from slicer.i18n import tr as _

from .labels import say
from .requests import TrackRequest, segmentationOptions
from .results import resultsOf
from .run_nodes import frameCount, isRun


class TrackSection:
    """Asks for what the panel means, and says how many frames could be followed."""

    def __init__(self, ui, parameters, busy):
        self.ui, self._parameters, self._busy = ui, parameters, busy

    def rest(self):
        """Nothing is held."""

    def refresh(self):
        """Show what can be done, and what was found for the chosen run."""
        p = self._parameters()
        missing = self.request().missing()
        self.ui.trackButton.enabled = not missing and not self._busy()
        self.ui.trackButton.toolTip = missing or _("Let the model follow the segmented vessel from frame to frame.")
        say(self.ui.trackLabel, about(p.run) if isRun(p.run) else "")

    def request(self):
        """What Track is asked for."""
        p = self._parameters()
        return TrackRequest(
            run=p.run,
            **segmentationOptions(p),
            model=p.model,
            landmarks=p.landmarks,
        )


def about(run):
    """How many frames of a run are trusted; empty where it was not tracked."""
    results = resultsOf(run)
    if results.track is None:
        return ""
    count = frameCount(run)
    good = sum(results.trusted(frame) for frame in range(count))
    text = _("{good} of {count} frames were followed.").format(good=good, count=count)
    return text if good == count else text + " " + _("In the others the overlay is hidden: the vessel is not seen well enough.")
