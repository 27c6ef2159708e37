"""A segmentation result in the scene: its segmentation node, with node references to everything that belongs to it."""

import json

import numpy as np
import slicer

from CorrespondCoreLib.errors import InputError

from .layer_models import depthOf
from .scan_nodes import folderOf

MARK = "OCTEnFaceSeg.result"
"""Attribute of a segmentation node that is a result of this module: the lesion."""

ROLES = ("probability", "uncertainty", "bruch", "measures", "reportText", "reportPage")


def _reference(role):
    def get(self):
        return self.segmentation.GetNodeReference(f"OCTEnFaceSeg.{role}")

    def put(self, node):
        self.segmentation.SetNodeReferenceID(f"OCTEnFaceSeg.{role}", node.GetID() if node else None)

    return property(get, put, doc=f"The {role} node, or None.")


class SegmentationResult:
    """What `OCTEnFaceSegLogic.segment` returns. It is saved with the scene, because the references are."""

    scan = _reference("scan")
    probability = _reference("probability")
    uncertainty = _reference("uncertainty")
    bruch = _reference("bruch")
    measures = _reference("measures")
    reportText = _reference("reportText")
    reportPage = _reference("reportPage")

    def __init__(self, segmentationNode):
        self.segmentation = segmentationNode

    @property
    def name(self):
        return self.segmentation.GetName()

    @property
    def lesion(self):
        """ga, rpd, or another name."""
        return self.segmentation.GetAttribute(MARK)

    @property
    def report(self):
        """report.json as a dict."""
        return json.loads(self.reportText.GetText()) if self.reportText else {}

    @property
    def folder(self):
        """Subject hierarchy item of the folder of the scan, in which the result lies."""
        return folderOf(self.scan)

    def nodes(self):
        """All nodes that the segmentation made, the mask first."""
        made = (getattr(self, role) for role in ROLES)
        return [self.segmentation, *(node for node in made if node is not None)]

    def mask(self):
        """The mask (B-scans, A-scans) as it is now, corrections included.

        Raises:
            InputError: its segment or its scan was removed.
        """
        return maskOf(self.segmentation, self.lesion, self.probability)

    def bruchDepth(self):
        """Bruch's membrane (B-scans, A-scans) in voxels."""
        return depthOf(self.bruch, slicer.util.arrayFromVolume(self.probability)[:, 0].shape)

    def uncertaintyMap(self):
        """(B-scans, A-scans), or None where there is none."""
        return None if self.uncertainty is None else slicer.util.arrayFromVolume(self.uncertainty)[:, 0]

    def node(self, role, className, name):
        """The node of that role, made in the folder when it does not exist yet."""
        node = getattr(self, role)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(className, f"{name} ({self.name})")
            setattr(self, role, node)
            self.addToFolder(node)
        return node

    def addToFolder(self, node):
        """Put a node into the folder of the scan."""
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(self.folder, node)
        hierarchy.SetItemParent(item, self.folder)


def resultOf(segmentationNode):
    """The result that a segmentation node stands for; None when it is no result of this module."""
    return SegmentationResult(segmentationNode) if segmentationNode and segmentationNode.GetAttribute(MARK) else None


def maskOf(segmentationNode, segmentID, enfaceNode):
    """A segment on an en-face volume's grid, (B-scans, A-scans) bool; the first segment when there is none of that ID.

    Raises:
        InputError: there is no segment, or no volume.
    """
    segmentation = segmentationNode.GetSegmentation()
    if segmentation.GetNumberOfSegments() == 0 or enfaceNode is None:
        raise InputError(f'"{segmentationNode.GetName()}" has no segment, or its maps were removed. Segment the scan again.')
    if segmentation.GetSegment(segmentID or "") is None:
        segmentID = segmentation.GetNthSegmentID(0)
    values = slicer.util.arrayFromSegmentBinaryLabelmap(segmentationNode, segmentID, enfaceNode)
    if values is None:
        return np.zeros(slicer.util.arrayFromVolume(enfaceNode)[:, 0].shape, bool)
    return values[:, 0] > 0
