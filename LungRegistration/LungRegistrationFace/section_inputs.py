"""The Inputs section: lung segments, landmark check, swap, sample pair, text import."""

from pathlib import Path

import SimpleITK as sitk
import vtk
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats import dirlab

from .landmark_pairs import pairLandmarks
from .parameters import LandmarkMatching
from .world import worldImage


class InputsSection:
    """Connects the widgets that the parameter node cannot bind by itself."""

    def __init__(self, ui, parameters, showError):
        """ui: widgets by name; parameters: returns the parameter node or None; showError: tells the user a message."""
        self.ui, self._parameters, self._showError = ui, parameters, showError
        self._refreshing = False
        self._segmentBoxes = {"fixed": ui.fixedMaskSegmentComboBox, "moving": ui.movingMaskSegmentComboBox}
        for box in self._segmentBoxes.values():
            box.connect("currentIndexChanged(int)", self._onSegmentChosen)
        ui.swapButton.connect("clicked()", self.swap)
        ui.landmarkFilePathLineEdit.connect("currentPathChanged(QString)", self._onFileChanged)
        ui.importFixedLandmarksButton.connect("clicked()", lambda: self._onImport("fixed"))
        ui.importMovingLandmarksButton.connect("clicked()", lambda: self._onImport("moving"))

    def refresh(self):
        """Show the segments to choose from and the state of the landmark lists."""
        parameters = self._parameters()
        self._refreshing = True
        try:
            for side, box in self._segmentBoxes.items():
                self._showSegments(parameters, side, box)
        finally:
            self._refreshing = False
        self.ui.landmarkCheckLabel.text = self._landmarkCheck(parameters)

    @staticmethod
    def changes(nodes):
        """What tells that one of the chosen nodes has changed: (object, event) pairs."""
        for node in nodes:
            yield node, vtk.vtkCommand.ModifiedEvent
            if node.IsA("vtkMRMLMarkupsNode"):
                yield from ((node, event) for event in (node.PointAddedEvent, node.PointRemovedEvent, node.PointModifiedEvent))
            elif node.IsA("vtkMRMLSegmentationNode"):
                segmentation = node.GetSegmentation()
                yield from ((segmentation, event) for event in _segmentEvents(segmentation))

    def swap(self):
        """Exchange everything that belongs to the fixed image with what belongs to the moving image."""
        parameters = self._parameters()
        modifying = parameters.StartModify()
        for name in ("Volume", "MaskSegmentation", "MaskSegmentID", "Landmarks"):
            fixed, moving = getattr(parameters, f"fixed{name}"), getattr(parameters, f"moving{name}")
            setattr(parameters, f"fixed{name}", moving)
            setattr(parameters, f"moving{name}", fixed)
        parameters.EndModify(modifying)

    def choose(self, pair):
        """Take a sample pair as the inputs."""
        parameters = self._parameters()
        modifying = parameters.StartModify()
        parameters.fixedVolume, parameters.movingVolume = pair.fixed, pair.moving
        parameters.fixedLandmarks, parameters.movingLandmarks = pair.fixedLandmarks, pair.movingLandmarks
        parameters.fixedMaskSegmentation, parameters.movingMaskSegmentation = pair.fixedLobes, pair.movingLobes
        parameters.fixedMaskSegmentID = parameters.movingMaskSegmentID = ""
        parameters.statisticsSegmentation = pair.fixedLobes
        parameters.landmarkMatching = LandmarkMatching.LABEL
        parameters.EndModify(modifying)

    def importLandmarks(self, path, side):
        """Make a landmark list of a DIR-Lab text file, in the frame of the fixed or moving image, and choose it.

        Raises:
            InputError: the image is not chosen, or the file is no landmark text.
        """
        parameters = self._parameters()
        volume = getattr(parameters, f"{side}Volume")
        if volume is None:
            missing = {
                "fixed": _("Choose the fixed image first: the file counts its voxels."),
                "moving": _("Choose the moving image first: the file counts its voxels."),
            }
            raise InputError(missing[side])
        points_mm = dirlab.voxels_to_lps_mm(dirlab.read_voxel_list(path), _topDown(worldImage(volume)))
        node = mrml.markups_from_points(points_mm, Path(path).stem)
        node.GetDisplayNode().SetTextScale(0)
        setattr(parameters, f"{side}Landmarks", node)
        return node

    def _onImport(self, side):
        try:
            self.importLandmarks(self.ui.landmarkFilePathLineEdit.currentPath, side)
        except InputError as error:
            self._showError(str(error))

    def _onFileChanged(self, path):
        exists = Path(path).is_file()
        self.ui.importFixedLandmarksButton.enabled = exists
        self.ui.importMovingLandmarksButton.enabled = exists

    def _onSegmentChosen(self, _index):
        parameters = self._parameters()
        if parameters is None or self._refreshing:
            return
        for side, box in self._segmentBoxes.items():
            setattr(parameters, f"{side}MaskSegmentID", box.itemData(box.currentIndex) or "")

    @staticmethod
    def _showSegments(parameters, side, box):
        """Offer the segments of the chosen segmentation; a segment that it does not have is no longer chosen."""
        node = getattr(parameters, f"{side}MaskSegmentation")
        segmentation = node.GetSegmentation() if node is not None else None
        ids = list(segmentation.GetSegmentIDs()) if node is not None else []
        entries = [(_("All segments"), ""), *((segmentation.GetSegment(i).GetName(), i) for i in ids)]
        if [(box.itemText(k), box.itemData(k)) for k in range(box.count)] != entries:
            box.clear()
            for name, segmentID in entries:
                box.addItem(name, segmentID)
        if node is not None and getattr(parameters, f"{side}MaskSegmentID") not in ("", *ids):
            setattr(parameters, f"{side}MaskSegmentID", "")
        box.setCurrentIndex(box.findData(getattr(parameters, f"{side}MaskSegmentID")))
        box.enabled = node is not None

    @staticmethod
    def _landmarkCheck(parameters):
        if parameters.fixedLandmarks is None or parameters.movingLandmarks is None:
            return ""
        try:
            return pairLandmarks(parameters.fixedLandmarks, parameters.movingLandmarks, parameters.landmarkMatching.value).message
        except InputError as error:
            return str(error)


def _segmentEvents(segmentation):
    return segmentation.SegmentAdded, segmentation.SegmentRemoved, segmentation.SegmentModified


def _topDown(image):
    """The image with its slices from bottom to top, as `dirlab.voxels_to_lps_mm` expects it; the same points in space."""
    return sitk.Flip(image, (False, False, True)) if image.GetDirection()[8] < 0 else image
