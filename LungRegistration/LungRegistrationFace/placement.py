"""Placing nodes under a result's transform, so that moving data appear on the fixed image, and taking them out again."""

import slicer
import vtk

PARENT_BEFORE = "LungRegistration.parentBefore"
PLACED = "LungRegistration.placed"


def place(node, result):
    """Put a transformable node under the transform of a result.

    A parent transform that the node already has stays in effect: it is applied first, as a copy, because other nodes may hang
    under the original. A node that is under another result is taken out of that one first.
    """
    takeOut(node)
    parent = node.GetParentTransformNode()
    node.SetAttribute(PLACED, "1")
    if parent is None:
        node.SetAndObserveTransformNodeID(result.transform.GetID())
        return
    node.SetNodeReferenceID(PARENT_BEFORE, parent.GetID())
    first = _copyOfTransformToWorld(parent)
    first.SetName(f"{parent.GetName()}, then {result.name}")
    first.SetAndObserveTransformNodeID(result.transform.GetID())
    result.addToFolder(first)
    node.SetAndObserveTransformNodeID(first.GetID())


def takeOut(node):
    """Give a placed node its own parent transform back; other nodes are left alone."""
    if not isPlaced(node):
        return
    current, before = node.GetParentTransformNode(), parentBefore(node)
    node.SetAndObserveTransformNodeID(before.GetID() if before else None)
    node.RemoveAttribute(PLACED)
    node.SetNodeReferenceID(PARENT_BEFORE, None)
    if before is not None and current is not None:
        slicer.mrmlScene.RemoveNode(current)


def isPlaced(node):
    """True when this module put the node under a result's transform."""
    return node.GetAttribute(PLACED) is not None


def parentBefore(node):
    """The transform that positions the node, results of this module aside; None when there is none."""
    return node.GetNodeReference(PARENT_BEFORE) if isPlaced(node) else node.GetParentTransformNode()


def _copyOfTransformToWorld(parent):
    if parent.IsTransformToWorldLinear():
        matrix = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(matrix)
        copy = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
        copy.SetMatrixTransformToParent(matrix)
        return copy
    general = vtk.vtkGeneralTransform()
    parent.GetTransformToWorld(general)
    copy = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTransformNode")
    copy.SetAndObserveTransformToParent(general)
    return copy
