"""The run's section: open a file, choose a run, choose and play its frames."""

from pathlib import Path

import qt
import slicer
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from .imported_runs import adoptAll
from .labels import say
from .run_nodes import addRun, browserOf, describe, frameCount, frameIndex, isRun

PATTERNS = ("*.dcm", "*.ima", "*.nrrd", "*.mha", "*.png", "*.tif", "*.tiff", "*.jpg")


class RunSection(slicer.util.VTKObservationMixin):
    """Opens runs and steps through the frames of the chosen one."""

    def __init__(self, ui, parameters, showError, onFrame):
        """onFrame: called when another frame is shown."""
        super().__init__()
        self.ui, self._parameters, self._showError, self._onFrame = ui, parameters, showError, onFrame
        self._browser = None
        self._shown = None
        self._following = False
        ui.openButton.connect("clicked()", self._onOpen)
        ui.frameSlider.connect("valueChanged(double)", self._onSlider)
        ui.playButton.connect("toggled(bool)", self._onPlay)

    def rest(self):
        """The scene closes."""
        self.removeObservers()
        self._browser = self._shown = None

    def adoptImported(self):
        """Take runs in that Slicer's own DICOM import has loaded; choose the run when there is one only."""
        try:
            found = adoptAll()
        except CorrespondError as error:
            self._showError(str(error))
            return
        if self._parameters().run is None and len(found) == 1:
            self._parameters().run = found[0]

    def refresh(self):
        """Show what is known of the chosen run, and follow its browser."""
        run = self._parameters().run
        browser = browserOf(run) if isRun(run) else None
        if browser is not self._browser:
            self.removeObservers()
            self._browser, self._shown = browser, None
            if browser is not None:
                self.addObserver(browser, vtk.vtkCommand.ModifiedEvent, self._onBrowser)
                slicer.modules.sequences.setToolBarActiveBrowserNode(browser)
        say(self.ui.runLabel, describe(run) if browser is not None else "")
        self.ui.frameSlider.enabled = self.ui.playButton.enabled = browser is not None
        if browser is not None:
            self.ui.frameSlider.maximum = frameCount(run)
            self._onBrowser()

    def open(self, path, plane=""):
        """Read a run into the scene and choose it. Returns its sequence node, or None after an error that was shown."""
        qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            node = openRun(path, plane)
        except CorrespondError as error:
            self._showError(str(error))
            return None
        finally:
            qt.QApplication.restoreOverrideCursor()
        self._parameters().run = node
        return node

    def _onOpen(self):
        filters = f"{_('Angiography and fluoroscopy')} ({' '.join(PATTERNS)});;{_('All files')} (*)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Open a fluoroscopy run"), "", filters)
        if path:
            self.open(path)

    def _onSlider(self, value):
        if self._browser is not None and not self._following:
            self._browser.SetSelectedItemNumber(int(round(value)) - 1)

    def _onPlay(self, playing):
        if self._browser is not None:
            self._browser.SetPlaybackActive(playing)

    def _onBrowser(self, caller=None, event=None):
        """The browser shows another frame: by the slider, by playback, by Slicer's own toolbar."""
        run = self._parameters().run if self._parameters() is not None else None
        if run is None:
            return
        self._following = True
        try:
            self.ui.frameSlider.value = frameIndex(run) + 1
            self.ui.playButton.checked = self._browser.GetPlaybackActive()
        finally:
            self._following = False
        if self._shown != frameIndex(run):
            self._shown = frameIndex(run)
            self._onFrame()


def openRun(path, plane=""):
    """Read a run into the scene, without the DICOM database.

    Args:
        path: file of one run.
        plane: "A" or "B" of a biplane run; both by default where the file has both.

    Returns:
        Its sequence node.

    Raises:
        CorrespondError: what is wrong and what to do; the scene is as it was.
    """
    from TAVIFusionLib.formats.reading import read_run

    path = Path(path)
    return addRun(read_run(path, plane=plane), path.stem or path.name)
