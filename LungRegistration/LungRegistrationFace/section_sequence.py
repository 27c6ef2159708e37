"""The Sequence section: which phases of a 4DCT are registered to which, and the curves of the result."""

import slicer
from slicer.i18n import tr as _

from .sequence_request import SequenceRequest


class SequenceSection:
    """Connects the widgets of a sequence that the parameter node cannot bind by itself.

    Args:
        parameters: returns the parameter node or None.
        onApply: called when all phases shall be registered.
        showChart: shows a chart node in a plot view.
    """

    def __init__(self, ui, parameters, onApply, showChart):
        self.ui, self._parameters, self._showChart = ui, parameters, showChart
        self.result = None
        """The SequenceResult that the curves are of, or None."""
        self._refreshing = False
        ui.sequenceReferenceComboBox.connect("currentIndexChanged(int)", self._onReference)
        ui.sequenceApplyButton.connect("clicked()", onApply)
        ui.sequenceVolumeChartButton.connect("clicked()", lambda: self._showChart(self.result.volumeChart))
        ui.sequenceLandmarkChartButton.connect("clicked()", lambda: self._showChart(self.result.landmarkChart))

    def request(self):
        """What the section asks for."""
        return SequenceRequest.fromParameters(self._parameters())

    def refresh(self, running):
        """Show the phases of the chosen sequence, and whether the work can start."""
        request = self.request()
        box = self.ui.sequenceReferenceComboBox
        names = request.phaseNames() if request.sequence is not None else []
        self._refreshing = True
        try:
            if [box.itemText(i) for i in range(box.count)] != names:
                box.clear()
                box.addItems(names)
            box.setCurrentIndex(request.reference if request.reference < len(names) else -1)
        finally:
            self._refreshing = False
        missing = request.missing()
        self.ui.sequenceApplyButton.enabled = not running and not missing
        self.ui.sequenceApplyButton.toolTip = missing or _("Register all other phases to the reference phase.")
        self.ui.sequenceVolumeChartButton.enabled = self.result is not None and self.result.volumeChart is not None
        self.ui.sequenceLandmarkChartButton.enabled = self.result is not None and self.result.landmarkChart is not None

    def show(self, result):
        """Take a result: its warped phases in the slice views, its curves under the buttons."""
        self.result = result
        shown = {name: result.browser.GetProxyNode(getattr(result, name)) for name in ("warped", "jacobian")}
        slicer.util.setSliceViewerLayers(
            background=shown["warped"], foreground=shown["jacobian"], foregroundOpacity=0.0, fit=True
        )

    def forget(self):
        """The scene is closed: its result is gone."""
        self.result = None
        self.ui.sequenceStatusLabel.text = ""

    def _onReference(self, index):
        if not self._refreshing and index >= 0:
            self._parameters().sequenceReference = index
