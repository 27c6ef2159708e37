"""The lumen as a distance field on a grid: from it come the mesh, the CT, and the voxels that projections are summed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy
from .root import Sinus

BAND_MM = 4.0
BLEND_MM = 2.5


@dataclass(frozen=True)
class LumenField:
    """Signed distance to the wall (mm, negative in the lumen, at most `BAND_MM`) on a grid whose axes are those of LPS.

    Attributes:
        distance_mm: (L, P, S) float32. place: (L, P, S) int32, index of the nearest point of all centerlines.
        origin_mm: (3,) center of the first voxel. pitch_mm: edge of a voxel.
    """

    distance_mm: np.ndarray
    place: np.ndarray
    origin_mm: np.ndarray
    pitch_mm: float

    def voxels(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(N, 3) LPS mm of the voxels that the lumen fills or cuts, (N,) volume of lumen in each in mm3, (N,) place."""
        share = np.clip(0.5 - self.distance_mm / self.pitch_mm, 0, 1)
        index = np.nonzero(share)
        points = np.column_stack(index) * self.pitch_mm + self.origin_mm
        return points, share[index] * self.pitch_mm**3, self.place[index]


def lumen_field(
    anatomy: Anatomy,
    pitch_mm: float,
    corners_mm: tuple[np.ndarray, np.ndarray] | None = None,
    aligned_to_mm: np.ndarray | None = None,
) -> LumenField:
    """Field of the arteries, as far as they lie between two corners (3,) LPS.

    Args:
        aligned_to_mm: (3,) center of a voxel of the grid that the field's grid shall be a part of.
    """
    points = np.concatenate([one.points_mm for one in anatomy.branches])
    radius = np.concatenate([one.radius_mm for one in anatomy.branches])
    margin = radius.max() + BAND_MM + 2
    low, high = points.min(axis=0) - margin, points.max(axis=0) + margin
    if corners_mm is not None:
        low, high = np.maximum(low, corners_mm[0]), np.minimum(high, corners_mm[1])
    if aligned_to_mm is not None:
        low = aligned_to_mm + np.ceil((low - aligned_to_mm) / pitch_mm) * pitch_mm
    shape = tuple(int(n) for n in np.ceil((high - low) / pitch_mm) + 1)
    field = LumenField(np.full(shape, BAND_MM, np.float32), np.zeros(shape, np.int32), low, pitch_mm)
    for place, (point, r) in enumerate(zip(points, radius, strict=True)):
        _stamp(field, point, r, place)
    for sinus in anatomy.root.sinuses.values():
        _blend_sinus(field, sinus)
    return field


def _box(field: LumenField, center: np.ndarray, reach: np.ndarray | float) -> tuple[slice, ...] | None:
    first = np.maximum(np.ceil((center - reach - field.origin_mm) / field.pitch_mm), 0).astype(int)
    last = np.minimum(np.floor((center + reach - field.origin_mm) / field.pitch_mm) + 1, field.place.shape).astype(int)
    return tuple(slice(a, b) for a, b in zip(first, last, strict=True)) if (last > first).all() else None


def _axes(field: LumenField, box: tuple[slice, ...]) -> list[np.ndarray]:
    return [np.arange(s.start, s.stop) * field.pitch_mm + o for s, o in zip(box, field.origin_mm, strict=True)]


def _stamp(field: LumenField, point: np.ndarray, radius: float, place: int) -> None:
    box = _box(field, point, radius + BAND_MM)
    if box is None:
        return
    x, y, z = (
        np.square(values - c, dtype=np.float32) for values, c in zip(_axes(field, box), point.astype(np.float32), strict=True)
    )
    distance = np.sqrt(x[:, None, None] + y[None, :, None] + z) - np.float32(radius)
    nearer = distance < field.distance_mm[box]
    field.distance_mm[box][nearer] = distance[nearer]
    field.place[box][nearer] = place


def _blend_sinus(field: LumenField, sinus: Sinus) -> None:
    """Smooth union with a sinus (polynomial blend over `BLEND_MM`); its blood belongs to the start of the aorta."""
    box = _box(field, sinus.center_mm, sinus.half_mm.max() + BAND_MM + 4)
    if box is None:
        return
    grid = np.stack(np.meshgrid(*_axes(field, box), indexing="ij"), axis=-1)
    added = sinus.distance_mm(grid)
    before = field.distance_mm[box]
    mix = np.clip(0.5 + 0.5 * (before - added) / BLEND_MM, 0, 1)
    field.place[box][(added < before)] = 0
    field.distance_mm[box] = before * (1 - mix) + added * mix - BLEND_MM * mix * (1 - mix)
