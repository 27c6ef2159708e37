"""The mesh that an alignment would really have: segmented by somebody, from another phase of the heart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from ..meshes import Mesh
from .anatomy import Anatomy
from .field import lumen_field
from .lumen_mesh import lumen_mesh
from .motion import contraction

if TYPE_CHECKING:
    from ..phantom import TaviPhantom

PITCH_MM = 1.9
WIDENING, BENDING_MM = 0.04, 2.0
"""Of the aorta in systole: share of the radius, and shift of the arch."""
WAVES = 24
WAVELENGTHS_MM = (25.0, 80.0)


def fitted_mesh(phantom: TaviPhantom, error_mm: float = 1.0, phase: float = 0.3, seed: int = 0) -> Mesh:
    """The phantom's arteries as another mesh: other triangles, a smooth error of the wall, and another phase of the heart.

    Args:
        error_mm: root mean square of the error along the normal. phase: of the beat, 0..1; 0 is that of `phantom.mesh`.
        seed: of the error.
    """
    rng = np.random.default_rng([phantom.seed, 8, seed])
    field = lumen_field(phantom.anatomy, PITCH_MM + 0.2 * rng.random())
    mesh = lumen_mesh(field)
    points = mesh.points_mm + error_mm * _smooth_numbers(rng, mesh.points_mm)[:, None] * _normals(mesh)
    return Mesh(_in_phase(points, phantom.anatomy, float(contraction(np.array(phase)))), mesh.triangles)


def _in_phase(points_mm: np.ndarray, anatomy: Anatomy, systole: float) -> np.ndarray:
    """Points of the wall when the heart has contracted by a share: the aorta is wider, the arch is pulled; the annulus stays."""
    line = np.concatenate([one.points_mm for one in anatomy.branches])
    nearest = _nearest(line, points_mm)
    widened = nearest + (points_mm - nearest) * (1 + WIDENING * systole)
    height = np.clip(points_mm[:, 2] / anatomy.landmarks_mm["arch apex"][2], 0, 1)[:, None]
    return widened + BENDING_MM * systole * height**2 * np.array([0.7, -0.5, -0.5])


def _nearest(line: np.ndarray, points: np.ndarray) -> np.ndarray:
    return line[cKDTree(line).query(points)[1]]


def _smooth_numbers(rng: np.random.Generator, points_mm: np.ndarray) -> np.ndarray:
    """(N,) random numbers of root mean square 1 that vary slowly in space: a sum of plane waves."""
    direction = rng.standard_normal((WAVES, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    waves = 2 * np.pi * direction / rng.uniform(*WAVELENGTHS_MM, (WAVES, 1))
    total = np.cos(points_mm @ waves.T + rng.uniform(0, 2 * np.pi, WAVES)).sum(axis=1)
    return total / np.sqrt(np.mean(total**2))


def _normals(mesh: Mesh) -> np.ndarray:
    """(N, 3) unit normals of the points, out of the lumen."""
    a, b, c = mesh.points_mm[mesh.triangles.T]
    faces = np.cross(b - a, c - a)
    summed = np.zeros_like(mesh.points_mm)
    for corner in mesh.triangles.T:
        np.add.at(summed, corner, faces)
    return summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-9)
