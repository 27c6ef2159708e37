"""The fovea as the user marks it: one point of a scan."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml

from .scan_nodes import folderOf

ROLE = "OCTEnFaceSeg.fovea"


def foveaNode(volumeNode):
    """The point list that holds the fovea of a scan; None where it was never marked."""
    return volumeNode.GetNodeReference(ROLE)


def markedFovea(volumeNode):
    """(B-scan, A-scan) of the marked fovea, or None."""
    node = foveaNode(volumeNode)
    if node is None or node.GetNumberOfDefinedControlPoints() == 0:
        return None
    lps = mrml.points_from_markups(node)[0][0]
    voxel = np.linalg.inv(mrml.voxel_to_lps(mrml.image_from_volume(volumeNode))) @ [*lps, 1]
    return float(voxel[2]), float(voxel[0])


def askForFovea(volumeNode):
    """Let the next click in a view mark the fovea. Returns the point list."""
    forgetFovea(volumeNode)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", _("Fovea ({name})").format(name=volumeNode.GetName()))
    node.SetMaximumNumberOfControlPoints(1)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetTextScale(0)
    volumeNode.SetNodeReferenceID(ROLE, node.GetID())
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(node), folderOf(volumeNode))
    markups = slicer.modules.markups.logic()
    markups.SetActiveList(node)
    markups.StartPlaceMode(False)
    return node


def forgetFovea(volumeNode):
    """Remove the marked fovea."""
    node = foveaNode(volumeNode)
    if node is not None:
        slicer.mrmlScene.RemoveNode(node)
