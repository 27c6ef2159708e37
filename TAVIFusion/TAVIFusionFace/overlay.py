"""What is drawn over the frame: outline of the projected model, landmarks, centerline, as nodes in the plane of the frames.

The nodes exist only to be looked at: they are hidden from lists, never saved, and shown in the frame's slice view only.
"""

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray

from TAVIFusionLib.silhouette import outline, silhouette

from .frame_layout import sliceNode
from .model_nodes import curveOf, pointsOf
from .paper_mode import affineShadow
from .run_nodes import volumePixelsToRas

MARK = "TAVIFusion.overlay"
OUTLINE_COLOR = (1.0, 0.85, 0.1)
CENTERLINE_COLOR = (0.2, 0.9, 1.0)
LANDMARK_COLOR = (1.0, 0.35, 0.35)


class Overlay:
    """Projects what belongs to a model onto the frame that is shown."""

    def show(self, volume, arm, mesh, pose, landmarks=None, centerline=None, withOutline=True, affine=None):
        """Draw everything anew.

        Args:
            volume: node that shows the frame.
            arm, mesh, pose: CArm of the frame, surface (Mesh) and Pose of the model.
            landmarks, centerline: markups and model or curve node, or None.
            affine: map of the paper's mode (AffineAlignment), which then stands for the cone beam.

        Returns:
            The silhouette (rows, columns) bool.
        """
        project = lambda points: arm.project(pose.apply(points))  # noqa: E731
        if affine is not None:
            project = lambda points: affine.project(points, arm, pose)  # noqa: E731
        shadow = affineShadow(affine, mesh, arm, pose) if affine is not None else silhouette(mesh, arm, pose)
        lines = [volumePixelsToRas(volume, line) for line in outline(shadow)] if withOutline else []
        fillLines(lineNode("Outline", OUTLINE_COLOR, 3), lines)
        fillLines(lineNode("Centerline", CENTERLINE_COLOR, 2), self._centerline(volume, project, centerline))
        self._landmarks(volume, project, landmarks)
        return shadow

    @staticmethod
    def _centerline(volume, project, node):
        if node is None:
            return []
        points, lines = curveOf(node)
        pixels = project(points)
        return [volumePixelsToRas(volume, pixels[line][np.isfinite(pixels[line]).all(axis=1)]) for line in lines]

    @staticmethod
    def _landmarks(volume, project, markups):
        points, labels = pointsOf(markups) if markups is not None else (np.zeros((0, 3)), [])
        pixels = project(points)
        seen = np.isfinite(pixels).all(axis=1)
        node = landmarkNode()
        wasModifying = node.StartModify()
        try:
            slicer.util.updateMarkupsControlPointsFromArray(node, volumePixelsToRas(volume, pixels[seen]))
            for index, label in enumerate(np.array(labels, dtype=object)[seen]):
                node.SetNthControlPointLabel(index, label)
        finally:
            node.EndModify(wasModifying)


def removeOverlay():
    """Take all nodes of the overlay out of the scene."""
    for node in overlayNodes():
        slicer.mrmlScene.RemoveNode(node)


def overlayNodes():
    """The nodes of the overlay by name."""
    nodes = [*slicer.util.getNodesByClass("vtkMRMLModelNode"), *slicer.util.getNodesByClass("vtkMRMLMarkupsFiducialNode")]
    return [node for node in nodes if node.GetAttribute(MARK)]


def hideOverlay():
    """Keep the nodes, draw nothing: for a frame whose pose is not to be trusted."""
    for node in overlayNodes():
        if node.IsA("vtkMRMLModelNode"):
            fillLines(node, [])
        else:
            node.RemoveAllControlPoints()


def lineNode(name, color, width):
    """The model node of that name that holds lines in the plane of the frames."""
    node = _find(name)
    if node is None:
        node = _add("vtkMRMLModelNode", name)
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetSliceDisplayModeToProjection()
        display.SetVisibility2D(True)
        display.SetVisibility3D(False)
        display.SetColor(*color)
        display.SetSliceIntersectionThickness(width)
        display.SetLineWidth(width)
        _onlyInFrameView(display)
    return node


def landmarkNode():
    """The point list that shows the projected landmarks; it cannot be dragged."""
    node = _find("Landmarks")
    if node is None:
        node = _add("vtkMRMLMarkupsFiducialNode", "Landmarks")
        node.CreateDefaultDisplayNodes()
        node.SetLocked(True)
        display = node.GetDisplayNode()
        display.SetVisibility3D(False)
        display.SetSelectedColor(*LANDMARK_COLOR)
        display.SetGlyphScale(1.5)
        display.SetTextScale(2.2)
        _onlyInFrameView(display)
    return node


def fillLines(node, lines):
    """Give a model node polylines, each (N, 3) RAS mm."""
    data, points, cells = vtk.vtkPolyData(), vtk.vtkPoints(), vtk.vtkCellArray()
    lines = [line for line in lines if len(line) > 1]
    if lines:
        points.SetData(numpy_to_vtk(np.ascontiguousarray(np.concatenate(lines)), deep=True))
        starts = np.cumsum([0, *(len(line) for line in lines)])
        cells.SetData(
            numpy_to_vtkIdTypeArray(starts.astype(np.int64), deep=True),
            numpy_to_vtkIdTypeArray(np.arange(starts[-1], dtype=np.int64), deep=True),
        )
    data.SetPoints(points)
    data.SetLines(cells)
    node.SetAndObservePolyData(data)


def _find(name):
    return next((node for node in overlayNodes() if node.GetAttribute(MARK) == name), None)


def _add(className, name):
    node = slicer.mrmlScene.CreateNodeByClass(className)
    node.UnRegister(None)
    node.SetName(f"{name} (overlay)")
    node.SetAttribute(MARK, name)
    node.SetHideFromEditors(True)
    node.SetSaveWithScene(False)
    return slicer.mrmlScene.AddNode(node)


def _onlyInFrameView(display):
    display.SetSaveWithScene(False)
    display.AddViewNodeID(sliceNode().GetID())
