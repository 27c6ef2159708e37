"""Work beside Slicer: what the buttons start, its progress and Cancel, and what becomes of the result."""

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import Cancelled, CorrespondError
from CorrespondCoreLib.panel.run_section import RunSection

from .labels import say
from .model_import import askForModel
from .parameters import AUTOMATIC_HU, Overlay


class WorkSection(RunSection):
    """One piece of work at a time.

    Args:
        sections: names of sections of the panel -> them: "segment", "finetune", "align", "track", "inspect".
        refresh: called when what can be done has changed.
    """

    def __init__(self, ui, logic, parameters, sections, showError, refresh):
        starting = (ui.sampleDataButton, ui.openButton, ui.aortaButton, ui.alignButton, ui.pointsButton, ui.trackButton)
        starting += (ui.importModelButton, ui.fineTuneButton, ui.attentionButton)
        super().__init__(ui, self._onSegment, self._onCancel, _("Find the vessel in the frames."), starting)
        self._logic, self._parameters, self._sections = logic, parameters, sections
        self._showError, self._refresh = showError, refresh
        self._background = None
        ui.sampleDataButton.connect("clicked()", lambda: self._start(logic.startSampleData, self._onSampleData))
        ui.aortaButton.connect("clicked()", self._onAorta)
        ui.alignButton.connect("clicked()", lambda: self._onAlign("pose"))
        ui.pointsButton.connect("clicked()", lambda: self._onAlign("points"))
        ui.trackButton.connect("clicked()", self._onTrack)
        ui.importModelButton.connect("clicked()", self._onImportModel)
        ui.fineTuneButton.connect("clicked()", self._onFineTune)
        ui.attentionButton.connect("clicked()", self._onAttention)
        ui.fineTuneCancelButton.connect("clicked()", self._onCancel)
        say(ui.statusLabel, "")

    def abandon(self):
        """The panel goes away: stop, and tell nobody."""
        if self._background is not None:
            self._background.abandon()

    def _start(self, startWork, onDone, echo=None):
        """Start work; the panel stays alive.

        Args:
            startWork: takes onProgress and onFinished, returns a Background.
            onDone: called with what was loaded, when the work has succeeded and the scene is the same; may return a sentence.
            echo: see RunSection.started.
        """
        try:
            self._background = startWork(
                onProgress=self.progress, onFinished=lambda background: self._onFinished(background, onDone)
            )
        except CorrespondError as error:
            self.ended(str(error))
            self._showError(str(error))
            return
        self.started(_("Starting…"), echo)

    def _onFinished(self, background, onDone):
        """The child process has ended: show the result, or what went wrong."""
        self._background = None
        p, error = self._parameters(), background.error
        message = _("Done.") if error is None else str(error)
        self.ended(message)
        self._sections["finetune"].look()
        if error is None and p is not None:
            message = onDone(background.value) or message
        self._refresh()
        self._say("\n".join([message, *(warning for warning in background.warnings if not self._told(warning))]))
        if error is not None and not isinstance(error, Cancelled):
            self._showError(str(error))

    def _told(self, warning):
        """Whether another label of the panel says the same."""
        return any(warning in label.text for label in (self.ui.runLabel, self.ui.modelLabel, self.ui.alignLabel))

    def forget(self):
        """Say nothing more of what was done."""
        self._say("")

    def _onCancel(self):
        self.cancelling()
        self._background.cancel()

    def _onSegment(self):
        request = self._sections["segment"].request()
        self._start(lambda **back: self._logic.startSegment(request, **back), self._onSegmented)

    def _onSegmented(self, results):
        self._parameters().showMasks = True
        self._sections["inspect"].show()
        if results.kept:
            names = ", ".join(str(frame + 1) for frame in results.kept)
            return _("Done. The masks that you drew stay as they are (frames {names}).").format(names=names)
        return ""

    def _onImportModel(self):
        path, field = askForModel(), self._parameters().field.value
        if path:
            self._start(lambda **back: self._logic.startModelImport(path, field, **back), self._sections["segment"].showImported)

    def _onFineTune(self):
        section = self._sections["finetune"]
        request = section.request()
        section.curve.end()
        self._start(
            lambda **back: self._logic.startFineTune(request, onPoints=section.curve.show, **back),
            section.showMade,
            (self.ui.fineTuneLabel, self.ui.fineTuneCancelButton),
        )

    def _onAttention(self):
        request = self._sections["inspect"].attentionRequest()
        self._start(lambda **back: self._logic.startAttention(request, **back), self._onAttentionFound)

    def _onAttentionFound(self, results):
        self._parameters().overlay = Overlay.ATTENTION
        self._sections["inspect"].show()

    def _onAlign(self, by):
        request = self._sections["align"].request(by)
        self._start(lambda **back: self._logic.startAlign(request, **back), self._onAligned)

    def _onAligned(self, report):
        self._sections["align"].showFit(report)
        self._sections["inspect"].show()

    def _onTrack(self):
        request = self._sections["track"].request()
        self._start(lambda **back: self._logic.startTrack(request, **back), self._onTracked)

    def _onTracked(self, results):
        self._sections["inspect"].show(results.chart)

    def _onAorta(self):
        p = self._parameters()
        cta, seed, threshold = p.cta, p.seed, p.aortaThreshold if p.aortaThreshold > AUTOMATIC_HU else None
        self._start(lambda **back: self._logic.startAorta(cta, seed, threshold, **back), self._onAortaMade)

    def _onAortaMade(self, model):
        self._parameters().model = model

    def _onSampleData(self, sample):
        sample.choose(self._parameters())
        self._sections["inspect"].show()
        slicer.util.resetThreeDViews()

    def _say(self, text):
        super()._say(text)
        for label in (self.ui.statusLabel, self.ui.fineTuneLabel):
            label.visible = bool(label.text)
