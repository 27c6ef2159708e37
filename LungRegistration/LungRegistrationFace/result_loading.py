"""The files of a finished registration become nodes in one folder: all of them or, after an error, none."""

import logging

import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml, provenance
from CorrespondCoreLib.errors import InputError

from .fit_curves import addFitCurves
from .found_lungs import addFoundLungs
from .jacobian_color import showAsVolumeChange
from .landmark_table import measureLandmarks
from .levels import addLevels
from .maps import addMaps
from .result import MARK, RegistrationResult
from .volume_change import measureVolumeChange, reportedVolumeChange


def loadResult(folder, request, pairs, *, makeWarped=True, makeJacobian=True, makeInverse=False, statisticsSegmentation=None):
    """Bring the output folder (a Path) of `correspond lung register` into the scene.

    Args:
        folder: holds fixed_to_moving.nrrd, moving_to_fixed.nrrd, warped.nrrd, jacobian.nrrd, report.json, report.html,
            lungs that were found, and maps and fields per level where the request asked for them.
        request: RegistrationRequest that led to it.
        pairs: LandmarkPairs to measure with, or None.
        makeWarped, makeJacobian, makeInverse: which volumes and transforms are wanted.
        statisticsSegmentation: segments for the volume-change table; by default those of the fixed lung mask, and without
            one the lungs as the registration found them.

    Returns:
        RegistrationResult.
    """
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    name = slicer.mrmlScene.GenerateUniqueName(f"{request.moving.GetName()} to {request.fixed.GetName()}")
    folderItem = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)
    try:
        result = _transform(folder / "fixed_to_moving.nrrd", name, folderItem)
        result.fixed, result.moving = request.fixed, request.moving
        _texts(result, folder)
        if makeWarped:
            result.warped = _volume(result, folder / "warped.nrrd", _("Warped"))
            _showLike(result.warped, request.moving)
        if makeInverse:
            inverse = _read(folder / "moving_to_fixed.nrrd")
            result.inverse = mrml.grid_transform_from_field(inverse, _("Inverse ({name})").format(name=name))
            result.addToFolder(result.inverse)
        if pairs is not None:
            result.fixedLandmarks, result.movingLandmarks = _present(request.fixedLandmarks), _present(request.movingLandmarks)
            measureLandmarks(result, pairs)
        if makeJacobian:
            _jacobian(result, folder, _present(statisticsSegmentation) or _present(request.fixedMask[0]))
        addFoundLungs(result, folder)
        addMaps(result, folder, _read)
        addLevels(result, folder, _read)
        addFitCurves(result)
        _addProvenance(result)
    except BaseException:
        hierarchy.RemoveItem(folderItem, True, True)
        raise
    for note in result.notes:
        logging.warning(note)
    return result


def _transform(file, name, folderItem):
    node = mrml.grid_transform_from_field(_read(file), name)
    node.SetAttribute(MARK, "1")
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(folderItem, node)
    hierarchy.SetItemParent(item, folderItem)
    return RegistrationResult(node)


def _texts(result, folder):
    for role, file, name in (("reportText", "report.json", _("Figures")), ("reportPage", "report.html", _("Report page"))):
        node = result.node(role, "vtkMRMLTextNode", name)
        node.SetText((folder / file).read_text(encoding="utf-8"))


def _volume(result, file, name):
    node = mrml.volume_from_image(_read(file), f"{name} ({result.name})")
    result.addToFolder(node)
    return node


def _jacobian(result, folder, segmentation):
    result.jacobian = _volume(result, folder / "jacobian.nrrd", _("Volume change"))
    regions = result.report["jacobian"]
    showAsVolumeChange(result.jacobian, regions.get("lung") or regions["everywhere"])
    result.jacobian.SetDescription(result.report["direction"]["jacobian"])
    if segmentation is not None:
        try:
            result.notes += measureVolumeChange(result, segmentation)
            return
        except InputError as error:
            result.notes.append(_("{error} The table shows the lungs as the registration found them.").format(error=error))
    reportedVolumeChange(result)


def _addProvenance(result):
    """Every node of the result says how it was made."""
    report = result.report
    keys = ("method", "preset", "model", "weights_sha256", "settings", "device", "versions", "statement")
    for node in result.nodes():
        for attribute, value in provenance.attributes({key: report[key] for key in keys}).items():
            node.SetAttribute(attribute, value)


def _showLike(node, like):
    if like.GetDisplayNode() is None:
        like.CreateDefaultDisplayNodes()
    node.GetDisplayNode().AutoWindowLevelOff()
    node.GetDisplayNode().SetWindowLevel(like.GetDisplayNode().GetWindow(), like.GetDisplayNode().GetLevel())


def _present(node):
    """The node, unless it was removed from the scene meanwhile."""
    return node if node is not None and node.GetScene() is not None else None


def _read(file):
    return sitk.ReadImage(str(file))
