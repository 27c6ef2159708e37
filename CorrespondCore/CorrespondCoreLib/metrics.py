"""Agreement of label maps and of paired measurements: overlap, surface distances, paired tests, intervals."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from .errors import InputError

RESAMPLES = 10_000  # of the bootstrap
LEVEL = 95  # percent


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Dice overlap 2 |A and B| / (|A| + |B|) of two boolean arrays; nan where both are empty."""
    total = int(a.sum()) + int(b.sum())
    return 2.0 * int((a & b).sum()) / total if total else math.nan


def mean_of_worst(values: Sequence[float], fraction: float = 0.3) -> float:
    """Mean of the worst (lowest) fraction of scores, at least one of them: Dice30 of Learn2Reg with the default."""
    finite = np.sort([v for v in values if not math.isnan(v)])
    return float(finite[: max(1, math.ceil(fraction * len(finite)))].mean()) if len(finite) else math.nan


def surface_distances_mm(a: np.ndarray, b: np.ndarray, spacing_mm: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Distances in mm from each surface voxel of a to the surface of b, and back.

    Args:
        a, b: boolean arrays of the same shape, neither of them empty.
        spacing_mm: voxel size in the order of the array axes.
    """
    surface_a, surface_b = _surface(a), _surface(b)
    return _distance_mm(surface_b, spacing_mm)[surface_a], _distance_mm(surface_a, spacing_mm)[surface_b]


def label_agreement(fixed_labels: sitk.Image, other_labels: sitk.Image) -> dict:
    """Dice and surface distances of each label of two label maps on the same grid.

    Returns a dict with
        labels: {label: {dice, assd_mm, hausdorff_mm, hd95_mm}}; distances are nan where one map lacks the label,
        dice_mean, dice30: mean Dice, and mean of the worst 30 % of the labels.
    ASSD is the mean of all distances of both directions, HD95 the larger of the two directed 95th percentiles.

    Raises:
        InputError: the grids differ.
    """
    if fixed_labels.GetSize() != other_labels.GetSize() or not np.allclose(fixed_labels.GetSpacing(), other_labels.GetSpacing()):
        raise InputError("Label maps must lie on the same grid to be compared: resample one of them to the other first.")
    spacing_zyx = fixed_labels.GetSpacing()[::-1]
    a, b = sitk.GetArrayViewFromImage(fixed_labels), sitk.GetArrayViewFromImage(other_labels)
    labels = {int(v): _agreement(a == v, b == v, spacing_zyx) for v in np.union1d(np.unique(a), np.unique(b)) if v != 0}
    scores = [entry["dice"] for entry in labels.values()]
    return {
        "labels": labels,
        "dice_mean": float(np.mean(scores)) if scores else math.nan,
        "dice30": mean_of_worst(scores),
    }


def compare_paired(errors: Mapping[str, np.ndarray], reference: str | None = None) -> list[dict]:
    """Wilcoxon signed-rank tests of paired errors, with Bonferroni's correction for the number of comparisons.

    Args:
        errors: per method the errors at the same cases (or landmarks), in the same order.
        reference: compare each method with this one; every pair of methods if None.

    Returns a list of {a, b, median_difference (a - b), p, p_bonferroni}, in the order of the methods.
    """
    from scipy import stats  # half a second that no registration has to pay

    pairs = [(reference, name) for name in errors if name != reference] if reference else itertools.combinations(errors, 2)
    rows: list[dict[str, Any]] = []
    for a, b in pairs:
        difference = np.asarray(errors[a], float) - np.asarray(errors[b], float)
        p = float(stats.wilcoxon(difference).pvalue) if np.any(difference) else 1.0
        rows.append({"a": a, "b": b, "median_difference": float(np.median(difference)), "p": p})
    for row in rows:
        row["p_bonferroni"] = min(1.0, row["p"] * len(rows))
    return rows


def mean_with_interval(values: np.ndarray) -> dict[str, float]:
    """Mean of values (N,), and the bounds of its 95 % interval by the percentile bootstrap (always the same resamples)."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.percentile(means, [50 - LEVEL / 2, 50 + LEVEL / 2])
    return {"mean": float(values.mean()), "low": float(low), "high": float(high)}


def _agreement(a: np.ndarray, b: np.ndarray, spacing_zyx: Sequence[float]) -> dict:
    entry: dict[str, float] = {"dice": dice(a, b), "assd_mm": math.nan, "hausdorff_mm": math.nan, "hd95_mm": math.nan}
    if a.any() and b.any():
        (box,) = ndimage.find_objects((a | b).astype(np.uint8))
        forward, backward = surface_distances_mm(a[box], b[box], spacing_zyx)
        entry["assd_mm"] = float(np.concatenate([forward, backward]).mean())
        entry["hausdorff_mm"] = float(max(forward.max(), backward.max()))
        entry["hd95_mm"] = float(max(np.percentile(forward, 95), np.percentile(backward, 95)))
    return entry


def _surface(mask: np.ndarray) -> np.ndarray:
    """Voxels of the mask with a face neighbor outside; the border of the array counts as outside."""
    return mask & ~ndimage.binary_erosion(mask)


def _distance_mm(surface: np.ndarray, spacing_mm: Sequence[float]) -> np.ndarray:
    """Euclidean distance of every voxel to the nearest voxel of a surface one voxel thick."""
    image = sitk.GetImageFromArray(surface.astype(np.uint8))
    image.SetSpacing([float(s) for s in reversed(spacing_mm)])
    distance = sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True)
    return np.abs(sitk.GetArrayFromImage(distance))
