"""Nodes as the libraries take them: in world coordinates (LPS, mm), parent transforms included; the scene stays as it is."""

import numpy as np
import SimpleITK as sitk
import slicer
import vtk

from CorrespondCoreLib import mrml

from .placement import isPlaced, parentBefore


def worldImage(volumeNode):
    """The image of a volume node where its own transforms put it; a result of this module it was placed under is not counted."""
    return mrml.image_from_volume(_before(volumeNode))


def worldPoints(markupsNode):
    """Points (N, 3) and labels of a point list, as `worldImage` takes volumes."""
    return mrml.points_from_markups(_before(markupsNode))


def worldMask(segmentationNode, segmentID, reference):
    """A segment, or all segments when the ID is empty, as a uint8 mask on the grid of a world image."""
    return worldLabels(segmentationNode, [segmentID] if segmentID else segmentsByName(segmentationNode).values(), reference) > 0


def worldLabels(segmentationNode, segmentIDs, reference):
    """Segments as labels 1, 2, ... on the grid of a world image; where segments overlap the last one counts."""
    labels = np.zeros(reference.GetSize()[::-1], np.uint8)
    for label, segmentID in enumerate(segmentIDs, start=1):
        mask = mrml.mask_from_segment(_before(segmentationNode), segmentID, reference)
        labels[sitk.GetArrayViewFromImage(mask) > 0] = label
    image = sitk.GetImageFromArray(labels)
    image.CopyInformation(reference)
    return image


def segmentsByName(segmentationNode):
    """Segment IDs by segment name, in order."""
    segmentation = segmentationNode.GetSegmentation()
    return {segmentation.GetSegment(i).GetName(): i for i in segmentation.GetSegmentIDs()}


class _AsBefore:
    """A node that this module placed under a result, seen where its own transforms put it; the node itself is not touched."""

    def __init__(self, node):
        self._node = node
        self._toWorld = vtk.vtkGeneralTransform()
        slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parentBefore(node), None, self._toWorld)

    def __getattr__(self, name):
        return getattr(self._node, name)

    def GetParentTransformNode(self):
        return parentBefore(self._node)

    def GetNthControlPointPositionWorld(self, index):
        return self._toWorld.TransformPoint(self._node.GetNthControlPointPosition(index))


def _before(node):
    return _AsBefore(node) if isPlaced(node) else node
