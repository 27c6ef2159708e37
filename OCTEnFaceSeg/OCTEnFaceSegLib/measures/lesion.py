"""Size and shape of a lesion on the scan's own pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from ..projections import signed_distance_mm, square_pixels

Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class Focus:
    """One connected lesion (pixels touch by a side or a corner).

    Attributes:
        center: mean (B-scan, A-scan) index of its pixels.
        circularity: 4 pi area / perimeter^2, 1 for a circle.
        distance_mm: of its nearest pixel from the fovea; nan where the fovea is unknown.
    """

    area_mm2: float
    perimeter_mm: float
    circularity: float
    center: tuple[float, float]
    distance_mm: float


def area_mm2(mask: np.ndarray, spacing_mm: Spacing) -> float:
    """Area of a mask (B-scans, A-scans): its pixels, each an A-scan wide and a B-scan high."""
    return float(np.count_nonzero(mask)) * spacing_mm[0] * spacing_mm[2]


def sampling_sd_mm2(mask: np.ndarray, spacing_mm: Spacing) -> float:
    """Standard deviation of the area by where the B-scans happen to lie, from how the mask's width changes between them.

    The estimate for systematic sections of any smoothness (Gundersen and Jensen, Journal of Microscopy 147, 1987).
    """
    width = np.pad(np.count_nonzero(mask, axis=1) * spacing_mm[0], 2)
    same, next_one, one_after = (float((width[k:] * width[: width.size - k]).sum()) for k in range(3))
    return math.sqrt(max(0.0, 3 * same - 4 * next_one + one_after) / 12) * spacing_mm[2]


def perimeter_mm(mask: np.ndarray, spacing_mm: Spacing) -> float:
    """Length of a mask's outline, interpolated between B-scans by signed distance; the scan's border is outline, too.

    By the coarea formula: the integral of the gradient of the mask, whose edge is made as soft as 1.5 square pixels; these are
    half an A-scan wide.
    """
    if not mask.any():
        return 0.0
    pixel = max(spacing_mm[0] / 2, 0.004)
    rows, columns = np.nonzero(mask)
    box = np.pad(mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1], ((2, 2), (4, 4)))
    distance = square_pixels(signed_distance_mm(box, spacing_mm), spacing_mm, pixel)
    soft = np.clip(distance / (1.5 * pixel), -1, 1)
    step = (soft + np.sin(np.pi * soft) / np.pi) / 2  # a smooth step from -1/2 to 1/2
    return float(np.hypot(*np.gradient(step)).sum()) * pixel


def distance_map_mm(shape: tuple[int, int], fovea: tuple[float, float], spacing_mm: Spacing) -> np.ndarray:
    """Distance in mm of every pixel (B-scans, A-scans) from the fovea, given as (B-scan, A-scan) index."""
    b, a = np.indices(shape, dtype=np.float32)
    return np.hypot((a - fovea[1]) * spacing_mm[0], (b - fovea[0]) * spacing_mm[2])


def foci(mask: np.ndarray, spacing_mm: Spacing, fovea: tuple[float, float] | None = None) -> list[Focus]:
    """The connected lesions of a mask, the largest first."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    distance = distance_map_mm(mask.shape, fovea, spacing_mm) if fovea else np.full(mask.shape, np.nan)
    found = []
    for label, box in enumerate(ndimage.find_objects(labels, count), 1):
        own = labels[box] == label
        area, outline = area_mm2(own, spacing_mm), perimeter_mm(own, spacing_mm)
        rows, columns = np.nonzero(own)
        center = (float(rows.mean()) + box[0].start, float(columns.mean()) + box[1].start)
        found.append(Focus(area, outline, circularity(area, outline), center, float(distance[box][own].min())))
    return sorted(found, key=lambda focus: -focus.area_mm2)


def circularity(area: float, perimeter: float) -> float:
    """4 pi area / perimeter^2, at most 1; nan without a perimeter."""
    return min(1.0, 4 * math.pi * area / perimeter**2) if perimeter else math.nan
