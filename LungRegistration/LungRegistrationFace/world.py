"""Nodes as the libraries take them: in world coordinates (LPS, mm), parent transforms included; the scene stays as it is."""

from contextlib import contextmanager

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib import mrml

from .placement import isPlaced, parentBefore


def worldImage(volumeNode):
    """The image of a volume node where its own transforms put it; a result of this module it was placed under is not counted."""
    with _unplaced(volumeNode):
        return mrml.image_from_volume(volumeNode)


def worldPoints(markupsNode):
    """Points (N, 3) and labels of a point list, as `worldImage` takes volumes."""
    with _unplaced(markupsNode):
        return mrml.points_from_markups(markupsNode)


def worldMask(segmentationNode, segmentID, reference):
    """A segment, or all segments when the ID is empty, as a uint8 mask on the grid of a world image."""
    return worldLabels(segmentationNode, [segmentID] if segmentID else segmentsByName(segmentationNode).values(), reference) > 0


def worldLabels(segmentationNode, segmentIDs, reference):
    """Segments as labels 1, 2, ... on the grid of a world image; where segments overlap the last one counts."""
    labels = np.zeros(reference.GetSize()[::-1], np.uint8)
    with _unplaced(segmentationNode):
        for label, segmentID in enumerate(segmentIDs, start=1):
            labels[sitk.GetArrayViewFromImage(mrml.mask_from_segment(segmentationNode, segmentID, reference)) > 0] = label
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(reference)
    return image


def segmentsByName(segmentationNode):
    """Segment IDs by segment name, in order."""
    segmentation = segmentationNode.GetSegmentation()
    return {segmentation.GetSegment(i).GetName(): i for i in segmentation.GetSegmentIDs()}


@contextmanager
def _unplaced(node):
    """Let a node that this module placed under a result hang under its own parent for a moment."""
    if not isPlaced(node):
        yield
        return
    current, before = node.GetTransformNodeID(), parentBefore(node)
    node.SetAndObserveTransformNodeID(before.GetID() if before else None)
    try:
        yield
    finally:
        node.SetAndObserveTransformNodeID(current)
