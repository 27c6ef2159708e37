"""The aorta's section: a surface from a file, a segment or a CTA; whether it can be the right one; points that move with it."""

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import CorrespondError
from TAVIFusionLib.meshes import check_mesh, frame_suggestion

from . import geometry_attributes
from .labels import say
from .model_nodes import ensurePose, meshOf, modelFromSegment, openModel, poseNode, poseOf
from .run_nodes import frameIndex, isRun

PATTERNS = "*.stl *.vtp *.vtk *.obj"


class ModelSection:
    """Chooses the model, and tells what is wrong with it in the beam of the chosen run."""

    def __init__(self, ui, parameters, showError, busy):
        """busy: whether other work is going on."""
        self.ui, self._parameters, self._showError, self._busy = ui, parameters, showError, busy
        say(ui.modelLabel, "")
        self._checked = None
        self._framed = None, False
        ui.meshButton.connect("clicked()", self._onFile)
        ui.takeSegmentButton.connect("clicked()", self._onSegment)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self._onSegmentChosen)

    def rest(self):
        """The scene closes."""
        self._checked = None
        say(self.ui.modelLabel, "")

    def refresh(self):
        """Say what is known of the chosen model."""
        p = self._parameters()
        self.ui.seedPlaceWidget.setCurrentNode(p.seed)
        self.ui.aortaButton.enabled = p.cta is not None and p.seed is not None and not self._busy()
        self.ui.takeSegmentButton.enabled = bool(self.ui.segmentSelector.currentSegmentID())
        if p.model is not None:
            ensurePose(p.model, (p.landmarks, p.centerline, p.nadirs, p.modelPoints))
        known = self._key(p)
        if known != self._checked:
            self._checked = known
            say(self.ui.modelLabel, "\n".join(text for text in (self.about(p.run, p.model), self._frameWarning(p)) if text))

    def openFile(self, path):
        """Read a surface file into the scene and choose it. Returns its model node, or None after an error that was shown."""
        try:
            node = openModel(path, self._parameters().meshFrame.value)
        except CorrespondError as error:
            self._showError(str(error))
            return None
        self._parameters().model = node
        return node

    @staticmethod
    def about(run, model):
        """Size and warnings; where a run with its geometry is there, whether the model lies in the beam."""
        if model is None:
            return ""
        try:
            mesh = meshOf(model)
            arm = geometry_attributes.geometry(run)[frameIndex(run)] if isRun(run) else None
            warnings = check_mesh(mesh, arm if arm is not None and not arm.missing else None, poseOf(poseNode(model)))
        except CorrespondError as error:
            return str(error)
        size = " x ".join(f"{mm:.0f}" for mm in mesh.points_mm.max(axis=0) - mesh.points_mm.min(axis=0))
        return "\n".join([_("{n} triangles, {size} mm").format(n=len(mesh.triangles), size=size), *warnings])

    def _frameWarning(self, p):
        """Whether the CTA says that the surface is in the other frame; asked once for a model and a CTA."""
        if p.model is None or p.cta is None:
            return ""
        asked = p.model.GetID(), p.cta.GetID()
        if self._framed[0] != asked:
            try:
                better = frame_suggestion(meshOf(p.model), mrml.image_from_volume(p.cta)).frame
            except CorrespondError:
                better = None  # what is wrong is told where the model or the CTA is used
            self._framed = asked, better == "RAS"  # as seen from the LPS in which the model is now
        if not self._framed[1]:
            return ""
        return _("In the CTA the surface fits better with its x and y negated: was LPS chosen for a file in RAS, or RAS for LPS?")

    @staticmethod
    def _key(p):
        if p.model is None:
            return None
        arms = p.run.GetAttribute(geometry_attributes.ATTRIBUTE) if isRun(p.run) else ""
        surface = p.model.GetPolyData().GetMTime() if p.model.GetPolyData() else 0
        return p.model.GetID(), p.cta.GetID() if p.cta is not None else "", surface, hash(arms)

    def _onFile(self):
        filters = f"{_('Surface')} ({PATTERNS});;{_('All files')} (*)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Open a surface of the aorta"), "", filters)
        if path:
            self.openFile(path)

    def _onSegmentChosen(self, segmentID):
        self.ui.takeSegmentButton.enabled = bool(segmentID)

    def _onSegment(self):
        try:
            node = modelFromSegment(self.ui.segmentSelector.currentNode(), self.ui.segmentSelector.currentSegmentID())
        except CorrespondError as error:
            self._showError(str(error))
            return
        self._parameters().model = node
