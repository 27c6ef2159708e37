"""The Live section: frames that arrive in an image node are segmented beside Slicer, and the model follows them."""

from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError
from CorrespondCoreLib.panel.own_layouts import fitSlices

from .frame_layout import compositeNode, showsFrame, sliceNode
from .labels import say
from .live_stream import LiveRequest, frameOf
from .model_nodes import ensurePose, meshOf, setPose
from .overlay import Overlay, hideOverlay
from .overlay_volumes import removeVesselMap, vesselMap
from .requests import segmentationOptions
from .results import resultsOf
from .run_nodes import browserOf, runs


class LiveSection:
    """Start and Stop, what the worker says, and what is drawn over the newest frame.

    Args:
        start: TAVIFusionLogic.startLive.
        inspect: the section that arranges the views.
    """

    def __init__(self, ui, start, parameters, inspect, showError):
        self.ui, self._startLive, self._parameters = ui, start, parameters
        self._inspect, self._showError = inspect, showError
        self._stream = self._mesh = None
        self._overlay = Overlay()
        ui.liveButton.connect("clicked()", self._onClicked)
        say(ui.liveLabel, "")

    @property
    def running(self):
        """Whether there is a worker, which may be about to end."""
        return self._stream is not None

    def rest(self):
        """The scene closes; the stream stops by itself."""

    def leave(self):
        """The user goes to another module."""
        if self.running:
            self._stream.stop(_("Stopped, because the module was left."))

    def abandon(self):
        """The panel goes away: stop, and tell nobody."""
        if self.running:
            self._stream.abandon()
            self._stream = None

    def request(self):
        """What Live is asked for."""
        p = self._parameters()
        return LiveRequest(
            run=p.run,
            **segmentationOptions(p),
            node=p.liveNode,
            follows=p.liveFollows,
            model=p.model,
        )

    def refresh(self):
        """Show what can be done; a geometry that was edited holds from the next frame on."""
        missing = "" if self.running else self.request().missing()
        stopping = self.running and self._stream.state == "stopping"
        self.ui.liveButton.text = _("Stop") if self.running else _("Start")
        self.ui.liveButton.enabled = not missing and not stopping
        self.ui.liveButton.toolTip = missing or _("A process beside 3D Slicer segments the frames, always the newest one.")
        self.ui.liveSelector.enabled = self.ui.liveFollowsCheckBox.enabled = not self.running
        if self.running and not stopping and self._parameters().run is self._stream.request.run:
            self._stream.arm = self._stream.request.arm()

    def _onClicked(self):
        if self.running:
            self._stream.stop()
        else:
            self._start()
        self.refresh()

    def _start(self):
        request = self.request()
        try:
            self._mesh = meshOf(request.model) if request.follows else None
            self._stream = self._startLive(request, self._onResult, self._onStopped)
        except CorrespondError as error:
            say(self.ui.liveLabel, str(error))
            self._showError(str(error))
            return
        self._keepTracked(not request.follows)
        self._inspect.layout.show(request.node)
        sliceNode().RotateToVolumePlane(request.node)
        fitSlices()
        say(self.ui.liveLabel, _("Starting…"))

    def _onResult(self, stream, result):
        """The newest answer has come; None: no more will come, and what is drawn is of the past."""
        if result is None:
            self._clear()
            return
        say(self.ui.liveLabel, "\n".join(text for text in (stream.statistics.text(), result.error, self._about(stream)) if text))
        if result.mask is None or result.mask.shape != frameOf(stream.request.node).shape:
            self._clear()
            return
        self._draw(stream, result)

    @staticmethod
    def _about(stream):
        """Why the model does not follow, where that is so."""
        size = frameOf(stream.request.node).shape[::-1]
        if stream.arm is None or stream.arm.size == size:
            return ""
        return _("The model does not follow: the frames have {a} x {b} pixels, those of the run {c} x {d}.").format(
            a=size[0], b=size[1], c=stream.arm.size[0], d=stream.arm.size[1]
        )

    def _draw(self, stream, result):
        p, node = self._parameters(), stream.request.node
        followed = result.pose is not None and result.shown
        if followed:
            setPose(ensurePose(stream.request.model, (p.landmarks, p.centerline)), result.pose)
        if not showsFrame(node):
            return  # the user looks at something else
        compositeNode().SetForegroundVolumeID(vesselMap(node, result.mask).GetID() if p.showMasks else None)
        compositeNode().SetForegroundOpacity(p.opacity)
        if followed:
            points, line = (p.landmarks if p.showLandmarks else None), (p.centerline if p.showCenterline else None)
            self._overlay.show(node, stream.arm, self._mesh, result.pose, points, line, p.showOutline)
        else:
            hideOverlay()

    def _clear(self):
        """Take away what was drawn."""
        removeVesselMap()
        hideOverlay()
        self._inspect.update()

    @staticmethod
    def _keepTracked(keep):
        """Whether a pose that changes is kept with the shown frame of tracked runs: not one of another frame."""
        for run in runs():
            if resultsOf(run).poses is not None:
                browserOf(run).SetSaveChanges(resultsOf(run).poses, keep)

    def _onStopped(self, stream):
        """The worker is gone: say why."""
        self._stream = self._mesh = None
        self._keepTracked(True)
        text = str(stream.error) if stream.error is not None else stream.reason or _("Stopped.")
        say(self.ui.liveLabel, "\n".join([text, stream.statistics.text()]))
        if self._parameters() is not None:
            self.refresh()
        if stream.error is not None:
            self._showError(str(stream.error))
