"""Apply, progress, Cancel."""

import math

from slicer.i18n import tr as _


class RunSection:
    """Shows the work in the panel: what is missing before, how far it is, how it ended."""

    def __init__(self, ui, onApply, onCancel):
        self.ui = ui
        self._running = False
        self._echo = None
        ui.applyButton.connect("clicked()", onApply)
        ui.cancelButton.connect("clicked()", onCancel)
        ui.progressFrame.visible = False

    @property
    def running(self):
        return self._running

    def ready(self, missing):
        """Enable Apply when nothing is missing; its tooltip says what is."""
        self.ui.applyButton.enabled = not self._running and not missing
        self.ui.applyButton.toolTip = missing or _("Register the moving image to the fixed image.")

    def started(self, what, echo=None):
        """Show the progress bar. echo: a label that says the same, where the user pressed the button."""
        self._running = True
        self._echo = echo
        self.ui.applyButton.enabled = False
        self.ui.sampleDataButton.enabled = self.ui.sequenceApplyButton.enabled = False
        self.ui.progressFrame.visible = True
        self.ui.cancelButton.enabled = True
        self.ui.sequenceCancelButton.enabled = echo is not None
        self.ui.progressBar.value = 0
        self._say(what)

    def progress(self, percent, stage, remainingS):
        """Show how far the work is."""
        self.ui.progressBar.value = int(percent)
        self._say(stage if remainingS is None else _("{stage}: {time} left").format(stage=stage, time=_about(remainingS)))

    def cancelling(self):
        """Say that Cancel was heard."""
        self.ui.cancelButton.enabled = self.ui.sequenceCancelButton.enabled = False
        self._say(_("Stopping…"))

    def ended(self, message):
        """Hide the progress bar and say how the work ended."""
        self._running = False
        self.ui.sampleDataButton.enabled = True
        self.ui.sequenceCancelButton.enabled = False
        self.ui.progressFrame.visible = False
        self._say(message)

    def _say(self, text):
        self.ui.statusLabel.text = text
        if self._echo is not None:
            self._echo.text = text


def _about(seconds):
    """A rough time for people: 4 s, 20 s, 3 min."""
    if seconds < 10:
        return _("{n} s").format(n=max(1, round(seconds)))
    if seconds < 90:
        return _("about {n} s").format(n=10 * round(seconds / 10))
    return _("about {n} min").format(n=math.ceil(seconds / 60))
