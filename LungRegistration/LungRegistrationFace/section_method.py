"""The Method section: which devices this computer has, asked of a child process when the advanced settings are first opened."""

from slicer.i18n import tr as _

from CorrespondCoreLib.device_list import ask_devices
from CorrespondCoreLib.devices import check_torch
from CorrespondCoreLib.errors import CorrespondError


class MethodSection:
    """Shows under "Compute on" what there is to compute on."""

    def __init__(self, ui):
        self.ui = ui
        self._job = None
        ui.advancedGroupBox.connect("toggled(bool)", self._onToggled)

    def rest(self):
        """Stop asking; the panel is going away."""
        self.ui = None
        if self._job is not None:
            self._job.cancel()

    def _onToggled(self, opened):
        if not opened or self._job is not None:
            return
        try:
            check_torch()
        except CorrespondError as error:
            self.ui.deviceStatusLabel.text = str(error)
            return
        self.ui.deviceStatusLabel.text = _("Looking for graphics cards…")
        self._job = ask_devices(self._onAnswer)

    def _onAnswer(self, devices, error):
        self._job = None
        if self.ui is None:
            return
        self.ui.deviceStatusLabel.text = str(error) if error is not None else "\n".join(_line(d) for d in devices.values())


def _line(device):
    if device["works"]:
        return _("{name}: ready").format(name=device["name"])
    return _("{name}: cannot be used, {problem}").format(name=device["name"], problem=device["problem"])
