"""Frames that arrive in a volume node: each goes to the live worker, the latest first. Nothing is calculated here."""

import logging
import shutil
from dataclasses import dataclass

import numpy as np
import qt
import slicer
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from CorrespondCoreLib.jobs import new_job_folder
from TAVIFusionLib.live.client import LiveClient
from TAVIFusionLib.vessel_finder import chosen_models

from . import geometry_attributes
from .request_files import writeModel, writePose
from .requests import Request, checkGeometry, checkModel, checkRun, texts
from .run_nodes import frameIndex, proxyOf, runs

POLL_MS = 15


@dataclass
class LiveRequest(Request):
    """Segment the frames that arrive in a node, until it is stopped.

    Attributes:
        node: volume node of one slice, changed with each frame.
        follows: whether the model follows, from the pose that it has; then the shown frame of `run` gives the geometry.
        model: model node.
    """

    node: object = None
    follows: bool = False
    model: object = None

    def check(self):
        if self.node is None:
            raise InputError(_("Choose the image node in which frames arrive."))
        if any(proxyOf(run) is self.node for run in runs()):
            raise InputError(_("This node shows a run that is loaded: use Segment and Track for it."))
        settings = self.allSettings()
        if self.method == "network":
            chosen_models(settings.segmentation)
        if self.follows:
            checkModel(self.model)
            checkRun(self.run)
            checkGeometry(self.run, frameIndex(self.run))

    def arm(self):
        """The C-arm of the frames that arrive (CArm); None where nothing follows."""
        return geometry_attributes.geometry(self.run)[frameIndex(self.run)] if self.follows else None

    def nodes(self):
        """What must not be removed from the scene meanwhile."""
        return [self.node, *([self.model, self.run] if self.follows else [])]

    def write(self, folder):
        """Write settings, model and pose into a folder, and return the arguments of `correspond tavi live-worker`."""
        arguments = self._common(folder)
        if self.follows:
            arguments += ["--mesh", *writeModel(self.model, folder), "--pose", writePose(self.model, folder)]
        return texts(arguments)


class LiveStream(slicer.util.VTKObservationMixin):
    """One worker for the frames that arrive in a node.

    Args:
        request: LiveRequest.
        library: folder of the module.
        onResult: called with this object and the latest LiveResult, and with None when no more will come.
        onStopped: called once with this object when the worker is gone; `error` says why if it was not asked to go.

    Attributes:
        request: as given.
        arm: CArm of the frames from now on; None where nothing follows.
        reason: why it was stopped, a sentence; "" if by the user or by an error.

    Raises:
        CorrespondError: there is no frame, it cannot be used, or the worker cannot be started.
    """

    def __init__(self, request, library, onResult=None, onStopped=None):
        super().__init__()
        self.request, self.arm, self.reason = request, request.arm(), ""
        self._onResult, self._onStopped = onResult, onStopped
        self._changed = self._listening = True
        frameOf(request.node)
        folder = new_job_folder()
        try:
            options = request.write(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._client = LiveClient(options, folder=folder, paths=[library], on_stopped=self._ended)
        self._client.start()
        logging.info("Started: correspond tavi live-worker %s", " ".join(options))
        self.addObserver(request.node, slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent, self._onImage)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self._onSceneClose)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._onNodeRemoved)
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_MS)
        self._timer.connect("timeout()", self._onTimer)
        self._timer.start()

    @property
    def state(self):
        """See LiveClient: "starting", "running", "stopping", "stopped" or "failed"."""
        return self._client.state

    @property
    def error(self):
        return self._client.error

    @property
    def statistics(self):
        """Frames sent, answered, dropped, and their latency (LiveStatistics)."""
        return self._client.statistics

    def stop(self, reason=""):
        """Let the worker end, now; onStopped follows when it is gone."""
        self.reason = self.reason or reason
        self._client.stop()
        self._rest()

    def abandon(self):
        """Stop and tell nobody: the panel is going away."""
        self._onResult = self._onStopped = None
        self.stop()

    def _rest(self):
        """Frames are no longer of interest."""
        if self._listening:
            self._listening = False
            self.removeObservers()
            self._timer.stop()
            if self._onResult:
                self._onResult(self, None)

    def _ended(self, client):
        self._rest()
        if client.error is not None:
            logging.error("%s\n%s", client.error, client.log_tail())
        if self._onStopped:
            self._onStopped(self)

    def _onImage(self, caller, event):
        """The image changes, perhaps in several steps: it is read when the timer comes next."""
        self._changed = True

    def _onTimer(self):
        if self._changed and self.state in ("starting", "running"):
            self._submit()
        results = self._client.poll()
        if results and self._onResult:
            self._onResult(self, results[-1])

    def _submit(self):
        """Give the frame that the node holds now to the worker."""
        self._changed = False
        try:
            frame = frameOf(self.request.node)
        except CorrespondError as error:
            self.stop(str(error))
            return
        arm = self.arm if self.arm is not None and self.arm.size == frame.shape[::-1] else None
        self._client.submit(frame, arm)

    def _onSceneClose(self, caller, event):
        self.stop(_("Stopped, because the scene was closed."))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, caller, event, node):
        if any(node is used for used in self.request.nodes()):
            self.stop(_("Stopped, because '{name}' was removed from the scene.").format(name=node.GetName()))


def frameOf(node):
    """(rows, columns) gray values that a volume node holds now, without a copy.

    Raises:
        InputError: there is no image, it has several slices, or colors.
    """
    values = slicer.util.arrayFromVolume(node) if node.GetImageData() is not None else np.zeros(0)
    if values.ndim != 3 or values.shape[0] != 1 or values.size == 0:
        raise InputError(_('"{name}" holds no frame: one slice of gray values is needed.').format(name=node.GetName()))
    return values[0].astype(np.float64) if values.dtype.itemsize == 8 else values[0]
