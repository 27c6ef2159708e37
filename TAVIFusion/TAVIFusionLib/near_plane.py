"""What of a mesh lies before the X-ray source: only that can be projected."""

from __future__ import annotations

import numpy as np

from .carm import CArm
from .meshes import Mesh
from .pose import Pose

NEAR_MM = 1.0


def before_source(mesh: Mesh, carm: CArm, pose: Pose) -> tuple[Mesh, np.ndarray]:
    """The mesh that is seen, and its points (N, 3) in the patient's frame, LPS mm.

    That is the mesh itself where all of it lies 1 mm or more before the source, as it should; else triangles are left out, and
    those that reach across are cut at that plane.
    """
    points = pose.apply(mesh.points_mm)
    height = (points - carm.source_mm) @ carm.axes()[2] - NEAR_MM
    if height.min(initial=0.0) >= 0:
        return mesh, points
    inside = (height > 0)[mesh.triangles]
    count = inside.sum(axis=1)
    pieces = [points[mesh.triangles[count == 3]].reshape(-1, 3)]
    for corners_inside in (1, 2):
        pieces.append(_cut(points, height, mesh.triangles[count == corners_inside], inside[count == corners_inside]))
    corners = np.concatenate(pieces)
    places, index = np.unique(corners, axis=0, return_inverse=True)
    return Mesh(places, index.reshape(-1, 3)), places


def _cut(points: np.ndarray, height: np.ndarray, triangles: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Corners (3 K, 3) of what remains of triangles with one corner inside (the tip), or with two (two triangles)."""
    if not len(triangles):
        return np.zeros((0, 3))
    one = inside[0].sum() == 1
    odd = np.argmax(inside if one else ~inside, axis=1)  # the corner that is alone on its side comes first
    first, second, third = np.take_along_axis(triangles, (odd[:, None] + [0, 1, 2]) % 3, axis=1).T

    def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        part = height[a] / (height[a] - height[b])
        return points[a] + part[:, None] * (points[b] - points[a])

    to_second, to_third = between(first, second), between(first, third)
    if one:
        return np.stack([points[first], to_second, to_third], axis=1).reshape(-1, 3)
    halves = [to_second, points[second], points[third], to_second, points[third], to_third]
    return np.stack(halves, axis=1).reshape(-1, 3)
