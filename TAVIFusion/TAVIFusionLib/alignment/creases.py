"""Normals of a mesh that is smooth but for creases: the rims of flat ends, where an outline runs along the edge itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..meshes import Mesh

CREASE_DEG = 40.0


@dataclass
class CreasedMesh:
    """A mesh whose points on creases are repeated, once for each corner of a triangle, so that each side has its own normal.

    Attributes:
        points_mm: (N, 3), triangles: (M, 3).
        normals: (N, 3) unit, outwards where the mesh is closed.
        crease_sides: (C, 2 sides, 2 ends) points of each crease, as the triangles of its two sides have them; where the surface
            ends, both sides are the same.
        crease_thirds: (C,) the third point of the first side's triangle.
    """

    points_mm: np.ndarray
    triangles: np.ndarray
    normals: np.ndarray
    crease_sides: np.ndarray
    crease_thirds: np.ndarray


def creased(mesh: Mesh) -> CreasedMesh:
    """Split a mesh where its triangles meet at more than 40 degrees, and where it ends."""
    points, triangles = mesh.points_mm, mesh.triangles
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    face_normals = np.cross(b - a, c - a)
    sense = np.sign(np.sum(face_normals * (a + b + c - 3 * points.mean(axis=0)))) or 1.0  # of the volume
    face_normals *= sense
    first, second = _two_corners_of_edges(mesh)
    faces = first // 3, second // 3
    sizes = np.maximum(np.linalg.norm(face_normals, axis=1), 1e-12)
    cosine = np.sum(face_normals[faces[0]] * face_normals[faces[1]], axis=1) / (sizes[faces[0]] * sizes[faces[1]])
    crease = (first == second) | (cosine < np.cos(np.deg2rad(CREASE_DEG)))
    split = np.zeros(len(points), dtype=bool)
    split[mesh.edges[crease]] = True
    corners = triangles.ravel().copy()
    own = np.nonzero(split[corners])[0]
    vertices, corners[own] = triangles.ravel()[own], len(points) + np.arange(len(own))
    normals = np.stack(
        [np.bincount(corners, np.repeat(face_normals[:, axis], 3), minlength=len(points) + len(own)) for axis in range(3)], axis=1
    )
    normals[len(points) :] = _one_sided(vertices, face_normals[own // 3])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    sides = np.stack([_ends(corners, first[crease]), _ends(corners, second[crease])], axis=1)
    flipped = mesh.triangles.ravel()[_after(second[crease])] == mesh.triangles.ravel()[first[crease]]
    sides[flipped, 1] = sides[flipped, 1, ::-1]
    thirds = triangles.ravel()[_after(_after(first[crease]))]
    return CreasedMesh(
        np.concatenate([points, points[vertices]]),
        corners.reshape(-1, 3),
        normals / np.where(lengths > 0, lengths, 1.0),
        sides,
        thirds,
    )


def _two_corners_of_edges(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """For each edge, the corner (3 * triangle + its place) that it starts at in its first and in its second triangle, the same
    twice where there is one triangle only."""
    order = np.argsort(mesh.triangle_edges.ravel(), kind="stable")
    counts = np.bincount(mesh.triangle_edges.ravel(), minlength=len(mesh.edges))
    starts = np.cumsum(counts) - counts
    return order[starts], order[starts + np.minimum(counts - 1, 1)]


def _one_sided(vertices: np.ndarray, face_normals: np.ndarray) -> np.ndarray:
    """(K, 3) for each corner (K,), the sum of the normals around its vertex that are turned by less than a crease."""
    sizes = np.maximum(np.linalg.norm(face_normals, axis=1, keepdims=True), 1e-12)
    unit = face_normals / sizes
    order = np.argsort(vertices, kind="stable")
    _, starts, inverse, counts = np.unique(vertices[order], return_index=True, return_inverse=True, return_counts=True)
    each = counts[inverse]
    one = np.repeat(order, each)
    place = np.arange(len(one)) - np.repeat(np.cumsum(each) - each, each)
    other = order[np.repeat(starts[inverse], each) + place]
    alike = np.sum(unit[one] * unit[other], axis=1) > np.cos(np.deg2rad(CREASE_DEG))
    return np.stack([np.bincount(one, alike * face_normals[other, axis], minlength=len(vertices)) for axis in range(3)], axis=1)


def _after(corners: np.ndarray) -> np.ndarray:
    """The next corner of the same triangle."""
    return corners // 3 * 3 + (corners % 3 + 1) % 3


def _ends(points_of_corners: np.ndarray, corners: np.ndarray) -> np.ndarray:
    return np.column_stack([points_of_corners[corners], points_of_corners[_after(corners)]])
