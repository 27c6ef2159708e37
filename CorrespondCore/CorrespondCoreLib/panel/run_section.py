"""Apply, progress, Cancel."""

import math

from slicer.i18n import tr as _


class RunSection:
    """Shows the work in the panel: what is missing before, how far it is, how it ended.

    Args:
        ui: has applyButton, cancelButton, progressFrame, progressBar, statusLabel.
        applyToolTip: what Apply does.
        others: buttons that start work, too.
    """

    def __init__(self, ui, onApply, onCancel, applyToolTip, others):
        self.ui, self._applyToolTip, self._others = ui, applyToolTip, others
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
        self.ui.applyButton.toolTip = missing or self._applyToolTip

    def started(self, what, echo=None):
        """Show the progress bar. echo: label and cancel button beside the button that was pressed, where that was not Apply."""
        self._running, self._echo = True, echo
        self._enable(self.ui.applyButton, *self._others, enabled=False)
        self._enable(*self._cancelButtons(), enabled=True)
        self.ui.progressFrame.visible = True
        self.ui.progressBar.value = 0
        self._say(what)

    def progress(self, percent, stage, remainingS):
        """Show how far the work is."""
        self.ui.progressBar.value = int(percent)
        self._say(stage if remainingS is None else _("{stage}: {time} left").format(stage=stage, time=_about(remainingS)))

    def cancelling(self):
        """Say that Cancel was heard."""
        self._enable(*self._cancelButtons(), enabled=False)
        self._say(_("Stopping…"))

    def ended(self, message):
        """Hide the progress bar and say how the work ended."""
        self._running = False
        self._enable(*self._others, enabled=True)
        self._enable(*self._cancelButtons(), enabled=False)
        self.ui.progressFrame.visible = False
        self._say(message)

    def _cancelButtons(self):
        return [self.ui.cancelButton, *([self._echo[1]] if self._echo is not None else [])]

    def _say(self, text):
        self.ui.statusLabel.text = text
        if self._echo is not None:
            self._echo[0].text = text

    @staticmethod
    def _enable(*buttons, enabled):
        for button in buttons:
            button.enabled = enabled


def _about(seconds):
    """A rough time for people: 4 s, 20 s, 3 min."""
    if seconds < 10:
        return _("{n} s").format(n=max(1, round(seconds)))
    if seconds < 90:
        return _("about {n} s").format(n=10 * round(seconds / 10))
    return _("about {n} min").format(n=math.ceil(seconds / 60))
