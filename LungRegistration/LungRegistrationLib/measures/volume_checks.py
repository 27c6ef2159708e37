"""Checks of a field against volumes: its Jacobian, its integral over the lung, the tissue that it carries, its inverse."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ..geometry.displacement import displacement_at, voxel_to_lps

SAMPLE = 20_000_000
Regions = Mapping[str, np.ndarray]


def jacobian_statistics(jacobian: np.ndarray) -> dict:
    """count, mean, std, min, p1, p5, median, p95, p99, max, std_log (positive ones), folding_percent (det J <= 0).

    Percentiles and std_log of very many voxels are those of an even sample of `SAMPLE` of them; all else counts every voxel.
    """
    if jacobian.size == 0:
        return {"count": 0}
    jacobian = jacobian.ravel()
    sample = jacobian[:: max(1, jacobian.size // SAMPLE)]
    p1, p5, median, p95, p99 = (float(v) for v in np.percentile(sample, (1, 5, 50, 95, 99)))
    positive = sample[sample > 0]
    return {
        "count": int(jacobian.size),
        "mean": float(jacobian.mean(dtype=np.float64)),
        "std": float(jacobian.std(dtype=np.float64)),
        "min": float(jacobian.min()),
        "p1": p1,
        "p5": p5,
        "median": median,
        "p95": p95,
        "p99": p99,
        "max": float(jacobian.max()),
        "std_log": float(np.log(positive).std(dtype=np.float64)) if positive.size else np.nan,
        "folding_percent": 100.0 * np.count_nonzero(jacobian <= 0) / jacobian.size,
    }


def histogram(jacobian: np.ndarray, low: float = 0.0, high: float = 2.0, bins: int = 80) -> dict:
    """Counts of det J: {edges, counts}; values beyond the ends count in the first and last bin."""
    counts, edges = np.histogram(np.clip(jacobian, low, high), bins=bins, range=(low, high))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def volume_balance(
    jacobian: np.ndarray, voxel_mm3: float, fixed_regions: Regions, moving_regions: Regions, moving_voxel_mm3: float
) -> dict:
    """The integral check: sum of det J over a fixed region against the volume of the same region in the moving image.

    Args:
        jacobian: det J on the fixed grid.
        fixed_regions, moving_regions: name -> boolean array, on the fixed and on the moving grid.

    Returns {name: {fixed_ml, moving_ml, mapped_ml, error_percent}} of the regions that both images have; mapped_ml is the
    integral, error_percent its deviation from moving_ml.
    """
    balance = {}
    for name in fixed_regions.keys() & moving_regions.keys():
        fixed_ml = np.count_nonzero(fixed_regions[name]) * voxel_mm3 / 1000
        moving_ml = np.count_nonzero(moving_regions[name]) * moving_voxel_mm3 / 1000
        mapped_ml = float(jacobian[fixed_regions[name]].sum(dtype=np.float64)) * voxel_mm3 / 1000
        balance[name] = {
            "fixed_ml": fixed_ml,
            "moving_ml": moving_ml,
            "mapped_ml": mapped_ml,
            "error_percent": 100 * (mapped_ml / moving_ml - 1) if moving_ml else np.nan,
        }
    return {name: balance[name] for name in fixed_regions if name in balance}


def tissue_mass_g(hu: np.ndarray, region: np.ndarray, voxel_mm3: float, jacobian: np.ndarray | None = None) -> float:
    """Tissue mass of a region in g: sum of (1 + HU / 1000) g/ml, air and below counting as 0; weighted by det J if given."""
    density = np.clip(1 + hu[region].astype(np.float32) / 1000, 0, None)
    if jacobian is not None:
        density = density * jacobian[region]
    return float(density.sum(dtype=np.float64)) * voxel_mm3 / 1000


def inverse_consistency_mm(forward: sitk.Image, backward: sitk.Image, region: sitk.Image, most: int = 200_000) -> dict:
    """|u(x) + v(x + u(x))| over the voxels of a region: {mean, p95, max} in mm; 0 if v is the exact inverse of u.

    Points that u takes out of the grid of v do not count.

    Args:
        forward: u, fixed to moving. backward: v, moving to fixed. Both LPS mm.
        region: mask in the fixed image (nonzero = inside).
        most: number of voxels (evenly drawn) beyond which no more are taken.
    """
    points = region_points_mm(region, most)
    mapped = points + displacement_at(forward, points)
    index = (mapped - np.array(backward.GetOrigin())) @ np.linalg.inv(voxel_to_lps(backward)).T
    within = np.all((index >= 0) & (index <= np.array(backward.GetSize()) - 1), axis=1)
    if not within.any():
        return dict.fromkeys(("mean", "p95", "max"), np.nan)
    mapped, points = mapped[within], points[within]
    residual = np.linalg.norm(mapped + displacement_at(backward, mapped) - points, axis=1)
    return {"mean": float(residual.mean()), "p95": float(np.percentile(residual, 95)), "max": float(residual.max())}


def region_points_mm(region: sitk.Image, most: int) -> np.ndarray:
    """Voxel centers (N, 3) in LPS mm of a mask, at most so many, evenly drawn."""
    voxels = np.flatnonzero(sitk.GetArrayViewFromImage(region))
    voxels = voxels[:: max(1, -(-len(voxels) // most))]
    zyx = np.unravel_index(voxels, region.GetSize()[::-1])
    return np.column_stack(zyx[::-1]) @ voxel_to_lps(region).T + np.array(region.GetOrigin())


def named_regions(
    labels: sitk.Image | None,
    mask: sitk.Image | None,
    names: Mapping[int, str] | None = None,
    box: tuple[slice, ...] = (slice(None),) * 3,
) -> dict[str, np.ndarray]:
    """Boolean arrays by name within a box (z, y, x): "lung" (the mask) and each label of a label map ("lobe 1", or as named)."""
    regions = {}
    if mask is not None:
        regions["lung"] = sitk.GetArrayViewFromImage(mask)[box] != 0
    if labels is not None:
        values = sitk.GetArrayViewFromImage(labels)[box]
        for value in np.unique(values[values != 0]):
            regions[(names or {}).get(int(value), f"lobe {int(value)}")] = values == value
    return regions


def box_of(*masks: sitk.Image | None) -> tuple[slice, ...]:
    """Slices (z, y, x) of the box around all that the masks and label maps of one grid mark; everything if there are none."""
    boxes = [bounding_slices(sitk.GetArrayViewFromImage(mask) != 0) for mask in masks if mask is not None]
    if not boxes:
        return (slice(None),) * 3
    return tuple(slice(min(s.start for s in axis), max(s.stop for s in axis)) for axis in zip(*boxes, strict=True))


def bounding_slices(mask: np.ndarray, margin: int = 0) -> tuple[slice, ...]:
    """Slices (z, y, x) of the box around the true voxels, widened by a margin; the whole array if there are none."""
    boxes = ndimage.find_objects(mask.astype(np.uint8))
    if not boxes:
        return tuple(slice(0, n) for n in mask.shape)
    return tuple(slice(max(s.start - margin, 0), min(s.stop + margin, n)) for s, n in zip(boxes[0], mask.shape, strict=True))
