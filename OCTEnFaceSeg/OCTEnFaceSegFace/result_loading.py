"""The files of a finished segmentation become nodes beside the scan: all of them or, after an error, none."""

import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml, provenance

from .layer_models import addLayer
from .result import MARK, SegmentationResult

COLORS = "vtkMRMLColorTableNodeIron"
SHOWN_FROM = 0.05  # of the largest value; less lets the image behind shine through


def loadResult(folder, request):
    """Bring the output folder (a Path) of `correspond oct segment` into the scene. Returns SegmentationResult."""
    before = _nodeIDs()
    try:
        return _load(folder, request)
    except BaseException:
        for nodeID in _nodeIDs() - before:
            node = slicer.mrmlScene.GetNodeByID(nodeID)
            if node is not None:
                slicer.mrmlScene.RemoveNode(node)
        raise


def _load(folder, request):
    scan = request.volume
    segmentation = slicer.util.loadSegmentation(str(folder / "mask.seg.nrrd"))
    title = segmentation.GetSegmentation().GetNthSegment(0).GetName()
    segmentation.SetName(slicer.mrmlScene.GenerateUniqueName(f"{title} ({scan.GetName()})"))
    segmentation.SetAttribute(MARK, request.lesion)
    if segmentation.GetStorageNode() is not None:
        slicer.mrmlScene.RemoveNode(segmentation.GetStorageNode())  # it names a file of the job, which is removed
    result = SegmentationResult(segmentation)
    result.scan = scan
    result.addToFolder(segmentation)
    result.probability = _map(result, folder / "probability.nrrd", _("Probability"), 1.0)
    result.uncertainty = _map(result, folder / "uncertainty.nrrd", _("Uncertainty"), None)
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(result.probability)
    depth = sitk.GetArrayFromImage(sitk.ReadImage(str(folder / "bruch.nrrd"), sitk.sitkFloat32))[:, 0]
    result.bruch = addLayer(depth, mrml.image_from_volume(scan), "BM")
    result.bruch.SetName(_("Bruch's membrane ({name})").format(name=result.name))
    result.addToFolder(result.bruch)
    for role, file, name in (("reportText", "report.json", _("Figures")), ("reportPage", "report.html", _("Report page"))):
        result.node(role, "vtkMRMLTextNode", name).SetText((folder / file).read_text(encoding="utf-8"))
    _show(segmentation)
    _addProvenance(result)
    return result


def _map(result, file, name, largest):
    node = mrml.volume_from_image(sitk.ReadImage(str(file)), f"{name} ({result.name})")
    display = node.GetDisplayNode()
    largest = largest or max(float(slicer.util.arrayFromVolume(node).max()), 1e-3)
    display.SetAndObserveColorNodeID(COLORS)
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(0.0, largest)
    display.SetThreshold(SHOWN_FROM * largest, largest)
    display.SetApplyThreshold(True)
    result.addToFolder(node)
    return node


def _show(segmentation):
    segmentation.CreateDefaultDisplayNodes()
    display = segmentation.GetDisplayNode()
    display.SetOpacity2DFill(0.35)
    display.SetOpacity2DOutline(1)
    display.SetVisibility3D(False)


def _addProvenance(result):
    """Every node of the result says how it was made."""
    report = result.report
    keys = ("method", "models", "weights_sha256", "settings", "device", "versions", "statement")
    for node in result.nodes():
        for attribute, value in provenance.attributes({key: report[key] for key in keys if key in report}).items():
            node.SetAttribute(attribute, value)


def _nodeIDs():
    return {slicer.mrmlScene.GetNthNode(i).GetID() for i in range(slicer.mrmlScene.GetNumberOfNodes())}
