"""The Inspect section: what lies behind the mask in the en-face view, and what over it."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from CorrespondCoreLib.panel.own_layouts import fitSlices
from CorrespondCoreLib.panel.segment_editor import openSegmentEditor
from OCTEnFaceSegLib.measures.table import UNCONFIRMED

from .enface_layout import B_SCAN, EN_FACE, EnfaceLayout, compositeNode
from .enface_volumes import background, backgrounds, helperVolume, removeHelpers
from .parameters import Overlay
from .result import maskOf, resultOf
from .scan_nodes import facts, layerNodes, scanOf

AGREEMENT_COLORS = {1: (0.15, 0.65, 0.30), 2: (0.85, 0.15, 0.15), 3: (0.15, 0.35, 0.85)}
"""As in the paper's figures: true positive green, false positive red, false negative blue."""


class InspectSection:
    """Arranges the views around the chosen scan and result."""

    def __init__(self, ui, parameters, showError):
        self.ui, self._parameters, self._showError = ui, parameters, showError
        self.layout = EnfaceLayout()
        self._filling = False
        self._correcting = False
        ui.backgroundComboBox.connect("currentIndexChanged(int)", self._onBackground)
        ui.layoutButton.connect("clicked()", lambda: self.show())
        ui.editButton.connect("clicked()", self._onEdit)

    @property
    def result(self):
        """The chosen result, or None."""
        p = self._parameters()
        found = resultOf(p.result) if p is not None else None
        return found if found is not None and found.scan is not None and found.probability is not None else None

    def leave(self):
        """The user goes to another module; to the Segment Editor the views go along, because the mask is painted in them."""
        if not self._correcting:
            self.rest()

    def rest(self):
        """Give the layout back, remove what exists only to be looked at."""
        removeHelpers()
        self.layout.leave()

    def refresh(self, measures):
        """Offer what there is to show; measures: of the chosen result, or None."""
        result = self.result
        for widget in (self.ui.overlayComboBox, self.ui.opacitySlider, self.ui.editButton):
            widget.enabled = result is not None
        volume = self.volume()
        self.ui.layoutButton.enabled = self.ui.backgroundComboBox.enabled = volume is not None
        self._fill(volume)
        self.ui.summaryLabel.text = summary(result, measures) if result is not None and measures else ""

    def show(self, beside=None):
        """Arrange the views and show background and overlay; beside: a fundus image to show beside them."""
        volume = self.volume()
        if volume is None or slicer.app.layoutManager() is None:
            return
        self.layout.show(volume, beside)
        self.update()
        fitSlices()

    def update(self):
        """Show background and overlay in the views, if the layout is shown."""
        volume, result, p = self.volume(), self.result, self._parameters()
        if volume is None or not self.layout.shown:
            return
        try:
            offered = backgrounds(volume)
            chosen = p.background if p.background in offered else next(iter(offered))
            behind = background(volume, chosen, self.bruchDepth(volume, result))
            over = self._over(result, p)
        except CorrespondError as error:
            self._showError(str(error))
            return
        view = compositeNode(EN_FACE)
        view.SetBackgroundVolumeID(behind.GetID())
        view.SetForegroundVolumeID(over.GetID() if over is not None else None)
        view.SetForegroundOpacity(p.opacity)
        compositeNode(B_SCAN).SetBackgroundVolumeID(volume.GetID())
        compositeNode(B_SCAN).SetForegroundVolumeID(None)
        showOnly(volume, result)
        if result is not None:
            display = result.segmentation.GetDisplayNode()
            display.SetVisibility2DFill(p.overlay == Overlay.MASK)
            display.SetVisibility2DOutline(p.overlay != Overlay.AGREEMENT)
            display.SetOpacity2DFill(p.opacity)

    def _over(self, result, p):
        if result is None or p.overlay == Overlay.MASK:
            return None
        if p.overlay == Overlay.PROBABILITY:
            return result.probability
        if p.overlay == Overlay.UNCERTAINTY:
            return result.uncertainty
        if p.reference is None:
            raise InputError(_("Choose a reference mask under Measures first."))
        return agreementVolume(result, p.reference)

    @staticmethod
    def bruchDepth(volume, result):
        """Bruch's membrane (B-scans, A-scans) in voxels: of the result, else of the file; None where neither has it."""
        if result is not None and result.bruch is not None:
            return result.bruchDepth()
        layers = scanOf(volume).layers
        return next((layers[name] for name in ("BM", "RPE") if name in layers), None)

    def volume(self):
        """The scan of the chosen result, else the chosen scan; or None."""
        p = self._parameters()
        if p is None:
            return None
        return self.result.scan if self.result is not None else p.volume

    def _fill(self, volume):
        offered = backgrounds(volume) if volume is not None else {}
        keys = [self.ui.backgroundComboBox.itemData(i) for i in range(self.ui.backgroundComboBox.count)]
        if keys == list(offered):
            return
        self._filling = True
        try:
            self.ui.backgroundComboBox.clear()
            for key, title in offered.items():
                self.ui.backgroundComboBox.addItem(title, key)
            wanted = self._parameters().background if self._parameters() is not None else ""
            self.ui.backgroundComboBox.currentIndex = list(offered).index(wanted) if wanted in offered else 0
        finally:
            self._filling = False

    def _onBackground(self, index):
        if not self._filling and index >= 0:
            self._parameters().background = self.ui.backgroundComboBox.itemData(index)

    def _onEdit(self):
        """Open the Segment Editor on the mask: brush and eraser work on the en-face view and on B-scans alike."""
        result = self.result
        self.show()
        self._correcting = True
        try:
            openSegmentEditor(result.segmentation, result.probability)
        finally:
            self._correcting = False


def showOnly(volumeNode, result):
    """Hide the masks and layers of other scans and results, which lie in the same place."""
    for node in slicer.util.getNodesByClass("vtkMRMLSegmentationNode"):
        other = resultOf(node)
        if other is not None:
            shown = result is not None and node is result.segmentation
            node.SetDisplayVisibility(shown)
            if other.bruch is not None:
                other.bruch.SetDisplayVisibility(shown)
    for scan in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        for layer in layerNodes(scan).values():
            layer.SetDisplayVisibility(scan is volumeNode)


def summary(result, measures):
    """The main figures in two lines."""
    scale = "" if measures["scale"] == "mm" else f" ({UNCONFIRMED})"
    text = _("<b>{area:.2f} mm²</b>{scale}, foci: {count} (largest {largest:.2f} mm²), {percent:.1f} % of the scan").format(
        area=measures["area_mm2"],
        scale=scale,
        count=measures["foci_count"],
        largest=measures["largest_focus_mm2"],
        percent=measures["percent_of_scan"],
    )
    distance = measures["distance_to_fovea_mm"]
    if distance is not None:
        text += "<br>" + _("{mm:.2f} mm from the fovea ({source})").format(mm=distance, source=measures["fovea"]["source"])
    if "reference" in measures:
        text += "<br>" + _("Dice with the reference {dice:.3f}, areas differ by {mm2:.2f} mm²").format(
            dice=measures["reference"]["dice"], mm2=measures["reference"]["difference_mm2"]
        )
    method = result.report.get("method", "")
    return f"{text}<br>{method}, {facts(result.scan)['eye'] or '?'}"


def agreementVolume(result, reference):
    """The mask against a reference in the paper's colors, as a volume over the en-face view."""
    own, other = result.mask(), maskOf(reference, "", result.probability)
    labels = np.where(own & other, 1, np.where(own, 2, np.where(other, 3, 0))).astype(np.float32)
    node = helperVolume("Agreement", scanOf(result.scan, layers=False).enface_image(labels))
    display = node.GetDisplayNode()
    display.SetInterpolate(False)
    display.SetAndObserveColorNodeID(_agreementColors().GetID())
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0, 3)
    display.SetThreshold(0.5, 3.5)
    display.SetApplyThreshold(True)
    return node


def _agreementColors():
    name = "OCTEnFaceSeg agreement"
    node = slicer.mrmlScene.GetFirstNodeByName(name)
    if node is None:
        node = slicer.vtkMRMLColorTableNode()
        node.SetName(name)
        node.SetTypeToUser()
        node.SetNumberOfColors(4)
        node.SetColor(0, 0, 0, 0, 0)
        for value, color in AGREEMENT_COLORS.items():
            node.SetColor(value, *color, 1)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        node = slicer.mrmlScene.AddNode(node)
    return node
