"""The Scan section: open a file, choose a volume, see what is known of it, confirm a scale that the file does not have."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import packages
from CorrespondCoreLib.errors import CorrespondError, MissingPackage
from OCTEnFaceSegLib.formats.reading import read_scan
from OCTEnFaceSegLib.formats.vendor_files import PACKAGE, REQUIREMENT

from .scan_nodes import addScan, describe, facts, setSpacing

PATTERNS = ("*.vol", "*.xml", "*.e2e", "*.fda", "*.fds", "*.img", "*.dcm", "*.tif", "*.tiff", "*.nrrd", "*.nii.gz", "*.mha")
OCT_CONVERTER = packages.Package(PACKAGE, REQUIREMENT, "about 100 MB, with OpenCV and h5py")


class ScanSection:
    """Opens scans and shows what is known of the chosen one."""

    def __init__(self, ui, parameters, showError, onScaled):
        """parameters: returns the parameter node; onScaled: called when a scale was confirmed."""
        self.ui, self._parameters, self._showError, self._onScaled = ui, parameters, showError, onScaled
        ui.openButton.connect("clicked()", self._onOpen)
        ui.openFolderButton.connect("clicked()", self._onOpenFolder)
        ui.confirmScaleButton.connect("clicked()", self._onConfirm)

    def refresh(self):
        """Show what is known of the chosen volume."""
        volume = self._parameters().volume
        self.ui.scanLabel.text = ""
        self.ui.scaleFrame.visible = False
        if volume is None:
            return
        try:
            self.ui.scanLabel.text = "\n".join([describe(volume), *facts(volume)["notes"]])
        except CorrespondError as error:
            self.ui.scanLabel.text = str(error)
            return
        if not facts(volume)["metric"]:
            self.ui.scaleFrame.visible = True
            self.ui.scaleLabel.text = _(
                "The file has no scale. Until you confirm one, everything in mm is marked as not confirmed."
            )
            boxes = (self.ui.spacingXSpinBox, self.ui.spacingYSpinBox, self.ui.spacingZSpinBox)
            for box, mm in zip(boxes, volume.GetSpacing(), strict=True):
                box.value = 1000 * mm

    def open(self, path):
        """Read a scan into the scene and choose it. Returns its volume node, or None after an error that was shown."""
        qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            node = openScan(path)
        except CorrespondError as error:
            self._showError(str(error))
            return None
        finally:
            qt.QApplication.restoreOverrideCursor()
        self._parameters().volume = node
        return node

    def _onOpen(self):
        filters = f"{_('OCT scans')} ({' '.join(PATTERNS)});;{_('All files')} (*)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Open an OCT scan"), "", filters)
        if path:
            self.open(path)

    def _onOpenFolder(self):
        path = qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), _("Open a folder with an OCT scan"))
        if path:
            self.open(path)

    def _onConfirm(self):
        boxes = (self.ui.spacingXSpinBox, self.ui.spacingYSpinBox, self.ui.spacingZSpinBox)
        try:
            setSpacing(self._parameters().volume, [box.value / 1000 for box in boxes])
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.refresh()
        self._onScaled()


def openScan(path, **options):
    """Read an OCT scan into the scene; a package that its format needs is installed after one question.

    Args:
        path: file or folder.
        options: see OCTEnFaceSegLib.formats.options.ReadOptions.

    Returns:
        The volume node.

    Raises:
        CorrespondError: what is wrong and what to do; the scene is as it was.
    """
    try:
        scan = read_scan(path, **options)
    except MissingPackage:
        packages.ensure([OCT_CONVERTER], _("OCT En-face Segmentation"))
        scan = read_scan(path, **options)
    return addScan(scan, Path(path).stem or Path(path).name)
