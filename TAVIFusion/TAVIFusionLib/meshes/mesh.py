"""A surface of triangles, LPS mm, and how its edges hang together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_matrix

from CorrespondCoreLib.errors import InputError


@dataclass(frozen=True, eq=False)
class Mesh:
    """A triangle mesh.

    Attributes:
        points_mm: (N, 3) float64, LPS.
        triangles: (M, 3) int64, indices of points.

    Raises:
        InputError: wrong shapes, coordinates that are not finite, or a triangle of points that do not exist.
    """

    points_mm: np.ndarray
    triangles: np.ndarray

    def __post_init__(self) -> None:
        points = np.array(self.points_mm, dtype=np.float64)
        triangles = np.array(self.triangles, dtype=np.int64)
        if points.ndim != 2 or points.shape[1] != 3 or triangles.ndim != 2 or triangles.shape[1] != 3:
            raise InputError(f"A mesh has (N, 3) points and (M, 3) triangles, not {points.shape} and {triangles.shape}.")
        if not np.isfinite(points).all():
            count = int((~np.isfinite(points).all(axis=1)).sum())
            raise InputError(f"{count} of the mesh's {len(points)} points are not finite numbers. Export the mesh again.")
        if triangles.size and not 0 <= triangles.min() <= triangles.max() < len(points):
            raise InputError(f"The mesh has triangles of points that do not exist: it has {len(points)} points. Export it again.")
        points.setflags(write=False)
        triangles.setflags(write=False)
        object.__setattr__(self, "points_mm", points)
        object.__setattr__(self, "triangles", triangles)

    @property
    def closed(self) -> bool:
        """Whether the surface has an inside: there are triangles, and no edge at which the surface ends."""
        return len(self.triangles) > 0 and self.open_edges == 0

    @property
    def open_edges(self) -> int:
        """How many edges have a triangle on one side only (or an odd number of triangles)."""
        return int((self._edge_uses % 2).sum())

    @cached_property
    def edges(self) -> np.ndarray:
        """(E, 2) int64 pairs of points, each edge once, the lower index first."""
        return self._edge_table[0]

    @property
    def triangle_edges(self) -> np.ndarray:
        """(M, 3) int64: index into `edges` of the edge from each corner to the next."""
        return self._edge_table[1]

    @property
    def triangle_edge_signs(self) -> np.ndarray:
        """(M, 3) int8: 1 where the triangle runs along its edge from the lower to the higher index, else -1."""
        return self._edge_table[2]

    @cached_property
    def edge_sums(self) -> csr_matrix:
        """(E, M) `triangle_edge_signs` at their edges: times a number for each triangle it gives the signed sum at each edge."""
        places = self.triangle_edges.ravel(), np.repeat(np.arange(len(self.triangles)), 3)
        shape = len(self.edges), len(self.triangles)
        return csr_matrix((self.triangle_edge_signs.ravel().astype(np.float64), places), shape=shape)

    @cached_property
    def _edge_table(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        start, end = self.triangles, np.roll(self.triangles, -1, axis=1)
        low, high = np.minimum(start, end), np.maximum(start, end)
        keys, index = np.unique(low * len(self.points_mm) + high, return_inverse=True)
        edges = np.column_stack(np.divmod(keys, max(len(self.points_mm), 1)))
        return edges, index.reshape(start.shape), np.where(start < end, 1, -1).astype(np.int8)

    @property
    def _edge_uses(self) -> np.ndarray:
        return np.bincount(self.triangle_edges.ravel(), minlength=len(self.edges))


def merged(points_mm: np.ndarray, triangles: np.ndarray) -> Mesh:
    """A mesh in which points at the same place are one, as files with three own points per triangle need; slivers that
    lose a corner by that, and points that no triangle uses, are left out. The order stays."""
    Mesh(points_mm, triangles)  # refuses what is broken before its indices are used
    _, first, index = np.unique(np.asarray(points_mm, dtype=np.float64) + 0.0, axis=0, return_index=True, return_inverse=True)
    corners = first[index.reshape(-1)][triangles]
    kept = corners[(corners != np.roll(corners, 1, axis=1)).all(axis=1)]
    used, renumbered = np.unique(kept, return_inverse=True)
    return Mesh(np.asarray(points_mm)[used], renumbered.reshape(-1, 3))
