"""The part of the Segment section that fits a network to the user's own masks: which frames count, the button, the curve."""

from slicer.i18n import tr as _

from CorrespondCoreLib.panel.live_curve import LiveCurve

from .annotation import decide, drawnRuns, isDrawn
from .fine_tune import FineTuneRequest
from .labels import say
from .model_list import networks, startOf
from .results import maskedFrames
from .run_nodes import frameIndex, isRun

MOST_NAMED = 8


class FineTuneSection:
    """Says which frames were drawn, and asks for what the panel means.

    Args:
        busy: whether other work is going on.
    """

    def __init__(self, ui, parameters, busy):
        self.ui, self._parameters, self._busy = ui, parameters, busy
        curves = {"dsc": (_("DSC of the judging frames"), _("DSC {:.3f}")), "loss": (_("Loss"), _("loss {:.3g}"))}
        shown = ui.fineTuneCurveFrame, ui.fineTuneCurveLabel, ui.fineTuneCurveComboBox
        self.curve = LiveCurve(*shown, "TAVIFusionFineTune", curves)
        self._drawn, self._looked, self._setting = [], None, False
        say(ui.fineTuneLabel, "")
        ui.drawnCheckBox.connect("toggled(bool)", self._onDecided)
        ui.fineTuneFolderPathLineEdit.connect("currentPathChanged(QString)", self._onFolder)

    def rest(self):
        """The scene closes."""
        self._drawn, self._looked = [], None
        self.curve.end()
        say(self.ui.fineTuneLabel, "")

    def look(self):
        """Look for drawn frames again at the next refresh: somebody may have drawn, or frames were segmented."""
        self._looked = None

    def refresh(self):
        """Show what can be done."""
        if self._looked is None:
            self._looked, self._drawn = True, drawnRuns()
            say(self.ui.drawnLabel, aboutDrawn(self._drawn))
        self.showFrame()
        missing = self._missing()
        self.ui.fineTuneButton.enabled = not missing and not self._busy()
        self.ui.fineTuneButton.toolTip = missing or _(
            "Train the chosen network on, on the frames that were drawn, and add the result to your models."
        )
        self.ui.fineTunePatientLineEdit.enabled = bool(self._folder())

    def showFrame(self):
        """Show whether the mask of the shown frame counts as drawn."""
        run = self._parameters().run
        there = isRun(run) and frameIndex(run) in maskedFrames(run)
        self._setting = True
        try:
            self.ui.drawnCheckBox.enabled = there
            self.ui.drawnCheckBox.checked = there and isDrawn(run, frameIndex(run))
        finally:
            self._setting = False

    def request(self):
        """What the button asks for."""
        p = self._parameters()
        return FineTuneRequest(
            network=startOf(networks(), p),
            title=self.ui.fineTuneTitleLineEdit.text.strip(),
            steps=p.fineTuneSteps,
            folder=self._folder(),
            patient=self.ui.fineTunePatientLineEdit.text.strip() or "patient",
            device=p.device.value,
            threads=p.threads,
        )

    def showMade(self, results):
        """Choose the new model. Returns how good it is, in a sentence."""
        self._parameters().network = results["model"]
        text = _("New model: {title}. DSC {before:.2f} → {after:.2f} on {judged_on}.")
        known = {"title": results["title"], "before": results["dsc_before"], "after": results["dsc_after"]}
        return text.format(judged_on=results["judged_on"], **known)

    def _missing(self):
        from CorrespondCoreLib.errors import InputError

        try:
            self.request().check(sum(len(frames) for _run, frames in self._drawn))
        except InputError as error:
            return str(error)
        return ""

    def _folder(self):
        return str(self.ui.fineTuneFolderPathLineEdit.currentPath or "").strip()

    def _onDecided(self, drawn):
        run = self._parameters().run if self._parameters() is not None else None
        if not self._setting and isRun(run):
            decide(run, frameIndex(run), drawn)
            self.look()
            self.refresh()

    def _onFolder(self, _path):
        if self._parameters() is not None:
            self.refresh()


def aboutDrawn(drawn):
    """Which frames were drawn: a line for each run. drawn: (run, frames) pairs."""
    lines = []
    for run, frames in drawn:
        names = ", ".join(str(frame + 1) for frame in frames[:MOST_NAMED]) + (", …" if len(frames) > MOST_NAMED else "")
        lines.append(_("{run}: {n} frames drawn ({names})").format(run=run.GetName(), n=len(frames), names=names))
    return "\n".join(lines)
