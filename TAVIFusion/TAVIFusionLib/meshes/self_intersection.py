"""Triangles of a mesh that cross each other."""

from __future__ import annotations

import numpy as np

from .mesh import Mesh

TOO_MANY = 200_000
"""Triangles above which the search would take more than a few seconds and gigabytes."""
_BLOCK = 200_000  # pairs that are looked at together


def intersecting_pairs(mesh: Mesh) -> np.ndarray:
    """(K, 2) triangles that cross: an edge of one passes through the inside of the other.

    A sufficient test: each pair that is found does cross. Not found are triangles that lie in each other's plane, and folds
    between neighbours that share a point.
    """
    corners = mesh.points_mm[mesh.triangles]
    low, high = corners.min(axis=1), corners.max(axis=1)
    found = []
    for pairs in _near_pairs(low, high):
        a, b = pairs.T
        near = (low[a] <= high[b]).all(axis=1) & (low[b] <= high[a]).all(axis=1)
        pairs = pairs[near]
        shared = (mesh.triangles[pairs[:, 0], :, None] == mesh.triangles[pairs[:, 1], None, :]).any(axis=(1, 2))
        a, b = pairs[~shared].T
        found.append(pairs[~shared][_edges_cross(corners[a], corners[b]) | _edges_cross(corners[b], corners[a])])
    return np.unique(np.concatenate(found), axis=0) if found else np.zeros((0, 2), np.int64)


def _edges_cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(P,) whether an edge of triangle first[p] (3, 3) passes through the inside of second[p]."""
    origin = second[:, 0]
    u, v = second[:, 1] - origin, second[:, 2] - origin
    normal = np.cross(u, v)
    height = np.einsum("pcx,px->pc", first - origin[:, None], normal)
    crossing = np.zeros(len(first), bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        for corner in range(3):
            start, end = height[:, corner], height[:, (corner + 1) % 3]
            part = start / (start - end)
            point = first[:, corner] + part[:, None] * (first[:, (corner + 1) % 3] - first[:, corner]) - origin
            area = (normal**2).sum(axis=1)
            along_u = np.einsum("px,px->p", np.cross(point, v), normal) / area
            along_v = np.einsum("px,px->p", np.cross(u, point), normal) / area
            inside = (along_u > 1e-9) & (along_v > 1e-9) & (along_u + along_v < 1 - 1e-9)
            crossing |= (start * end < 0) & inside
    return crossing


def _near_pairs(low: np.ndarray, high: np.ndarray):
    """Blocks (P, 2) of triangles whose boxes fall into the same cell of a grid; a pair may come more than once."""
    size = max(2 * float(np.median((high - low).max(axis=1))), float((high.max(axis=0) - low.min(axis=0)).max()) / 256)
    first = np.floor((low - low.min(axis=0)) / size).astype(np.int64)
    counts = np.floor((high - low.min(axis=0)) / size).astype(np.int64) - first + 1
    cells = counts.prod(axis=1)
    triangle = np.repeat(np.arange(len(low)), cells)
    inner = np.arange(cells.sum()) - np.repeat(np.cumsum(cells) - cells, cells)
    steps = np.column_stack(
        [
            inner % counts[triangle, 0],
            inner // counts[triangle, 0] % counts[triangle, 1],
            inner // counts[triangle, :2].prod(axis=1),
        ]
    )
    keys = (first[triangle] + steps) @ np.array([1, 1 << 20, 1 << 40])
    order = np.argsort(keys, kind="stable")
    keys, triangle = keys[order], triangle[order]
    ahead = np.searchsorted(keys, keys, side="right") - np.arange(len(keys)) - 1  # how many follow in the same cell
    done = 0
    while done < len(keys):
        total = np.cumsum(ahead[done:])
        upto = done + max(int(np.searchsorted(total, _BLOCK, side="right")), 1)
        number = ahead[done:upto]
        start = np.repeat(np.arange(done, upto), number)
        step = np.arange(number.sum()) - np.repeat(np.cumsum(number) - number, number) + 1
        yield np.sort(np.column_stack([triangle[start], triangle[start + step]]), axis=1)
        done = upto
