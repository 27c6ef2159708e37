"""Tapered tubes drawn into a voxel grid with partial volume, so that their caliber does not depend on any image warp."""

from __future__ import annotations

import numpy as np
from scipy.special import erf

BATCH = 2_000_000  # voxels that are worked on at a time
BLUR_VOXELS = 0.45  # a narrower blur would make thin tubes flicker with their position between the voxels


def draw_tubes(share: np.ndarray, points: np.ndarray, radii: np.ndarray, origin: np.ndarray, spacing: np.ndarray) -> None:
    """Raise `share` (filled share of each voxel, float32, index order z, y, x) to what the tubes fill.

    A voxel sees its surroundings through a Gaussian. Its share of a thin tube is a Gaussian around the axis, of a thick one a
    smooth edge; both have the right area.

    Args:
        points: (tubes, n, 3) centerline points in mm. radii: (tubes, n) in mm.
        origin, spacing: of the grid in mm (x, y, z), axes along LPS.
    """
    start, end = points[:, :-1].reshape(-1, 3), points[:, 1:].reshape(-1, 3)
    r0, r1 = radii[:, :-1].reshape(-1), radii[:, 1:].reshape(-1)
    size = np.array(share.shape[::-1])
    reach = np.maximum(r0, r1)[:, None] + 1.3 * spacing
    first = np.maximum(np.ceil((np.minimum(start, end) - reach - origin) / spacing), 0).astype(np.int64)
    last = np.minimum(np.floor((np.maximum(start, end) + reach - origin) / spacing), size - 1).astype(np.int64)
    extent = last - first + 1
    seen = np.flatnonzero((extent > 0).all(axis=1))
    volume = extent[seen].prod(axis=1)
    for batch in np.split(seen, np.flatnonzero(np.diff(np.cumsum(volume) // BATCH)) + 1):
        _draw(share, start[batch], end[batch], r0[batch], r1[batch], first[batch], extent[batch], origin, spacing)


def _draw(
    share: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    r0: np.ndarray,
    r1: np.ndarray,
    first: np.ndarray,
    extent: np.ndarray,
    origin: np.ndarray,
    spacing: np.ndarray,
) -> None:
    volume = extent.prod(axis=1)
    tube = np.repeat(np.arange(len(volume)), volume)
    within = np.arange(len(tube)) - np.repeat(np.cumsum(volume) - volume, volume)
    nx, ny = extent[tube, 0], extent[tube, 1]
    index = first[tube] + np.stack([within % nx, within // nx % ny, within // (nx * ny)], axis=1)
    axis = (end - start).astype(np.float32)
    inverse_square = (1.0 / np.maximum((axis * axis).sum(axis=1), 1e-12)).astype(np.float32)
    away = (index * spacing + (origin - start[tube])).astype(np.float32)
    axis = axis[tube]
    along = np.clip(np.einsum("ij,ij->i", away, axis) * inverse_square[tube], 0.0, 1.0)
    away -= along[:, None] * axis
    distance = np.sqrt(np.einsum("ij,ij->i", away, away))
    radius = (r0[tube] + (r1 - r0)[tube] * along).astype(np.float32)
    blur2 = ((BLUR_VOXELS * spacing) ** 2).astype(np.float32)
    towards = (away * away) @ blur2 / np.maximum(distance * distance, 1e-12)
    sigma2 = np.where(distance > 1e-4, towards, blur2.mean())
    scale = 1.0 / np.sqrt(2.0 * sigma2)
    thick = (1.0 - erf((distance - radius) * scale)) / (1.0 + erf(radius * scale))
    thin = np.exp(-((distance * scale) ** 2))
    peak = 1.0 - np.exp(-radius * radius / (2.0 * blur2.mean()))
    filled = peak * (peak * thick + (1.0 - peak) * thin)
    np.maximum.at(share.reshape(-1), (index[:, 2] * share.shape[1] + index[:, 1]) * share.shape[2] + index[:, 0], filled)
