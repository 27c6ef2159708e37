"""The Measures section: the table that follows the mask, the fovea, a grader's reference."""

import qt
import slicer

from CorrespondCoreLib.errors import CorrespondError

from .fovea import askForFovea, forgetFovea, foveaNode
from .measures_table import Measures

WAIT_MS = 300
MASK_EVENTS = ("SourceRepresentationModified", "SegmentModified", "SegmentAdded", "SegmentRemoved")


class MeasuresSection(slicer.util.VTKObservationMixin):
    """Measures again shortly after the mask, the fovea or the reference has changed."""

    def __init__(self, ui, result, parameters, showError, onMeasured):
        """result: returns the chosen SegmentationResult or None; onMeasured: called with the measures, or None."""
        super().__init__()
        self.ui, self._result, self._parameters, self._showError, self._onMeasured = ui, result, parameters, showError, onMeasured
        self.measures = Measures()
        self._watched = None
        self._timer = qt.QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.connect("timeout()", self.update)
        ui.foveaButton.connect("clicked()", self._onFovea)
        ui.findFoveaButton.connect("clicked()", self._onFindFovea)

    def rest(self):
        """The module goes away, or the scene closes."""
        self._timer.stop()
        self.removeObservers()
        self._watched = None
        self.measures.forget()

    def refresh(self):
        """Watch the chosen result, and measure it when it is another one."""
        result = self._result()
        reference = self._parameters().reference if self._parameters() is not None else None
        self.ui.foveaButton.enabled = self.ui.findFoveaButton.enabled = result is not None
        fovea = foveaNode(result.scan) if result is not None else None
        watched = tuple(n.GetID() for n in (result.segmentation if result else None, reference, fovea) if n is not None)
        if watched == self._watched:
            return
        self.removeObservers()
        self._watched = watched
        for node in (result.segmentation if result else None, reference):
            for event in MASK_EVENTS if node is not None else ():
                self.addObserver(node.GetSegmentation(), getattr(slicer.vtkSegmentation, event), self._onChanged)
        if fovea is not None:
            self.addObserver(fovea, slicer.vtkMRMLMarkupsNode.PointModifiedEvent, self._onChanged)
            self.addObserver(fovea, slicer.vtkMRMLMarkupsNode.PointPositionDefinedEvent, self._onChanged)
        self.update()

    def update(self):
        """Measure now."""
        result = self._result()
        if result is None:
            self.ui.measuresTable.setMRMLTableNode(None)
            self._onMeasured(None)
            return
        try:
            measures = self.measures.update(result, self._parameters().reference)
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.measuresTable.setMRMLTableNode(result.measures)
        self._onMeasured(measures)

    def _onChanged(self, caller=None, event=None):
        self._timer.start()

    def _onFovea(self):
        askForFovea(self._result().scan)
        self.refresh()

    def _onFindFovea(self):
        forgetFovea(self._result().scan)
        self.refresh()
