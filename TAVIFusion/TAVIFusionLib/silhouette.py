"""The shadow of a mesh in a C-arm's image, fast enough to follow a cine on a CPU.

In the image each edge has as many triangles on its one side as on the other, almost everywhere: what one triangle adds to the
count of triangles over a pixel when a row is walked along, its neighbour takes away. The few edges where that is not so, the rim,
are all that has to be drawn.
"""

from __future__ import annotations

import numpy as np

from .carm import CArm
from .meshes import Mesh
from .near_plane import before_source
from .outline import outline
from .pose import Pose

__all__ = ["outline", "silhouette"]


def silhouette(mesh: Mesh, carm: CArm, pose: Pose | None = None) -> np.ndarray:
    """(rows, columns) bool: the pixels whose center's ray meets the mesh, closed or open, its corners in any order.

    Args:
        pose: of the mesh in the patient's frame.

    What lies behind the source is cut off, what lies outside the frame is not drawn.

    Raises:
        InputError: the geometry is incomplete.
    """
    carm.check()
    mesh, points = before_source(mesh, carm, pose or Pose())
    pixels = carm.project(points)
    weight = _edge_weights(mesh, pixels)
    rim = np.flatnonzero(weight)
    return _triangles_over_pixels(pixels[mesh.edges[rim]], weight[rim], carm.size) > 0


def _edge_weights(mesh: Mesh, pixels: np.ndarray) -> np.ndarray:
    """(E,) sum over the triangles at each edge: 1 where the triangle, turned so that its area in the image is positive, runs
    along the edge in the edge's direction, else -1. The sum is 0 inside of sheets."""
    column, row = (np.ascontiguousarray(axis)[mesh.triangles.T] for axis in pixels.T)
    area = (column[1] - column[0]) * (row[2] - row[0]) - (column[2] - column[0]) * (row[1] - row[0])
    return mesh.edge_sums @ np.sign(area)


def _triangles_over_pixels(ends: np.ndarray, weight: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(rows, columns): how many triangles cover the center of each pixel.

    Args:
        ends: (K, 2, 2) start and end (column, row) of edges. weight: (K,) see `_edge_weights`. size: columns, rows.
    """
    columns, rows = size
    (x0, y0), (x1, y1) = ends.transpose(1, 2, 0)
    first = np.clip(np.ceil(np.minimum(y0, y1)), 0, rows).astype(np.int64)
    number = np.clip(np.ceil(np.maximum(y0, y1)), 0, rows).astype(np.int64) - first
    edge = np.repeat(np.arange(len(ends)), number)
    row = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + first[edge]
    slope = np.divide(x1 - x0, y1 - y0, out=np.zeros(len(ends)), where=y1 != y0)
    column = np.clip(np.ceil(x0[edge] + (row - y0[edge]) * slope[edge]), 0, columns).astype(np.int64)
    change = np.where(y0 < y1, -weight, weight)[edge]
    changes = np.bincount(row * (columns + 1) + column, change, minlength=rows * (columns + 1))
    return np.cumsum(changes.reshape(rows, columns + 1), axis=1)[:, :columns]
