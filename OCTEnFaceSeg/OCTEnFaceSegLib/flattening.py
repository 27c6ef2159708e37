"""The retina laid flat on Bruch's membrane, and masks brought back from there."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.errors import InputError


def flatten(
    volume: np.ndarray, bruch_depth: np.ndarray, above_mm: float, below_mm: float, spacing_y: float, depth: int | None = None
) -> np.ndarray:
    """A slab around Bruch's membrane in which the membrane is a plane; linear interpolation along the beam.

    Row r of the result lies at the membrane's depth - above_mm + (r + 0.5) * (above_mm + below_mm) / depth.

    Args:
        volume: (B-scans, depth, A-scans).
        bruch_depth: (B-scans, A-scans) in voxels.
        above_mm, below_mm: extent of the slab towards the vitreous and towards the sclera.
        spacing_y: mm between voxels along the beam.
        depth: rows of the result; by default as many as the slab has voxels.

    Returns:
        (B-scans, depth, A-scans) float32; beyond the volume's ends the end's value goes on.

    Raises:
        InputError: a surface of another shape, with values that are not finite, or a slab without extent.
    """
    rows = _rows(above_mm, below_mm, spacing_y, depth)
    _check(volume, bruch_depth)
    last = volume.shape[1] - 1
    flat = np.empty((len(volume), len(rows), volume.shape[2]), np.float32)
    for b, bscan in enumerate(volume):
        at = np.clip(rows[:, None] + bruch_depth[b].astype(np.float32), 0, last)
        upper = np.minimum(at.astype(np.intp), max(last - 1, 0))
        first = np.take_along_axis(bscan, upper, 0).astype(np.float32)
        second = np.take_along_axis(bscan, np.minimum(upper + 1, last), 0)
        flat[b] = first + (at - upper) * (second - first)
    return flat


def _rows(above_mm: float, below_mm: float, spacing_y: float, depth: int | None) -> np.ndarray:
    """Rows of the slab in voxels from the membrane."""
    if not (spacing_y > 0 and above_mm + below_mm > 0):
        raise InputError("The slab around Bruch's membrane has no extent: above plus below must be more than 0 mm.")
    extent = (above_mm + below_mm) / spacing_y
    count = max(round(extent), 1) if depth is None else depth
    if count < 1:
        raise InputError(f"The slab around Bruch's membrane has {count} rows; at least 1 is needed.")
    return np.asarray(-above_mm / spacing_y + (np.arange(count) + 0.5) * extent / count, np.float32)


def _check(volume: np.ndarray, bruch_depth: np.ndarray) -> None:
    if volume.ndim != 3 or bruch_depth.shape != (volume.shape[0], volume.shape[2]):
        raise InputError(
            f"Bruch's membrane has the shape {bruch_depth.shape}, the volume {volume.shape} (B-scans, depth, A-scans)."
        )
    if not np.isfinite(bruch_depth).all():
        raise InputError("Bruch's membrane has values that are not finite. Fill its gaps before the volume is flattened.")
