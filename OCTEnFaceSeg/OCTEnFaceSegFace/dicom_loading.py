"""Series of Slicer's DICOM database into the scene, by the library's own readers."""

from pathlib import Path

import slicer

from OCTEnFaceSegLib.formats.dicom_opt import read_opt
from OCTEnFaceSegLib.formats.dicom_photo import read_photo
from OCTEnFaceSegLib.formats.fundus import free_image

from .export import UIDS
from .fundus_nodes import addFundusImage
from .scan_nodes import MARK, addScan, folderOf

UID_TAG = "0008,0018"


def loadTomography(plugin, loadable):
    """An OCT scan with the photographs that it refers to, wherever the database has them. Returns the volume node.

    Raises:
        CorrespondError: what is wrong; the scene is as it was.
    """
    node = addScan(read_opt(loadable.files[0], find_photo=slicer.dicomDatabase.fileForInstance), loadable.name)
    folder = folderOf(node)
    _enter(plugin, loadable, node)
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    study = folderOf(node)
    if study != folder:  # the scan's folder goes to the study, the scan stays in its folder
        hierarchy.SetItemParent(folder, study)
        hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), folder)
    return node


def loadPhotograph(plugin, loadable):
    """A photograph of the fundus, in no register. Returns the volume node.

    Raises:
        CorrespondError: what is wrong; the scene is as it was.
    """
    photo = read_photo(Path(loadable.files[0]))
    image = free_image(photo.pixels, photo.spacing_mm)
    node = addFundusImage(image, loadable.name, photo.kind, photo.spacing_mm is not None, photo.eye)
    _enter(plugin, loadable, node)
    return node


def _enter(plugin, loadable, node):
    """Tell Slicer where a node is from: patient and study in the subject hierarchy, instances at the node."""
    uids = [slicer.dicomDatabase.fileValue(file, UID_TAG) for file in loadable.files]
    node.SetAttribute(UIDS, " ".join(uids))
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    others = [other for other in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") if other.GetAttribute(MARK)]
    homes = {hierarchy.GetItemByDataNode(other): folderOf(other) for other in others if other is not node}
    plugin.addSeriesInSubjectHierarchy(loadable, node)
    for item, home in homes.items():  # Slicer takes other items of the series to the study
        if hierarchy.GetItemParent(item) != home:
            hierarchy.SetItemParent(item, home)
