"""The section of a fundus image of another device: open it, mark the same places, register it, see what is left, undo."""

from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError
from CorrespondCoreLib.picture_files import SUFFIXES
from OCTEnFaceSegLib.formats.fundus import free_image
from OCTEnFaceSegLib.formats.fundus_file import read_fundus
from OCTEnFaceSegLib.fundus_registration import LEAST_PAIRS

from .fundus_nodes import addFundusImage
from .fundus_registration import (
    KIND,
    forgetPoints,
    leftUm,
    markPoints,
    pairs,
    placeOver,
    pointsNode,
    registerByPoints,
    registerByVessels,
    undo,
)

POINT_EVENTS = ("PointPositionDefinedEvent", "PointRemovedEvent", "PointModifiedEvent")


class FundusSection(slicer.util.VTKObservationMixin):
    """One image at a time; its pairs are counted while they are marked."""

    def __init__(self, ui, parameters, inspect, showError, onChanged):
        """parameters: returns the parameter node; inspect: InspectSection, which knows the scan and the views; onChanged: called
        when an image came into register or left it."""
        super().__init__()
        self.ui, self._parameters, self._inspect, self._showError, self._onChanged = ui, parameters, inspect, showError, onChanged
        self._watched = ()
        self._found = {}  # ID of the image: its last FundusRegistration
        ui.openFundusButton.connect("clicked()", self._onOpen)
        ui.markScanButton.connect("clicked()", lambda: self._onMark("scan"))
        ui.markFundusButton.connect("clicked()", lambda: self._onMark("fundus"))
        ui.forgetPointsButton.connect("clicked()", self._onForget)
        ui.registerPointsButton.connect("clicked()", lambda: self._register(registerByPoints))
        ui.registerVesselsButton.connect("clicked()", lambda: self._register(self._byVessels))
        ui.undoFundusButton.connect("clicked()", self._onUndo)

    def rest(self):
        """The module goes away, or the scene closes."""
        self.removeObservers()
        self._watched, self._found = (), {}

    def refresh(self):
        """Count the pairs, say how well they fit, and enable what can be done."""
        image, volume = self._chosen()
        both = image is not None and volume is not None
        for button in (self.ui.markScanButton, self.ui.markFundusButton, self.ui.registerVesselsButton):
            button.enabled = both
        self._watch(image)
        onScan, onFundus = pairs(image) if image is not None else ((), ())
        self.ui.forgetPointsButton.enabled = bool(len(onScan) or len(onFundus))
        self.ui.registerPointsButton.enabled = both and len(onScan) == len(onFundus) >= LEAST_PAIRS
        self.ui.undoFundusButton.enabled = image is not None and image.GetParentTransformNode() is not None
        self.ui.fundusPairsLabel.text = ""
        if image is not None and self.ui.forgetPointsButton.enabled:
            self.ui.fundusPairsLabel.text = _("{one} points on the scan, {other} on the image; at least {least} pairs.").format(
                one=len(onScan), other=len(onFundus), least=LEAST_PAIRS
            )
        self.ui.fundusResultLabel.text = self._about(image)

    def open(self, path):
        """Read an image into the scene and choose it. Returns its node, or None after an error that was shown."""
        try:
            node = openFundus(path)
        except CorrespondError as error:
            self._showError(str(error))
            return None
        self._parameters().fundus = node
        return node

    def _chosen(self):
        p = self._parameters()
        return (p.fundus if p is not None else None), self._inspect.volume()

    def _watch(self, image):
        """Follow the points of the chosen image."""
        nodes = [pointsNode(image, where) for where in ("scan", "fundus")] if image is not None else []
        watched = tuple(node.GetID() for node in nodes if node is not None)
        if watched == self._watched:
            return
        self.removeObservers()
        self._watched = watched
        for node in nodes:
            for event in POINT_EVENTS if node is not None else ():
                self.addObserver(node, getattr(slicer.vtkMRMLMarkupsNode, event), self._onPoints)

    def _about(self, image):
        """How well the image fits, in a sentence or two."""
        if image is None:
            return _("Open a photograph, SLO or autofluorescence of another device, or choose one from the DICOM browser.")
        if image.GetParentTransformNode() is None:
            return _("The image is in no register. Mark at least three places on both, or register by vessels.")
        texts, left = [], leftUm(image)
        found = self._found.get(image.GetID())
        if found is not None and found.by == "vessels":
            texts.append(_("By vessels: correlation {r:.2f}.").format(r=found.correlation))
            if found.left_um is not None:
                texts.append(
                    _("Half of its parts fit best within <b>{um:.0f} µm</b> of where they are.").format(um=found.left_um)
                )
        if found is not None and found.similarity:
            texts.append(
                _(
                    "An affine map goes through any three pairs; a similarity leaves {rms:.0f} µm. A fourth pair tells more."
                ).format(rms=found.left_um)
            )
        elif len(left):
            texts.append(
                _("{n} pairs are <b>{rms:.0f} µm</b> apart (pair {worst}: {largest:.0f} µm).").format(
                    n=len(left), rms=float((left**2).mean() ** 0.5), worst=int(left.argmax()) + 1, largest=left.max()
                )
            )
        if found is not None:
            texts.append(_("Turned by {deg:.1f}°.").format(deg=found.turn_deg))
        return " ".join(texts)

    def _onPoints(self, caller=None, event=None):
        self.refresh()

    def _onOpen(self):
        patterns = " ".join(f"*{suffix}" for suffix in (".dcm", *SUFFIXES))
        filters = f"{_('Fundus images')} ({patterns});;{_('All files')} (*)"
        path = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Open a fundus image"), "", filters)
        if path:
            self.open(path)

    def _onMark(self, where):
        image, volume = self._chosen()
        try:
            placeOver(image, volume)
        except CorrespondError as error:
            self._showError(str(error))
            return
        self._inspect.show(beside=image)
        markPoints(image, volume, where)
        self.refresh()

    def _onForget(self):
        forgetPoints(self._chosen()[0])
        self.refresh()

    def _byVessels(self, image, volume):
        return registerByVessels(image, volume, self._inspect.bruchDepth(volume, self._inspect.result))

    def _register(self, register):
        image, volume = self._chosen()
        qt.QApplication.setOverrideCursor(qt.Qt.WaitCursor)
        try:
            placeOver(image, volume)
            self._found[image.GetID()] = register(image, volume)
        except CorrespondError as error:
            self._showError(str(error))
            return
        finally:
            qt.QApplication.restoreOverrideCursor()
        self._parameters().background = image.GetAttribute(KIND)
        self._inspect.show()
        self._onChanged()

    def _onUndo(self):
        image, _volume = self._chosen()
        undo(image)
        self._found.pop(image.GetID(), None)
        self._onChanged()


def openFundus(path):
    """Read a fundus image into the scene. Returns its volume node.

    Raises:
        CorrespondError: what is wrong and what to do; the scene is as it was.
    """
    photo = read_fundus(path)
    image = free_image(photo.pixels, photo.spacing_mm)
    return addFundusImage(image, Path(path).stem, photo.kind, photo.spacing_mm is not None, photo.eye)
