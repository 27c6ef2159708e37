"""What was found for a run, in the scene: sequences beside its frames, kept as node references of its sequence node."""

import json

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError

from .run_nodes import browserOf, frameCount, proxyOf

SEGMENT = "vessel"
LENT = ("poses",)
"""Roles that are played in a node of the user, which outlives the sequence: the model's own transform."""
VESSEL_COLOR, REFERENCE_COLOR = (0.25, 0.75, 0.95), (0.3, 0.85, 0.3)


def _reference(role, about):
    def get(self):
        return self.run.GetNodeReference(f"TAVIFusion.{role}")

    def put(self, node):
        self.run.SetNodeReferenceID(f"TAVIFusion.{role}", node.GetID() if node is not None else None)

    return property(get, put, doc=about)


class RunResults:
    """The results of a run. They are saved with the scene, because the references are."""

    masks = _reference("masks", "Sequence of segmentations, or None.")
    probability = _reference("probability", "Sequence of one-slice volumes, or None.")
    attention = _reference("attention", "Sequence of one-slice volumes, where the network looked, or None.")
    poses = _reference("poses", "Sequence of linear transforms, a pose for each frame, or None.")
    track = _reference("track", "Table with time, quality and motion of each frame, or None.")
    measures = _reference("measures", "Table of measures per frame, or None.")
    chart = _reference("chart", "Plot chart of the track or the measures, or None.")
    reportText = _reference("reportText", "Text node with report.json, or None.")
    reportPage = _reference("reportPage", "Text node with report.html, or None.")

    kept = ()
    """After a segmentation: frames whose masks were left as a person had drawn them."""

    def __init__(self, run):
        self.run = run

    @property
    def name(self):
        return self.run.GetName()

    @property
    def report(self):
        """report.json of the last work as a dict."""
        return json.loads(self.reportText.GetText()) if self.reportText else {}

    @property
    def maskProxy(self):
        """The segmentation node that shows the mask of the shown frame; drawing in it changes the frame's mask."""
        browser = browserOf(self.run)
        return browser.GetProxyNode(self.masks) if browser is not None and self.masks is not None else None

    def trusted(self, frame):
        """Whether the pose of a frame is good enough to be shown; True where nothing was tracked."""
        table = self.track.GetTable() if self.track is not None else None
        shown = table.GetColumnByName("shown") if table is not None else None
        return shown is None or frame >= shown.GetNumberOfValues() or shown.GetVariantValue(frame).ToInt() != 0

    def node(self, role, className, name):
        """The node of that role, made when it does not exist yet."""
        node = getattr(self, role)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(className, f"{name} ({self.name})")
            setattr(self, role, node)
        return node

    def addSequence(self, role, name):
        """A new empty sequence of that role, indexed as the frames are; the old one of the role is removed."""
        self.removeSequence(role)
        sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", f"{name} ({self.name})")
        indexAs(sequence, self.run)
        setattr(self, role, sequence)
        return sequence

    def removeSequence(self, role):
        """Take the sequence of a role out of the scene, and the node that shows it unless that is lent."""
        sequence, browser = getattr(self, role), browserOf(self.run)
        if sequence is None:
            return
        proxy = browser.GetProxyNode(sequence) if browser is not None and role not in LENT else None
        if browser is not None:
            browser.RemoveSynchronizedSequenceNode(sequence.GetID())
        for node in (proxy, sequence):
            if node is not None:
                slicer.mrmlScene.RemoveNode(node)
        setattr(self, role, None)

    def play(self, sequence, proxy=None):
        """Let the run's browser play a sequence, in a given node or in one of its own; changes to that node are kept."""
        browser = browserOf(self.run)
        browser.AddSynchronizedSequenceNode(sequence)
        missing = slicer.vtkMRMLSequenceBrowserNode.MissingItemCreateFromDefault  # else a frame would get its neighbor's
        browser.SetMissingItemMode(sequence, missing)
        if proxy is not None:
            browser.AddProxyNode(proxy, sequence, False)
        browser.SetSaveChanges(sequence, True)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
        return browser.GetProxyNode(sequence)


def resultsOf(run):
    """The results of a run's sequence node."""
    return RunResults(run)


def maskOfFrame(run, frame):
    """(rows, columns) bool: the mask of a frame, or None where it was not segmented."""
    node = _maskNode(resultsOf(run).masks, run, frame)
    return maskOf(node, run) if node is not None else None


def maskedFrames(run):
    """Indices of the frames that have a mask, which may be empty."""
    masks = resultsOf(run).masks
    return [frame for frame in range(frameCount(run)) if _maskNode(masks, run, frame) is not None]


def _maskNode(masks, run, frame):
    """The segmentation of a frame, or None; one without a segment is what the browser makes of a frame that it passes."""
    node = masks.GetDataNodeAtValue(run.GetNthIndexValue(frame)) if masks is not None else None
    return node if node is not None and node.GetSegmentation().GetNumberOfSegments() else None


def masksOf(run):
    """{frame: (rows, columns) bool} of all frames that have a mask."""
    return {frame: maskOfFrame(run, frame) for frame in maskedFrames(run)}


def probabilityOfFrame(run, frame):
    """(rows, columns): the probability of a frame, or None."""
    sequence = resultsOf(run).probability
    node = sequence.GetDataNodeAtValue(run.GetNthIndexValue(frame)) if sequence is not None else None
    return slicer.util.arrayFromVolume(node)[0] if node is not None else None


def referenceOfFrame(reference, run, frame):
    """(rows, columns) bool: the reference of a frame.

    Args:
        reference: segmentation node, the same for all frames, or sequence of segmentations.

    Raises:
        InputError: the sequence has nothing for that frame, or holds something else.
    """
    if reference.IsA("vtkMRMLSequenceNode"):
        node = reference.GetDataNodeAtValue(run.GetNthIndexValue(frame))
        if node is None or not node.IsA("vtkMRMLSegmentationNode"):
            raise InputError(_('The reference "{name}" has no mask of frame {n}.').format(name=reference.GetName(), n=frame + 1))
        return maskOf(node, run)
    return maskOf(reference, run)


def maskOf(segmentation, run):
    """(rows, columns) bool: all segments of a segmentation on the grid of the frames."""
    proxy = proxyOf(run)
    mask = np.zeros(slicer.util.arrayFromVolume(proxy).shape, bool)
    for index in range(segmentation.GetSegmentation().GetNumberOfSegments()):
        segment = segmentation.GetSegmentation().GetNthSegmentID(index)
        values = slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, segment, proxy)
        if values is not None:
            mask |= values > 0
    return mask[0]


def setMasks(run, masks):
    """Show masks in the run's browser; frames that are not among them keep theirs.

    Args:
        masks: {frame: (rows, columns) bool}.

    Returns:
        The segmentation node that shows them.
    """
    results = resultsOf(run)
    fresh = results.masks is None
    sequence = results.addSequence("masks", _("Vessel")) if fresh else results.masks
    fillMasks(sequence, run, masks, _("Vessel ({name})").format(name=run.GetName()), VESSEL_COLOR)
    shown = results.play(sequence) if fresh else results.maskProxy
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browserOf(run))
    if shown.GetDisplayNode() is None:
        shown.CreateDefaultDisplayNodes()
    display = shown.GetDisplayNode()
    display.SetVisibility3D(False)
    display.SetOpacity2DFill(0.3)
    display.SetOpacity2DOutline(1)
    return shown


def addReference(run, masks, name):
    """A sequence of segmentations to compare with, which nothing plays. masks: as in setMasks."""
    sequence = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceNode", name)
    indexAs(sequence, run)
    fillMasks(sequence, run, masks, name, REFERENCE_COLOR)
    return sequence


def fillMasks(sequence, run, masks, name, color):
    """Put masks, {frame: (rows, columns) bool}, into a sequence of segmentations of a run's frames."""
    proxy = proxyOf(run)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.SetReferenceImageGeometryParameterFromVolumeNode(proxy)
    node.GetSegmentation().AddEmptySegment(SEGMENT, _("Vessel"), color)
    try:
        for frame, mask in masks.items():
            slicer.util.updateSegmentBinaryLabelmapFromArray(mask[None].astype(np.uint8), node, SEGMENT, proxy)
            sequence.SetDataNodeAtValue(node, run.GetNthIndexValue(frame))
    finally:
        slicer.mrmlScene.RemoveNode(node)


def indexAs(sequence, run):
    """Index a sequence as the frames of a run are."""
    sequence.SetIndexName(run.GetIndexName())
    sequence.SetIndexUnit(run.GetIndexUnit())
    sequence.SetIndexType(run.GetIndexType())
