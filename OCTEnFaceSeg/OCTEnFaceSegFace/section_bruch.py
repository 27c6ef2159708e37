"""The Bruch's membrane section: where it is from, and its correction on the B-scan in view."""

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from .bruch_editing import BruchEditing, keptPoints


class BruchSection:
    """One curve on one B-scan at a time."""

    def __init__(self, ui, result, showError, onChanged):
        """result: returns the chosen SegmentationResult or None; onChanged: called when the membrane was changed."""
        self.ui, self._result, self._showError, self._onChanged = ui, result, showError, onChanged
        self.editing = BruchEditing()
        ui.editBruchButton.connect("clicked()", self._onEdit)
        ui.takeBruchButton.connect("clicked()", self._onTake)
        ui.dropBruchButton.connect("clicked()", self._onDrop)

    def rest(self):
        """The module is left, or the scene closes."""
        self.editing.drop()

    def refresh(self):
        """Say where the membrane is from, and enable what can be done."""
        result, active = self._result(), self.editing.active
        self.ui.editBruchButton.enabled = result is not None and result.bruch is not None
        self.ui.takeBruchButton.enabled = self.ui.dropBruchButton.enabled = active
        if result is None:
            self.ui.bruchLabel.text = _("Segment a scan first; its membrane can then be corrected.")
            return
        corrected = len(keptPoints(result.scan))
        text = _("The membrane is from: {source}.").format(source=result.report.get("bruch", {}).get("source", "?"))
        if corrected:
            text += " " + _("Corrected on {n} B-scans; press Apply to segment with it.").format(n=corrected)
        if active:
            text = _("Drag the points on B-scan {n}, then take the line over.").format(n=self.editing.bScan + 1)
        self.ui.bruchLabel.text = text

    def _onEdit(self):
        try:
            self.editing.begin(self._result())
        except CorrespondError as error:
            self._showError(str(error))
        self.refresh()

    def _onTake(self):
        try:
            self.editing.takeOver(self._result())
        except CorrespondError as error:
            self._showError(str(error))
        self.refresh()
        self._onChanged()

    def _onDrop(self):
        self.editing.drop()
        self.refresh()
