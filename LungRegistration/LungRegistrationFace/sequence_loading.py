"""The files of a registered sequence become sequences, tables and charts in one folder: all of them or, after an error, none."""

import json

import numpy as np
import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml, provenance

from .jacobian_color import showAsVolumeChange
from .sequence_course import addLandmarkCourse, addVolumeCourse, followedLandmarks
from .sequence_request import pairID
from .sequence_result import SequenceResult

KEYS = ("method", "preset", "model", "weights_sha256", "settings", "device", "versions", "statement")


def loadSequence(folder, request):
    """Bring the output folder (a Path) of `correspond lung batch` into the scene, synchronized with the sequence's browser.

    Args:
        folder: holds a folder per phase other than the reference.
        request: SequenceRequest that led to it.

    Returns:
        SequenceResult.
    """
    browser = request.browser()
    made = browser is None
    if made:
        browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", request.sequence.GetName())
        browser.SetAndObserveMasterSequenceNodeID(request.sequence.GetID())
    name = _("{name} to {phase}").format(name=request.sequence.GetName(), phase=request.phaseNames()[request.reference])
    result = SequenceResult(slicer.mrmlScene.GenerateUniqueName(name), browser)
    try:
        _fill(result, folder, request)
    except BaseException:
        result.remove()
        if made:
            slicer.mrmlScene.RemoveNode(browser)
        raise
    return result


def _fill(result, folder, request):
    folders = [None if item == request.reference else folder / pairID(item) for item in range(len(request.phases()))]
    result.reports = [
        json.loads((phase / "report.json").read_text(encoding="utf-8")) if phase is not None else None for phase in folders
    ]
    some = next(report for report in result.reports if report is not None)
    result.attributes = provenance.attributes({key: some[key] for key in KEYS})
    fields = _fields(folders)
    reference = request.image(request.reference)
    transforms = (mrml.grid_transform_from_field(field, node=slicer.vtkMRMLGridTransformNode()) for field in fields)
    result.sequence("transforms", _("Transforms"), request.sequence, transforms)
    result.sequence("warped", _("Warped"), request.sequence, _volumes(folders, "warped", reference))
    unchanged = sitk.Image(reference.GetSize(), sitk.sitkFloat32) + 1
    unchanged.CopyInformation(reference)
    result.sequence("jacobian", _("Volume change"), request.sequence, _volumes(folders, "jacobian", unchanged))
    addVolumeCourse(result, request, result.reports)
    if request.landmarks is not None:
        followed_mm = followedLandmarks(request, fields)
        labels = request.landmarksOf(request.reference)[1]
        lists = (
            mrml.markups_from_points(points_mm, labels=labels, node=slicer.vtkMRMLMarkupsFiducialNode())
            for points_mm in followed_mm
        )
        result.sequence("landmarks", _("Landmarks followed"), request.sequence, lists)
        addLandmarkCourse(result, request, result.reports, followed_mm)
    _show(result, request)


def _fields(folders):
    """Displacement field of each phase; the reference's is zero on the grid of another one."""
    fields = [None if phase is None else sitk.ReadImage(str(phase / "fixed_to_moving.nrrd")) for phase in folders]
    like = next(field for field in fields if field is not None)
    zero = sitk.GetImageFromArray(np.zeros_like(sitk.GetArrayViewFromImage(like)), isVector=True)
    zero.CopyInformation(like)
    return [zero if field is None else field for field in fields]


def _volumes(folders, name, ofReference):
    for phase in folders:
        image = ofReference if phase is None else sitk.ReadImage(str(phase / f"{name}.nrrd"))
        yield mrml.volume_from_image(image, node=slicer.vtkMRMLScalarVolumeNode())


def _show(result, request):
    """Everything in the browser, each with its display."""
    shown = result.browser.GetProxyNode(request.sequence)
    for sequence in (result.transforms, result.warped, result.jacobian, result.landmarks):
        if sequence is None:
            continue
        proxy = result.show(sequence)
        if sequence is result.warped and shown is not None and shown.GetDisplayNode() is not None:
            proxy.GetDisplayNode().AutoWindowLevelOff()
            proxy.GetDisplayNode().SetWindowLevel(shown.GetDisplayNode().GetWindow(), shown.GetDisplayNode().GetLevel())
        elif sequence is result.jacobian:
            regions = [report["jacobian"] for report in result.reports if report is not None]
            figures = [region.get("lung") or region["everywhere"] for region in regions]
            showAsVolumeChange(proxy, {"p1": min(f["p1"] for f in figures), "p99": max(f["p99"] for f in figures)})
        elif sequence is result.landmarks:
            proxy.SetLocked(True)
            proxy.GetDisplayNode().SetTextScale(0)
