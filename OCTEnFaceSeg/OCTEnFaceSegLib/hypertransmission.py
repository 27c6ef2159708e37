"""Geographic atrophy without a network: where the choroid shines through because the pigment epithelium is lost.

Light that the RPE would absorb and scatter reaches the choroid (hypertransmission): the mean of a slab below Bruch's membrane is
bright in GA. The slab's depth is that of the Cirrus sub-RPE slab; the smallest lesion, a circle 250 um wide, is the criterion of
complete RPE and outer retinal atrophy (Sadda et al., Ophthalmology 125(4), 2018). The rest is a plain threshold: thin or
unpigmented RPE, choroidal windows and a badly placed Bruch's membrane fool it.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .projections import Slab, filled, projection
from .settings import HypertransmissionSettings

NAME = "hypertransmission (no network)"
DARKEST_SHADOW = -1.2
"""Logarithm of what the darkest vessel leaves of the light; what is darker in the retina is the foveal pit or noise."""


def hypertransmission_score(
    volume: np.ndarray, bruch_depth: np.ndarray, spacing_mm: tuple[float, float, float], settings: HypertransmissionSettings
) -> np.ndarray:
    """How surely the choroid shines through, 0 to 1; 0.5 at the threshold. It is a score and no calibrated probability.

    Args:
        volume: (B-scans, depth, A-scans), any intensity scale.
        bruch_depth: (B-scans, A-scans) in voxels.
        spacing_mm: A-scan, depth, B-scan.

    Returns:
        (B-scans, A-scans) float32; 0 where the slab lies outside of the scan.
    """
    dx, dy, dz = spacing_mm
    below = projection(volume, bruch_depth, Slab(*settings.slab_mm), dy)
    above = projection(volume, bruch_depth, Slab(*settings.retina_mm), dy)
    known = np.isfinite(below)
    if not known.any():
        return np.zeros(below.shape, np.float32)
    dark, bright = np.percentile(volume[:, ::4, ::4], (1, 99.5))
    light = _log_of(below, dark, bright) - _shadow(_log_of(above, dark, bright), settings, dx)
    light -= _level_of_b_scans(light)
    light = ndimage.gaussian_filter(light, (settings.smoothing_mm / dz, settings.smoothing_mm / dx), mode="nearest")
    level, spread = _choroid(light[known])
    brightest = float(np.percentile(light[known], 99))
    cut = max(settings.contrast * (brightest - level), settings.least_spreads * spread)
    score = 1 / (1 + np.exp(np.clip(4 - 4 * (light - level) / cut, -30, 30)))
    return np.where(known, score, 0).astype(np.float32)


def clean_mask(
    mask: np.ndarray, spacing_mm: tuple[float, float, float], smallest_mm2: float, largest_hole_mm2: float = 0.0
) -> np.ndarray:
    """A mask (B-scans, A-scans) without lesions smaller than an area, small holes filled; neighbors touch also by a corner."""
    pixel = spacing_mm[0] * spacing_mm[2]
    with_holes_filled = ~_large(~mask, largest_hole_mm2 / pixel, np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]))
    return _large(with_holes_filled, smallest_mm2 / pixel, np.ones((3, 3)))


def _large(mask: np.ndarray, pixels: float, neighbors: np.ndarray) -> np.ndarray:
    labels, _ = ndimage.label(mask, neighbors)
    keep = np.bincount(labels.ravel()) >= pixels
    keep[0] = False
    return keep[labels]


def _log_of(values: np.ndarray, dark: float, bright: float) -> np.ndarray:
    """Logarithm of intensities over the scan's own noise: shadows become additive, the unit irrelevant."""
    return np.log(np.clip((filled(values) - dark) / max(bright - dark, 1e-6), 0, None) + 0.05)


def _shadow(above: np.ndarray, settings: HypertransmissionSettings, dx: float) -> np.ndarray:
    """By how much each A-scan is darkened: the retina against its median along the B-scan; 0 or less."""
    smooth = ndimage.gaussian_filter1d(above, settings.smoothing_mm / dx, axis=1, mode="nearest")
    width = 2 * int(round(settings.vessel_mm / dx)) + 1
    return np.clip(smooth - ndimage.median_filter(smooth, size=(1, width), mode="nearest"), DARKEST_SHADOW, 0)


def _level_of_b_scans(light: np.ndarray) -> np.ndarray:
    """What each B-scan is brighter than its neighbors, by its darker third, which atrophy rarely reaches: (B-scans, 1)."""
    level = np.percentile(light, 33, axis=1)
    return (level - ndimage.median_filter(level, size=min(9, len(level)), mode="nearest"))[:, None]


def _choroid(light: np.ndarray) -> tuple[float, float]:
    """Level and spread of choroid under intact RPE: the mode of the values, and 1.4826 times the median width of its darker side.

    Shadows and opacities make a long dark tail, atrophy a bright one: neither moves these two much.
    """
    ordered = np.sort(light.ravel())[:: max(1, light.size // 20000)]
    mode = _half_sample_mode(ordered)
    darker = ordered[ordered <= mode]
    spread = 1.4826 * float(np.median(mode - darker)) if darker.size > 1 else 0.0
    return mode, max(spread, 1e-3)


def _half_sample_mode(ordered: np.ndarray) -> float:
    """Mode of sorted values: the middle of the shortest interval that holds half of them, again and again down to a tenth."""
    window = ordered
    while len(window) > max(len(ordered) // 10, 2):
        half = (len(window) + 1) // 2
        start = int(np.argmin(window[half - 1 :] - window[: len(window) - half + 1]))
        window = window[start : start + half]
    return float(window.mean())
