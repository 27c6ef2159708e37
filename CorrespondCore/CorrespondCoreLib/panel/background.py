"""A command in a child process whose files become nodes: the scene changes only when everything has succeeded."""

import logging
import shutil
import time

import slicer
import vtk
from slicer.i18n import tr as _

from ..errors import Cancelled, CorrespondError
from ..jobs import Job, new_job_folder


class Background(slicer.util.VTKObservationMixin):
    """One command of `correspond` beside Slicer.

    Args:
        folder: of the module whose library has the command.
        prepare: called with the job folder (a Path); writes the inputs and returns the command's arguments, as for `correspond`.
        load: called with the job folder when the command has succeeded; adds nodes and returns them.
        nodes: the scene nodes that the command is about; when one of them is removed the work stops.
        onProgress: called with (percent, stage, remaining seconds or None).
        onPoints: called with all points of a curve so far (dicts) when there are new ones.
        onFinished: called once with this object; then `value` is what `load` returned, or `error` says what happened.

    Raises:
        Cancelled: Slicer is closing.
    """

    _closing = None

    def __init__(self, folder, prepare, load, nodes=(), onProgress=None, onFinished=None, onPoints=None):
        super().__init__()
        if Background._closing:
            raise Cancelled(Background._closing)
        self.value = None
        self.error = None
        self.finished = False
        self.warnings = []
        self._load, self._onProgress, self._onFinished, self._onPoints = load, onProgress, onFinished, onPoints
        self._pointCount = 0
        self._nodeIDs = {node.GetID() for node in nodes}
        self._reason = None
        job = new_job_folder()
        try:
            command = prepare(job)
            self._job = Job(command, folder=job, paths=[folder], on_progress=self._progress, on_finished=self._finish)
        except BaseException:
            shutil.rmtree(job, ignore_errors=True)
            raise
        logging.info("Started: correspond %s", " ".join(command))
        self._job.start()
        slicer.app.connect("lastWindowClosed()", self._onSlicerCloses)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.StartCloseEvent, self._onSceneClose)
        self.addObserver(slicer.mrmlScene, slicer.vtkMRMLScene.NodeAboutToBeRemovedEvent, self._onNodeRemoved)

    def cancel(self, reason=None):
        """Stop the work. The scene stays as it is."""
        self._reason = self._reason or reason
        self._job.cancel()

    def abandon(self):
        """Stop the work and tell nobody: the panel is going away."""
        self._onProgress = self._onFinished = self._onPoints = None
        self.cancel()

    def wait(self):
        """Keep Slicer alive until the work is done, and return what was loaded. Closing Slicer stops the work.

        Raises:
            CorrespondError: the work failed or was cancelled.
        """
        while not self.finished:
            slicer.app.processEvents()
            time.sleep(0.02)
        if self.error is not None:
            raise self.error
        return self.value

    def _progress(self, job):
        for message in job.warnings[len(self.warnings) :]:
            logging.warning(message)
        self.warnings = list(job.warnings)
        if self._onProgress:
            self._onProgress(job.percent, job.stage, job.remaining_s)
        if self._onPoints and len(job.points) > self._pointCount:
            self._pointCount = len(job.points)
            self._onPoints(job.points)

    def _finish(self, job):
        self.removeObservers()
        slicer.app.disconnect("lastWindowClosed()", self._onSlicerCloses)
        self.error = job.error
        if job.state == "done" and self._reason is None:
            try:
                self.value = self._load(job.folder)
            except CorrespondError as error:
                self.error = error
            except Exception as error:
                logging.exception("The results could not be brought into the scene")
                self.error = CorrespondError(_("The results could not be brought into the scene: {error}").format(error=error))
        elif self._reason is not None:
            self.error = Cancelled(self._reason)
        elif job.state == "failed":
            logging.error("%s\n%s", job.error, job.log_tail())
        self.finished = True
        if self._onFinished:
            self._onFinished(self)

    def _onSlicerCloses(self):
        """The user closed Slicer. While a call from the Python console is in `wait`, Slicer cannot end before the work does."""
        Background._closing = _("Stopped, because Slicer was closed.")
        self.cancel(Background._closing)

    def _onSceneClose(self, caller, event):
        self.cancel(_("Stopped, because the scene was closed."))

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def _onNodeRemoved(self, caller, event, node):
        if node.GetID() in self._nodeIDs:
            self.cancel(_("Stopped, because '{name}' was removed from the scene.").format(name=node.GetName()))
