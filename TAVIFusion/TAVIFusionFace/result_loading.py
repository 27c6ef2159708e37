"""The files of finished work become nodes: all of them or, after an error, none."""

import contextlib
import csv
import json

import SimpleITK as sitk
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import provenance
from TAVIFusionLib.mask_files import FIRST_FRAME
from TAVIFusionLib.pose_files import pose_of, read_pose

from .annotation import drawnFrames, setComputed
from .model_nodes import ensurePose, setPose
from .paper_mode import forgetAffine, setAffine
from .plots import fillTable, seriesNode, setTitles
from .results import resultsOf
from .run_nodes import imageData, proxyOf


@contextlib.contextmanager
def allOrNothing():
    """Nodes that were added within are removed again when an error ends it."""
    before = _nodeIDs()
    try:
        yield
    except BaseException:
        for nodeID in _nodeIDs() - before:
            node = slicer.mrmlScene.GetNodeByID(nodeID)
            if node is not None:
                slicer.mrmlScene.RemoveNode(node)
        raise


def loadSegmentation(folder, request):
    """Bring the output folder (a Path) of `correspond tavi segment` into the scene; what a person drew stays as it is.

    Returns:
        RunResults; its `kept` are the frames of these that a person has drawn.
    """
    masks, first = framesIn(folder / "masks.nrrd")
    probability, _first = framesIn(folder / "probability.nrrd")
    results, drawn = resultsOf(request.run), drawnFrames(request.run)
    found = {first + n: mask > 0 for n, mask in enumerate(masks)}
    results.kept = sorted(set(found) & set(drawn))
    with allOrNothing():
        setComputed(request.run, {frame: mask for frame, mask in found.items() if frame not in results.kept})
        results.removeSequence("attention")  # it was of other masks, perhaps of another network
        addMaps(results, "probability", _("Probability"), probability, first)
        _addReport(results, folder, [results.maskProxy, results.masks, results.probability])
    return results


def loadAlignment(folder, request):
    """Take the pose of `correspond tavi align` over, or the affine map of the paper's mode.

    Returns:
        The report as a dict, with the pose (Pose, or None in the paper's mode) as "pose".
    """
    matrix = json.loads((folder / "report.json").read_text(encoding="utf-8"))["affine_px"]
    if matrix is not None:
        return _loadAffine(folder, request, matrix)
    pose = read_pose(folder / "pose.json")
    with allOrNothing():
        node = ensurePose(request.model, (request.landmarks, request.modelPoints))
        results = resultsOf(request.run)
        results.removeSequence("poses")
        _forgetTrack(results)
        forgetAffine(request.run)
        setPose(node, pose)
        _addReport(results, folder, [node])
    return {**results.report, "pose": pose}


def _loadAffine(folder, request, matrix):
    results = resultsOf(request.run)
    with allOrNothing():
        setAffine(request.run, request.frame, matrix)
        _addReport(results, folder, [])
    return {**results.report, "pose": None}


def loadTrack(folder, request):
    """Bring the poses of `correspond tavi track` into the run's browser. Returns RunResults."""
    entries = json.loads((folder / "poses.json").read_text(encoding="utf-8"))["frames"]
    columns = {**_columns(folder / "poses.csv"), **_columns(folder / "motion.csv")}
    results = resultsOf(request.run)
    with allOrNothing():
        node = ensurePose(request.model, (request.landmarks,))
        sequence = results.addSequence("poses", _("Poses"))
        transform = slicer.vtkMRMLLinearTransformNode()
        transform.SetName(node.GetName())
        for entry in entries:
            setPose(transform, pose_of(entry["pose"]))
            sequence.SetDataNodeAtValue(transform, request.run.GetNthIndexValue(int(entry["frame"])))
        results.play(sequence, node)
        table = results.node("track", "vtkMRMLTableNode", _("Track"))
        fillTable(table, columns)
        _fillChart(results, table)
        _addReport(results, folder, [node, sequence, table])
    return results


def _fillChart(results, table):
    chart = results.node("chart", "vtkMRMLPlotChartNode", _("Motion"))
    names = {"right_mm": _("right"), "down_mm": _("down"), "heart_mm": _("heart"), "breath_mm": _("breath")}
    for color, (column, title) in enumerate(names.items()):
        seriesNode(chart, title, table, "time_s", column, color)
    setTitles(chart, "", _("Time (s)"), _("Motion in the frame, at the isocenter (mm)"))


def _forgetTrack(results):
    for role in ("track", "chart"):
        node = getattr(results, role)
        if node is not None:
            slicer.mrmlScene.RemoveNode(node)
            setattr(results, role, None)


def _columns(path):
    """{title: numbers} of a CSV file."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def framesIn(path):
    """(frames, rows, columns) of an image with a slice for each frame, and the index of the first."""
    image = sitk.ReadImage(str(path))
    first = int(image.GetMetaData(FIRST_FRAME)) if image.HasMetaDataKey(FIRST_FRAME) else 0
    return sitk.GetArrayFromImage(image), first


def addMaps(results, role, name, maps, first):
    """Keep a map (rows, columns) for each frame from the first on; other frames keep theirs."""
    sequence = getattr(results, role) or results.addSequence(role, name)
    volume = slicer.vtkMRMLScalarVolumeNode()
    volume.CopyOrientation(proxyOf(results.run))
    for number, values in enumerate(maps):
        volume.SetAndObserveImageData(imageData(values))
        sequence.SetDataNodeAtValue(volume, results.run.GetNthIndexValue(first + number))


def _addReport(results, folder, nodes):
    """Keep report.json and report.html; every node of the result says how it was made."""
    for role, file, name in (("reportText", "report.json", _("Figures")), ("reportPage", "report.html", _("Report page"))):
        results.node(role, "vtkMRMLTextNode", name).SetText((folder / file).read_text(encoding="utf-8"))
    report = results.report
    keys = ("method", "model", "settings", "device", "versions", "statement")
    for node in nodes:
        for attribute, value in provenance.attributes({key: report[key] for key in keys if key in report}).items():
            node.SetAttribute(attribute, value)


def _nodeIDs():
    return {slicer.mrmlScene.GetNthNode(i).GetID() for i in range(slicer.mrmlScene.GetNumberOfNodes())}
