"""En-face projections: the mean of a scan between two surfaces that lie parallel to Bruch's membrane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CorrespondCoreLib.errors import InputError


@dataclass(frozen=True)
class Slab:
    """Part of the depth, in mm below Bruch's membrane; what is negative lies above it. None reaches to the end of the scan."""

    from_mm: float | None
    to_mm: float | None

    def __post_init__(self) -> None:
        if self.from_mm is not None and self.to_mm is not None and not self.from_mm < self.to_mm:
            raise InputError(f"A slab from {self.from_mm} to {self.to_mm} mm is empty: the first depth must be the smaller one.")

    def title(self) -> str:
        """In words."""
        if self.from_mm is None and self.to_mm is None:
            return "whole depth"
        above, below = (None if mm is None else round(1000 * mm) for mm in (self.from_mm, self.to_mm))
        first = "the top" if above is None else "Bruch's membrane" if above == 0 else f"{abs(above)} µm {_side(above)}"
        last = (
            "the bottom"
            if below is None
            else "Bruch's membrane"
            if below == 0
            else f"{abs(below)} µm {_side(below)} Bruch's membrane"
        )
        return f"{first} to {last}"


def _side(um: int) -> str:
    return "below" if um > 0 else "above"


SLABS = {
    "sub_rpe": Slab(0.064, 0.400),  # 64 to 400 um below the RPE fit, as the Cirrus sub-RPE slab
    "rpe": Slab(-0.045, 0.0),  # RPE and what lies on it
    "whole": Slab(None, None),
}


def projection(volume: np.ndarray, bruch_depth: np.ndarray, slab: Slab, depth_spacing_mm: float) -> np.ndarray:
    """Mean of a scan within a slab, voxels at the rim counted by the part of them that lies in it.

    Args:
        volume: (B-scans, depth, A-scans), any intensity.
        bruch_depth: (B-scans, A-scans) in voxels (0 is the middle of the first one).
        slab: where.
        depth_spacing_mm: of a voxel along the beam.

    Returns:
        (B-scans, A-scans) float32; nan where the slab lies outside of the scan or Bruch's membrane is unknown.
    """
    depth = volume.shape[1]
    edges = [
        np.full(bruch_depth.shape, end, np.float32)
        if mm is None
        else np.clip(bruch_depth + mm / depth_spacing_mm + 0.5, 0, depth).astype(np.float32)
        for mm, end in ((slab.from_mm, 0), (slab.to_mm, depth))
    ]
    result = np.full(bruch_depth.shape, np.nan, np.float32)
    for b, (upper, lower) in enumerate(zip(*edges, strict=True)):
        below = np.arange(depth, dtype=np.float32)[:, None]  # upper rims of the voxels
        weight = np.clip(np.minimum(lower, below + 1) - np.maximum(upper, below), 0, 1)
        total = weight.sum(axis=0)
        inside = total > 0.5
        sums = np.einsum("dw,dw->w", weight, volume[b].astype(np.float32, copy=False))
        result[b, inside] = sums[inside] / total[inside]
    return result


def filled(values: np.ndarray) -> np.ndarray:
    """A map whose missing values (nan) are those of the nearest pixel that has one; zeros if none has."""
    missing = ~np.isfinite(values)
    if not missing.any():
        return values
    if missing.all():
        return np.zeros_like(values)
    nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return values[tuple(nearest)]


def square_pixels(values: np.ndarray, spacing_mm: tuple[float, float, float], pixel_mm: float | None = None) -> np.ndarray:
    """A map (B-scans, A-scans) on square pixels, linearly interpolated: to be looked at, never to be measured.

    Args:
        spacing_mm: of the scan (A-scan, depth, B-scan).
        pixel_mm: side of the pixels, that of an A-scan by default.

    Returns:
        (rows, columns) with the B-scans' order kept; the middles of the first and last pixel stay where they are.
    """
    dx, _, dz = spacing_mm
    pixel = pixel_mm or dx
    rows, columns = values.shape
    z = np.arange(round((rows - 1) * dz / pixel) + 1) * pixel / dz
    x = np.arange(round((columns - 1) * dx / pixel) + 1) * pixel / dx
    at = np.meshgrid(np.minimum(z, rows - 1), np.minimum(x, columns - 1), indexing="ij")
    return ndimage.map_coordinates(values.astype(np.float32, copy=False), at, order=1, mode="nearest")


def signed_distance_mm(mask: np.ndarray, spacing_mm: tuple[float, float, float]) -> np.ndarray:
    """Distance in mm from the border of a mask (B-scans, A-scans), positive inside; the border runs midway between pixels.

    Without a border it is the scan's diagonal everywhere, negative where the mask is empty.
    """
    dx, _, dz = spacing_mm
    if mask.all() or not mask.any():
        diagonal = float(np.hypot(mask.shape[0] * dz, mask.shape[1] * dx))
        return np.full(mask.shape, diagonal if mask.all() else -diagonal, np.float32)
    inside, outside = (ndimage.distance_transform_edt(part, sampling=(dz, dx)) for part in (mask, ~mask))
    return (inside - outside).astype(np.float32)
