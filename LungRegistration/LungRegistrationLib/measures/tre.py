"""Target registration error: how far landmarks of the fixed image land from their counterparts in the moving image."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ..geometry.displacement import displacement_at, voxel_to_lps

PLEURA_BINS_MM = (0.0, 5.0, 10.0, 20.0, np.inf)


def landmark_errors_mm(field: sitk.Image | None, fixed_mm: np.ndarray, moving_mm: np.ndarray) -> np.ndarray:
    """Distance (N,) in mm between x + u(x) and the moving landmark, for each fixed landmark x; without a field u = 0.

    Args:
        field: displacement field, LPS mm, fixed to moving.
        fixed_mm, moving_mm: (N, 3), LPS mm.
    """
    mapped = fixed_mm if field is None else fixed_mm + displacement_at(field, fixed_mm)
    return np.linalg.norm(mapped - moving_mm, axis=1)


def snapped_errors_mm(field: sitk.Image | None, fixed_mm: np.ndarray, moving_mm: np.ndarray, moving: sitk.Image) -> np.ndarray:
    """Errors as DIR-Lab's site counts them, in whole voxels of the moving image along each of its axes.

    For landmarks on voxel centers, as DIR-Lab's, this is the distance from the voxel that holds the mapped point. Both
    conventions stand in the literature; with 2.5 mm slices this one gives lower means.
    """
    matrix = voxel_to_lps(moving)
    mapped = fixed_mm if field is None else fixed_mm + displacement_at(field, fixed_mm)
    voxels = np.round((mapped - moving_mm) @ np.linalg.inv(matrix).T)
    return np.linalg.norm(voxels @ matrix.T, axis=1)


def error_statistics(errors_mm: np.ndarray) -> dict:
    """count, mean, standard_error, std (n - 1), median, p75, p90, max of errors in mm; numbers are nan without errors."""
    errors_mm = np.asarray(errors_mm, dtype=float)
    n = len(errors_mm)
    if n == 0:
        return {"count": 0} | dict.fromkeys(("mean", "standard_error", "std", "median", "p75", "p90", "max"), np.nan)
    std = float(errors_mm.std(ddof=1)) if n > 1 else np.nan
    median, p75, p90 = (float(v) for v in np.percentile(errors_mm, (50, 75, 90)))
    return {
        "count": n,
        "mean": float(errors_mm.mean()),
        "standard_error": std / n**0.5,
        "std": std,
        "median": median,
        "p75": p75,
        "p90": p90,
        "max": float(errors_mm.max()),
    }


def cumulative_curve(errors_mm: np.ndarray, step_mm: float = 0.25) -> dict:
    """Percent of landmarks with an error of at most mm, from 0 up to the largest error: {mm: [...], percent: [...]}."""
    edges = np.arange(0.0, np.max(errors_mm, initial=0.0) + step_mm, step_mm)
    percent = 100.0 * np.searchsorted(np.sort(errors_mm), edges, side="right") / max(len(errors_mm), 1)
    return {"mm": edges.tolist(), "percent": percent.tolist()}


def distance_to_pleura_mm(points_mm: np.ndarray, lung_mask: sitk.Image) -> np.ndarray:
    """Depth (N,) in mm of points below the surface of the lung mask; 0 outside of the lung."""
    mask = sitk.GetArrayViewFromImage(lung_mask) != 0
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    if not boxes:
        return np.zeros(len(points_mm))
    box = tuple(slice(max(s.start - 1, 0), s.stop + 1) for s in boxes[0])
    depth = ndimage.distance_transform_edt(mask[box], sampling=lung_mask.GetSpacing()[::-1])
    index = (points_mm - np.array(lung_mask.GetOrigin())) @ np.linalg.inv(voxel_to_lps(lung_mask)).T
    inside_box = index.T[::-1] - np.array([[s.start] for s in box])
    return ndimage.map_coordinates(depth, inside_box, order=1, mode="constant", cval=0.0)


def errors_by_depth(errors_mm: np.ndarray, depth_mm: np.ndarray, bins_mm: Sequence[float] = PLEURA_BINS_MM) -> list[dict]:
    """Error statistics of the landmarks in each range of distance to the pleura: [{from_mm, to_mm, count, mean, ...}]."""
    rows = []
    for low, high in zip(bins_mm[:-1], bins_mm[1:], strict=True):
        chosen = (depth_mm >= low) & (depth_mm < high)
        rows.append({"from_mm": low, "to_mm": high, **error_statistics(errors_mm[chosen])})
    return rows
