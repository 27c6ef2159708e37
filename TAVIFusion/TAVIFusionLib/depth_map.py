"""How far from the X-ray source a mesh is at each pixel, for coloring by depth."""

from __future__ import annotations

import numpy as np

from .carm import CArm
from .meshes import Mesh
from .near_plane import before_source
from .pose import Pose

_BLOCK = 2_000_000  # pixels of boxes around triangles that are looked at together


def depth_map(mesh: Mesh, carm: CArm, pose: Pose | None = None) -> np.ndarray:
    """(rows, columns) float32: mm along the beam's axis from the source to the nearest surface, nan beside the mesh.

    Its finite pixels are those of `silhouette`, but for pixels whose center lies on an edge.

    Raises:
        InputError: the geometry is incomplete.
    """
    carm.check()
    mesh, points = before_source(mesh, carm, pose or Pose())
    columns, rows = carm.size
    nearness = np.zeros(rows * columns)
    pixels = carm.project(points)[mesh.triangles]
    inverse_depth = (1.0 / ((points - carm.source_mm) @ carm.axes()[2]))[mesh.triangles]  # is linear in the image
    first = np.clip(np.ceil(pixels.min(axis=1)), 0, carm.size).astype(np.int64)
    extent = np.clip(np.floor(pixels.max(axis=1)) + 1, 0, carm.size).astype(np.int64) - first
    total = np.cumsum(np.maximum(extent, 0).prod(axis=1))
    done = 0
    while done < len(total):
        before = total[done - 1] if done else 0
        upto = max(int(np.searchsorted(total, before + _BLOCK, side="right")), done + 1)
        part = slice(done, upto)
        _draw(pixels[part], inverse_depth[part], first[part], extent[part], nearness, columns)
        done = upto
    with np.errstate(divide="ignore"):
        depth = np.where(nearness > 0, 1.0 / nearness, np.nan)
    return depth.reshape(rows, columns).astype(np.float32)


def _draw(pixels, inverse_depth, first, extent, nearness: np.ndarray, columns: int) -> None:
    """Raise `nearness` (pixels of the image) to the 1 / depth of the triangles that cover them."""
    (ax, ay), (bx, by), (cx, cy) = (pixels - first[:, None]).transpose(1, 2, 0)  # from the first pixel of each box
    area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
    shown = np.flatnonzero((extent > 0).all(axis=1) & (area != 0))
    counts = extent[shown].prod(axis=1)
    triangle = np.repeat(shown, counts)
    inner = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row, column = np.divmod(inner, extent[triangle, 0])
    # a point's shares of the corners b and c, and its 1 / depth, are linear in column and row
    with np.errstate(divide="ignore", invalid="ignore"):
        b_by_column, b_by_row = (cy - ay) / area, -(cx - ax) / area
        c_by_column, c_by_row = -(by - ay) / area, (bx - ax) / area
    of_b = b_by_column[triangle] * (column - ax[triangle]) + b_by_row[triangle] * (row - ay[triangle])
    of_c = c_by_column[triangle] * (column - ax[triangle]) + c_by_row[triangle] * (row - ay[triangle])
    covered = np.flatnonzero((of_b >= 0) & (of_c >= 0) & (of_b + of_c <= 1))
    of_b, of_c, triangle = of_b[covered], of_c[covered], triangle[covered]
    pixel = (row[covered] + first[triangle, 1]) * columns + column[covered] + first[triangle, 0]
    a, b, c = inverse_depth[triangle].T
    np.maximum.at(nearness, pixel, a + of_b * (b - a) + of_c * (c - a))
