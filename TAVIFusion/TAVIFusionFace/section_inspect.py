"""The Inspect section: what lies over the frames, and the 3D view as the C-arm sees it; both follow playback and the pose."""

import slicer
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from CorrespondCoreLib.panel.segment_editor import openSegmentEditor
from TAVIFusionLib.depth_map import depth_map

from . import geometry_attributes
from .annotation import ensureMask
from .attention import AttentionRequest, attentionOfFrame, networkOf
from .carm_view import CArmView
from .frame_layout import FrameLayout, compositeNode, showsFrame
from .model_nodes import meshOf, poseNode, poseOf
from .overlay import Overlay as DrawnOverlay
from .overlay import hideOverlay, removeOverlay
from .overlay_volumes import agreementMap, attentionMap, depthMap, probabilityMap, removeMaps, showLegend, silhouetteMap
from .paper_mode import affineOf
from .parameters import Overlay, ViewAngles
from .results import maskOfFrame, probabilityOfFrame, referenceOfFrame, resultsOf
from .run_nodes import frameIndex, isRun, proxyOf, runs


class InspectSection(slicer.util.VTKObservationMixin):
    """Draws the model over the shown frame, and arranges the views."""

    def __init__(self, ui, parameters, showError, entered, busy):
        """entered: whether the user is in the module; otherwise the views are left alone. busy: whether other work goes on."""
        super().__init__()
        self.ui, self._parameters, self._showError = ui, parameters, showError
        self._entered, self._busy = entered, busy
        self.layout = FrameLayout()
        self.view = CArmView()
        self._overlay = DrawnOverlay()
        self._mesh = self._meshKey = None
        self._watched = self._run = None
        self._correcting = False
        self._said = None
        ui.layoutButton.connect("clicked()", self.show)
        ui.editButton.connect("clicked()", self._onEdit)

    def leave(self):
        """The user goes to another module; to the Segment Editor the views go along, because the masks are painted in them."""
        if not self._correcting:
            self.view.leave()
            self.view.hideArm()
            self.layout.leave()
            removeOverlay()
            removeMaps()

    def rest(self):
        """The scene closes, or the module goes away."""
        self.removeObservers()
        self._watched = self._run = self._mesh = self._meshKey = self._said = None
        self.leave()

    def refresh(self):
        """Follow what is chosen, and draw."""
        p = self._parameters()
        self._watch(poseNode(p.model) if p.model is not None else None, p.landmarks, p.centerline)
        run = p.run if isRun(p.run) else None
        self.ui.layoutButton.enabled = run is not None
        arms = geometry_attributes.geometry(run) if run is not None else []
        self.ui.carmViewCheckBox.enabled = bool(arms) and not arms[0].missing
        self.ui.editButton.enabled = run is not None
        self.refreshAttention()
        if run is not self._run:
            self._run = run
            self.show()
        else:
            self.update()

    def refreshAttention(self):
        """Offer the map of the shown frame where a network has segmented it."""
        missing = self.attentionRequest().missing()
        self.ui.attentionButton.enabled = not missing and not self._busy()
        self.ui.attentionButton.toolTip = missing or _("Compute where the network looked in this frame, and lay it over it.")

    def attentionRequest(self):
        """What the button asks for: the shown frame, and the network that has segmented it."""
        p = self._parameters()
        run = p.run if isRun(p.run) else None
        return AttentionRequest(
            run,
            network=networkOf(run) if run is not None else "",
            frame=frameIndex(run) if run is not None else 0,
            layer=p.layer.value,
            device=p.device.value,
            threads=p.threads,
        )

    def show(self, plot=None):
        """Arrange the views, with a plot chart node below if there is one, and draw."""
        p = self._parameters()
        if self._entered():
            self.layout.show(proxyOf(p.run) if isRun(p.run) else None, plot)
        self.update()

    def update(self):
        """Draw the model over the shown frame; nothing where the geometry is incomplete or the pose of this frame is bad."""
        p = self._parameters()
        if p is None or not isRun(p.run) or proxyOf(p.run) is None or not showsFrame(proxyOf(p.run)):
            return
        arm = geometry_attributes.geometry(p.run)[frameIndex(p.run)]
        over = None
        try:
            over = self._over(p, arm, self._draw(p, arm))
            self._said = None
        except CorrespondError as error:
            if str(error) != self._said:  # once, not on each frame
                self._said = str(error)
                self._showError(str(error))
        view = compositeNode()
        view.SetForegroundVolumeID(over.GetID() if over is not None else None)
        view.SetForegroundOpacity(p.opacity)
        showLegend(over)
        self._showMasks(p)
        self._showArm(p, arm)

    def _draw(self, p, arm):
        """Outline, landmarks and centerline. Returns the silhouette, or None."""
        if arm.missing or p.model is None or not resultsOf(p.run).trusted(frameIndex(p.run)):
            hideOverlay()
            return None
        landmarks = p.landmarks if p.showLandmarks else None
        centerline = p.centerline if p.showCenterline else None
        pose, affine = poseOf(poseNode(p.model)), affineOf(p.run, frameIndex(p.run))
        return self._overlay.show(proxyOf(p.run), arm, self._meshOf(p.model), pose, landmarks, centerline, p.showOutline, affine)

    def _meshOf(self, model):
        """The surface of a model, read once as long as it does not change."""
        key = model.GetID(), model.GetPolyData().GetMTime() if model.GetPolyData() else 0, model.GetTransformNodeID()
        if key != self._meshKey:
            self._mesh, self._meshKey = meshOf(model), key
        return self._mesh

    def _over(self, p, arm, shadow):
        """The volume node that lies over the frame, or None."""
        frame = frameIndex(p.run)
        if p.overlay == Overlay.SILHOUETTE:
            return silhouetteMap(p.run, shadow) if shadow is not None else None
        if p.overlay == Overlay.DEPTH:
            depth = depth_map(self._meshOf(p.model), arm, poseOf(poseNode(p.model))) if shadow is not None else None
            return depthMap(p.run, depth) if depth is not None else None
        if p.overlay == Overlay.PROBABILITY:
            probability = probabilityOfFrame(p.run, frame)
            return probabilityMap(p.run, probability) if probability is not None else None
        if p.overlay == Overlay.AGREEMENT:
            if p.reference is None:
                raise InputError(_("Choose a reference to compare with first."))
            mask = maskOfFrame(p.run, frame)
            return agreementMap(p.run, mask, referenceOfFrame(p.reference, p.run, frame)) if mask is not None else None
        if p.overlay == Overlay.ATTENTION:
            attention = attentionOfFrame(p.run, frame)
            return attentionMap(p.run, attention) if attention is not None else None
        return None

    def _showMasks(self, p):
        """The vessel's masks, but not under a picture of the agreement; those of other runs lie in the same plane."""
        for run in runs():
            node = resultsOf(run).maskProxy
            if node is not None:
                node.SetDisplayVisibility(run is p.run and p.showMasks and p.overlay != Overlay.AGREEMENT)

    def _showArm(self, p, arm):
        if arm.missing or not p.carmView:
            self.view.leave()
        if arm.missing or not (p.carmView or p.showArm):
            self.view.hideArm()
            return
        planned = p.viewAngles == ViewAngles.PLANNED
        if planned:
            arm = arm.at(primary_deg=p.plannedPrimaryDeg, secondary_deg=p.plannedSecondaryDeg)
        self.view.showArm(arm, None if planned else p.run)
        if p.carmView:
            self.view.look(arm)

    def _watch(self, *nodes):
        """Draw anew when the pose is changed by hand, or points are moved."""
        ids = tuple(node.GetID() for node in nodes if node is not None)
        if ids == self._watched:
            return
        self.removeObservers()
        self._watched = ids
        for node in (node for node in nodes if node is not None):
            event = slicer.vtkMRMLTransformableNode.TransformModifiedEvent
            self.addObserver(node, event, self._onChanged)
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self._onChanged)

    def _onChanged(self, caller, event):
        self.update()

    def _onEdit(self):
        """Open the Segment Editor on the masks: what is drawn is kept with the frame that is shown."""
        p = self._parameters()
        ensureMask(p.run, frameIndex(p.run))
        self.show()
        self._correcting = True
        try:
            openSegmentEditor(resultsOf(p.run).maskProxy, proxyOf(p.run))
        finally:
            self._correcting = False
