"""Where the fovea is: the pit in the thickness of the retina."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..projections import filled
from .lesion import Spacing, distance_map_mm

SMOOTHING_MM = 0.15
SEARCH_MM = 1.75  # the pit lies within this distance from the middle of the scan
RIM_MM = (0.7, 1.3)  # where the retina around a fovea is thickest
SMALLEST_PIT_MM = 0.03  # thinner than the rim by at least this; less is no pit


@dataclass(frozen=True)
class Fovea:
    """A point on the en-face map, in B-scan and A-scan indices.

    Attributes:
        source: "given" or "found".
        pit_mm: by how much the retina is thinner than around it; nan where given.
    """

    b_scan: float
    a_scan: float
    source: str
    pit_mm: float = float("nan")

    @property
    def index(self) -> tuple[float, float]:
        return self.b_scan, self.a_scan


def find_fovea(ilm_depth: np.ndarray, bruch_depth: np.ndarray, spacing_mm: Spacing) -> Fovea | None:
    """The pit of the thickness between ILM and Bruch's membrane; None where there is none that can be told.

    Loss of the outer retina (GA) makes the retina thinner, too: look at the point before relying on its distances.

    Args:
        ilm_depth, bruch_depth: (B-scans, A-scans) in voxels, nan where unknown.
        spacing_mm: A-scan, depth, B-scan.
    """
    dx, dy, dz = spacing_mm
    thickness = filled((bruch_depth - ilm_depth) * dy)
    smooth = ndimage.gaussian_filter(thickness, (SMOOTHING_MM / dz, SMOOTHING_MM / dx), mode="nearest")
    middle = ((thickness.shape[0] - 1) / 2, (thickness.shape[1] - 1) / 2)
    near = distance_map_mm(thickness.shape, middle, spacing_mm) <= SEARCH_MM
    best: Fovea | None = None
    minima = (smooth == ndimage.minimum_filter(smooth, size=_odd(0.4 / dz, 0.4 / dx), mode="nearest")) & near
    for b, a in np.argwhere(minima):
        distance = distance_map_mm(thickness.shape, (b, a), spacing_mm)
        rim = smooth[(distance >= RIM_MM[0]) & (distance <= RIM_MM[1])]
        if rim.size:
            pit = float(np.percentile(rim, 25) - smooth[b, a])
            if pit >= SMALLEST_PIT_MM and (best is None or pit > best.pit_mm):
                best = Fovea(float(b), float(a), "found", pit)
    return best


def find_ilm(volume: np.ndarray, bruch_depth: np.ndarray, spacing_mm: Spacing) -> np.ndarray:
    """Depth of the inner limiting membrane: the first strong rise of the signal from the vitreous down.

    Good to a few voxels where the vitreous is dark: enough for the foveal pit, not for layer thickness.

    Args:
        volume: (B-scans, depth, A-scans), any intensity scale.
        bruch_depth: (B-scans, A-scans) in voxels; nothing below it counts.

    Returns:
        (B-scans, A-scans) float32 voxels; nan where no rise was found.
    """
    dx, dy, _ = spacing_mm
    sigma = (0.012 / dy, 0.03 / dx)
    result = np.full(bruch_depth.shape, np.nan, np.float32)
    rows = np.arange(volume.shape[1])[:, None]
    for b in range(len(volume)):
        smooth = ndimage.gaussian_filter(volume[b].astype(np.float32, copy=False), sigma, mode="nearest")
        dark, bright = np.percentile(smooth, (10, 90))
        signal = (smooth > dark + 0.35 * (bright - dark)) & (rows < np.nan_to_num(bruch_depth[b], nan=volume.shape[1])[None])
        thick = ndimage.minimum_filter1d(signal.astype(np.uint8), max(3, round(0.03 / dy)), axis=0, mode="nearest", origin=0)
        has = thick.any(axis=0)
        result[b, has] = thick.argmax(axis=0)[has] - max(3, round(0.03 / dy)) // 2
    return ndimage.median_filter(filled(result), size=_odd(1, 0.15 / dx), mode="nearest")


def _odd(*sizes: float) -> tuple[int, ...]:
    return tuple(2 * max(int(round(size / 2)), 0) + 1 for size in sizes)
