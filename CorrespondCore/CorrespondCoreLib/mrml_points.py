"""The border between Slicer's scene and the libraries: markups nodes."""

from __future__ import annotations

from typing import Any

import numpy as np


def points_from_markups(markups_node: Any) -> tuple[np.ndarray, list[str]]:
    """Positions and labels of the placed control points of a markups node, in the world.

    Returns:
        (N, 3) float array in LPS mm, and N labels.
    """
    defined = [
        i
        for i in range(markups_node.GetNumberOfControlPoints())
        if markups_node.GetNthControlPointPositionStatus(i) == markups_node.PositionDefined
    ]
    positions_ras = np.array([markups_node.GetNthControlPointPositionWorld(i) for i in defined], dtype=float).reshape(-1, 3)
    return positions_ras * (-1.0, -1.0, 1.0), [markups_node.GetNthControlPointLabel(i) for i in defined]


def markups_from_points(points_mm: np.ndarray, name: str = "", labels: list[str] | None = None, node: Any = None) -> Any:
    """Put points into the scene, as a point list.

    Args:
        points_mm: (N, 3), LPS mm.
        name: of a new node.
        labels: one per point; "1", "2", ... by default.
        node: vtkMRMLMarkupsFiducialNode to fill (its old points go); a new one is added to slicer.mrmlScene by default.

    Returns:
        The node.
    """
    import slicer
    import vtk

    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLMarkupsFiducialNode", name)
        node.CreateDefaultDisplayNodes()
    with slicer.util.NodeModify(node):  # displays that follow every single point are twelve times slower
        node.RemoveAllControlPoints()
        for i, (left, posterior, superior) in enumerate(np.asarray(points_mm, dtype=float)):
            node.AddControlPoint(vtk.vtkVector3d(-left, -posterior, superior), labels[i] if labels else str(i + 1))
    return node
