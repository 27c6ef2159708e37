"""The aorta in the scene: a model node, under the transform that holds its pose; and points that move with it.

The pose transform is the topmost parent of the model and of everything that belongs to it. Transforms below it, such as that of a
registration, belong to the planning CT's frame.
"""

from pathlib import Path

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.meshes import Mesh
from TAVIFusionLib.pose import Pose

POSE_MARK = "TAVIFusion.pose"
"""Attribute of a transform node that is a pose: its pivot in LPS mm, as three numbers."""

LPS = np.array([-1.0, -1.0, 1.0])
AORTA_COLOR = (0.85, 0.35, 0.30)


def addModel(mesh, name):
    """Put a surface (Mesh, LPS) into the scene. Returns the model node."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", slicer.mrmlScene.GenerateUniqueName(name))
    node.SetAndObserveMesh(polyData(mesh))
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetColor(*AORTA_COLOR)
    node.GetDisplayNode().SetOpacity(0.6)
    return node


def openModel(path, frame):
    """Read a surface file. frame: "LPS" or "RAS", how its points are meant.

    Raises:
        InputError: it cannot be read, or holds no triangles.
    """
    from TAVIFusionLib.meshes import read_mesh

    return addModel(read_mesh(path, frame=frame), Path(path).stem)


def modelFromSegment(segmentation, segmentID):
    """A surface model of a segment. Returns the model node.

    Raises:
        InputError: there is no such segment, or it is empty.
    """
    segment = segmentation.GetSegmentation().GetSegment(segmentID) if segmentation is not None else None
    if segment is None:
        raise InputError(_("Choose a segment first."))
    surface = vtk.vtkPolyData()
    copy = slicer.vtkMRMLSegmentationNode()
    copy.GetSegmentation().CopySegmentFromSegmentation(segmentation.GetSegmentation(), segmentID)
    copy.CreateClosedSurfaceRepresentation()
    copy.GetClosedSurfaceRepresentation(segmentID, surface)
    if surface.GetNumberOfPoints() == 0:
        raise InputError(_('The segment "{name}" is empty. Choose another one.').format(name=segment.GetName()))
    node = addModel(meshOfPolyData(surface), segment.GetName())
    node.SetAndObserveTransformNodeID(segmentation.GetTransformNodeID())
    return node


def meshOf(model):
    """The surface (Mesh, LPS mm) of a model node in the planning CT's frame, that is without its pose.

    Raises:
        InputError: it has no triangles.
    """
    mesh = meshOfPolyData(model.GetPolyData())
    if len(mesh.triangles) == 0:
        raise InputError(_('The model "{name}" has no surface. Choose another one.').format(name=model.GetName()))
    return Mesh(_planned(model, mesh.points_mm), mesh.triangles)


def pointsOf(markups):
    """(N, 3) LPS mm and labels of a point list in the planning CT's frame, that is without its pose."""
    points, labels = mrml.points_from_markups(markups)
    pose = poseNode(markups)
    return (points if pose is None else _inverse(poseOf(pose)).apply(points)), labels


def curveOf(node):
    """(N, 3) LPS mm along a centerline (model or markups curve) in the planning CT's frame, and for each line its indices."""
    if node.IsA("vtkMRMLMarkupsCurveNode"):
        local = node.GetCurvePoints()
        points = (
            vtk_to_numpy(local.GetData()).astype(float) if local is not None and local.GetNumberOfPoints() else np.zeros((0, 3))
        )
        return _planned(node, points * LPS), [np.arange(len(points))]
    data = node.GetPolyData()
    points = vtk_to_numpy(data.GetPoints().GetData()).astype(float) * LPS
    ids, lines = vtk.vtkIdList(), []
    cells = data.GetLines()
    cells.InitTraversal()
    while cells.GetNextCell(ids):
        lines.append(np.array([ids.GetId(i) for i in range(ids.GetNumberOfIds())]))
    return _planned(node, points), lines


def poseNode(node):
    """The pose transform above a node; None where it was never posed."""
    top = _top(node)
    return top if top is not None and top.GetAttribute(POSE_MARK) else None


def poseOf(transform):
    """The pose (Pose) that a transform node holds now; of None the pose that changes nothing."""
    if transform is None:
        return Pose()
    matrix = vtk.vtkMatrix4x4()
    transform.GetMatrixTransformToParent(matrix)
    pivot = [float(value) for value in (transform.GetAttribute(POSE_MARK) or "0 0 0").split()]
    return Pose.from_matrix(mrml.RAS_TO_LPS @ mrml.array_of_matrix(matrix) @ mrml.RAS_TO_LPS, pivot)


def setPose(transform, pose):
    """Give a pose transform another pose (Pose)."""
    transform.SetAttribute(POSE_MARK, " ".join(f"{value:.9g}" for value in pose.pivot_mm))
    transform.SetMatrixTransformToParent(matrixOf(pose))


def matrixOf(pose):
    """The pose as vtkMatrix4x4 in RAS."""
    return mrml.vtk_matrix(mrml.RAS_TO_LPS @ pose.matrix() @ mrml.RAS_TO_LPS)


def ensurePose(model, others=(), pivot_mm=None):
    """The pose transform above a model, made when there is none; other nodes of the same frame are put under it, too.

    Args:
        pivot_mm: about which the pose turns, for a new one; the middle of the model by default.
    """
    pose = poseNode(model)
    if pose is None:
        pose = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", f"Pose of {model.GetName()}")
        center = meshOf(model).points_mm.mean(axis=0) if pivot_mm is None else np.asarray(pivot_mm)
        setPose(pose, Pose(pivot_mm=tuple(float(value) for value in center)))
        _putUnder(model, pose)
    for node in others:
        if node is not None and poseNode(node) is not pose:
            _putUnder(node, pose)
    return pose


def polyData(mesh):
    """A surface (Mesh, LPS) as vtkPolyData in RAS."""
    data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(mesh.points_mm * LPS), deep=True))
    triangles = np.ascontiguousarray(mesh.triangles, dtype=np.int64)
    cells.SetData(3, numpy_to_vtkIdTypeArray(triangles.ravel(), deep=True))
    data.SetPoints(points)
    data.SetPolys(cells)
    return data


def meshOfPolyData(data):
    """vtkPolyData in RAS as surface (Mesh, LPS)."""
    if data is None or data.GetNumberOfPoints() == 0:
        return Mesh(np.zeros((0, 3)), np.zeros((0, 3), np.int64))
    triangulate = vtk.vtkTriangleFilter()
    triangulate.SetInputData(data)
    triangulate.PassLinesOff()
    triangulate.PassVertsOff()
    triangulate.Update()
    triangles = triangulate.GetOutput()
    points = vtk_to_numpy(triangles.GetPoints().GetData()).astype(float) * LPS
    return Mesh(points, vtk_to_numpy(triangles.GetPolys().GetConnectivityArray()).astype(np.int64).reshape(-1, 3))


def _top(node):
    """The topmost transform above a node, or None."""
    top = node.GetParentTransformNode()
    while top is not None and top.GetParentTransformNode() is not None:
        top = top.GetParentTransformNode()
    return top


def _putUnder(node, pose):
    (_top(node) or node).SetAndObserveTransformNodeID(pose.GetID())


def _planned(node, points_mm):
    """Points of a node (LPS) in the planning CT's frame: through all of its transforms but the pose."""
    parent, pose = node.GetParentTransformNode(), poseNode(node)
    if parent is None or parent is pose or len(points_mm) == 0:
        return points_mm
    transform = vtk.vtkGeneralTransform()
    slicer.vtkMRMLTransformNode.GetTransformBetweenNodes(parent, pose, transform)
    before, after = vtk.vtkPoints(), vtk.vtkPoints()
    before.SetData(numpy_to_vtk(np.ascontiguousarray(points_mm * LPS), deep=True))
    transform.TransformPoints(before, after)
    return vtk_to_numpy(after.GetData()).astype(float) * LPS


def _inverse(pose):
    return Pose.from_matrix(np.linalg.inv(pose.matrix()))
