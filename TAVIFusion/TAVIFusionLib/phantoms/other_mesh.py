"""The mesh that an alignment would really have: segmented by somebody, from another phase of the heart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from ..meshes import Mesh
from .anatomy import Anatomy
from .field import BAND_MM, LumenField, lumen_field
from .lumen_mesh import lumen_mesh, relaxed
from .motion import contraction

if TYPE_CHECKING:
    from ..phantom import TaviPhantom

PITCH_MM = 1.9
WIDENING, BENDING_MM = 0.04, 2.0
"""Of the aorta in systole: share of the radius, and shift of the arch."""
WAVES = 24
WAVELENGTHS_MM = (25.0, 80.0)
LARGEST_ERROR_MM, LARGEST_SHARE = 3.0, 0.5
"""Of the wall: in mm, and as share of the distance to the middle of the vessel, so that thin ones stay open."""


def fitted_mesh(phantom: TaviPhantom, error_mm: float = 1.0, phase: float = 0.3, seed: int = 0) -> Mesh:
    """The phantom's arteries as another mesh: other triangles, a smooth error of the wall, and another phase of the heart.

    The wall is moved in the distance field, before there are triangles, so that none of them cross.

    Args:
        error_mm: root mean square of the error along the normal. phase: of the beat, 0..1; 0 is that of `phantom.mesh`.
        seed: of the error.
    """
    rng = np.random.default_rng([phantom.seed, 8, seed])
    field = lumen_field(phantom.anatomy, PITCH_MM + 0.2 * rng.random())
    systole = float(contraction(np.array(phase)))
    mesh = lumen_mesh(_moved(field, phantom.anatomy, error_mm, systole, rng))
    return relaxed(Mesh(_bent(mesh.points_mm, phantom.anatomy, systole), mesh.triangles))


def _moved(field: LumenField, anatomy: Anatomy, error_mm: float, systole: float, rng: np.random.Generator) -> LumenField:
    """A field whose wall has an error, and lies as much farther from the middle of the vessels as the heart has contracted."""
    index = np.nonzero(np.abs(field.distance_mm) < BAND_MM)
    points = np.column_stack(index) * field.pitch_mm + field.origin_mm
    line = np.concatenate([one.points_mm for one in anatomy.branches])
    to_line = cKDTree(line).query(points)[0]
    numbers = _smooth_numbers(rng, points)
    at_wall = np.abs(field.distance_mm[index]) < field.pitch_mm
    error = error_mm * numbers / np.sqrt(np.mean(numbers[at_wall] ** 2))
    most = np.minimum(LARGEST_ERROR_MM, LARGEST_SHARE * to_line)
    distance = field.distance_mm.copy()
    distance[index] -= np.clip(error, -most, most) + WIDENING * systole * to_line
    return replace(field, distance_mm=distance)


def _bent(points_mm: np.ndarray, anatomy: Anatomy, systole: float) -> np.ndarray:
    """Points when the heart has contracted by a share: the arch is pulled; the annulus stays."""
    height = np.clip(points_mm[:, 2] / anatomy.landmarks_mm["arch apex"][2], 0, 1)[:, None]
    return points_mm + BENDING_MM * systole * height**2 * np.array([0.7, -0.5, -0.5])


def _smooth_numbers(rng: np.random.Generator, points_mm: np.ndarray) -> np.ndarray:
    """(N,) random numbers that vary slowly in space: a sum of plane waves."""
    direction = rng.standard_normal((WAVES, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    waves = 2 * np.pi * direction / rng.uniform(*WAVELENGTHS_MM, (WAVES, 1))
    starts = rng.uniform(0, 2 * np.pi, WAVES)
    total = np.zeros(len(points_mm))
    for wave, start in zip(waves, starts, strict=True):
        total += np.cos(points_mm @ wave + start)
    return total
