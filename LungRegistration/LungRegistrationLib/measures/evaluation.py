"""Everything that can be said about a registration result: one call, one dict (its keys are documented in report.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.metrics import label_agreement
from CorrespondCoreLib.progress import Progress

from ..geometry.displacement import jacobian_determinant, resample_field, warp_image
from ..geometry.lattice import Lattice, mask_box_mm
from . import tre, ventilation, volume_checks
from .error_map import ErrorMap, local_error_map
from .mechanics import mechanics_maps, regional_mechanics
from .quality import LIMITS, check_result

AIR_HU = -1000.0
MECHANICS_SPACING_MM = 2.0
FUNCTION_SPACING_MM = 1.3


@dataclass
class Pair:
    """Two scans and what is known about them. Masks and labels lie on the grid of their scan; points are (N, 3) LPS mm."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_mask: sitk.Image | None = None
    moving_mask: sitk.Image | None = None
    fixed_lobes: sitk.Image | None = None
    moving_lobes: sitk.Image | None = None
    lobe_names: Mapping[int, str] = field(default_factory=dict)
    fixed_landmarks_mm: np.ndarray | None = None
    moving_landmarks_mm: np.ndarray | None = None
    landmarks_used_in_fit: bool = False
    fixed_is: str = "inspiration"


@dataclass
class Evaluation:
    """The figures and the images that they were computed from.

    figures: as in report.json. warped, jacobian: on the fixed grid. error_map: None without lungs.
    maps: further images by name (principal stretches, adi, sri, ventilation, prm).
    """

    figures: dict
    warped: sitk.Image
    jacobian: sitk.Image
    error_map: ErrorMap | None
    maps: dict[str, sitk.Image]


def evaluate(
    pair: Pair,
    fixed_to_moving_mm: sitk.Image,
    inverse_error_mm: Mapping[str, float] | None = None,
    keypoints: Mapping[str, np.ndarray] | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate a displacement field.

    Args:
        pair: the scans with masks, lobes and landmarks, as far as there are any.
        fixed_to_moving_mm: the field (LPS mm), any grid that covers the fixed image.
        inverse_error_mm: {mean, p95, max} of its inverse, see `volume_checks.inverse_consistency_mm`.
        keypoints: {"held_out_fixed_mm", "held_out_moving_mm"}: matches that the fit never saw.
    """
    progress = progress or Progress()
    with progress.stage("Warping and Jacobian", until=0.3) as step:
        warped = warp_image(pair.moving, fixed_to_moving_mm, pair.fixed, AIR_HU)
        step(0.5)
        jacobian = jacobian_determinant(fixed_to_moving_mm, pair.fixed)
    figures: dict = {"direction": _direction(pair.fixed_is), "tre_mm": _landmarks(pair, fixed_to_moving_mm)}
    figures["keypoint_tre_mm"] = _keypoints(keypoints, fixed_to_moving_mm)
    with progress.stage("Volumes and overlap", until=0.6) as step:
        figures |= _volumes(pair, jacobian, warped)
        _check_phase(figures["volume_balance"], pair.fixed_is, progress)
        step(0.4)
        figures["overlap"] = _overlap(pair, fixed_to_moving_mm)
        figures["inverse_error_mm"] = inverse_error_mm
    error_map: ErrorMap | None = None
    maps: dict[str, sitk.Image] = {}
    with progress.stage("Regional mechanics and function", until=0.85):
        if pair.fixed_mask is not None:
            figures["mechanics"], maps = _mechanics(pair, pair.fixed_mask, fixed_to_moving_mm)
            figures["function"], function_maps = _function(pair, pair.fixed_mask, jacobian, warped)
            maps |= function_maps
    with progress.stage("Expected local error", until=1.0):
        if pair.fixed_mask is not None:
            error_map = local_error_map(pair.fixed, pair.moving, fixed_to_moving_mm, pair.fixed_mask)
            figures["expected_error_mm"] = _expected_error(error_map)
    figures["check_result"] = check_result(figures)
    return Evaluation(figures, warped, jacobian, error_map, maps)


def _direction(fixed_is: str) -> dict:
    return {
        "field": "fixed to moving: warped(x) = moving(x + u(x)), LPS mm",
        "jacobian": "fixed to moving: volume in the moving image over volume in the fixed image",
        "function": "expiration to inspiration",
        "fixed_is": fixed_is,
    }


def _landmarks(pair: Pair, field_mm: sitk.Image) -> dict | None:
    fixed_mm, moving_mm = pair.fixed_landmarks_mm, pair.moving_landmarks_mm
    if fixed_mm is None or moving_mm is None:
        return None
    before = tre.landmark_errors_mm(None, fixed_mm, moving_mm)
    after = tre.landmark_errors_mm(field_mm, fixed_mm, moving_mm)
    result = {
        "before": tre.error_statistics(before),
        "after": tre.error_statistics(after),
        "after_snapped_to_voxel": tre.error_statistics(tre.snapped_errors_mm(field_mm, fixed_mm, moving_mm, pair.moving)),
        "cumulative": {"before": tre.cumulative_curve(before, 1.0), "after": tre.cumulative_curve(after)},
        "landmarks_used_in_fit": pair.landmarks_used_in_fit,
        "landmarks": [
            {"fixed_mm": f, "moving_mm": m, "before": b, "after": a}
            for f, m, b, a in zip(fixed_mm.tolist(), moving_mm.tolist(), before.tolist(), after.tolist(), strict=True)
        ],
    }
    if pair.fixed_mask is not None:
        depth = tre.distance_to_pleura_mm(fixed_mm, pair.fixed_mask)
        result["by_distance_to_pleura"] = tre.errors_by_depth(after, depth)
    return result


def _keypoints(keypoints: Mapping[str, np.ndarray] | None, field_mm: sitk.Image) -> dict | None:
    if not keypoints or len(keypoints["held_out_fixed_mm"]) == 0:
        return None
    points = keypoints["held_out_fixed_mm"], keypoints["held_out_moving_mm"]
    before, after = tre.landmark_errors_mm(None, *points), tre.landmark_errors_mm(field_mm, *points)
    return {
        "before": tre.error_statistics(before),
        "after": tre.error_statistics(after),
        "cumulative": {"before": tre.cumulative_curve(before, 1.0), "after": tre.cumulative_curve(after)},
    }


def _volumes(pair: Pair, jacobian: sitk.Image, warped: sitk.Image) -> dict:
    everywhere = volume_checks.jacobian_statistics(sitk.GetArrayViewFromImage(jacobian))
    figures: dict = {
        "folding_percent": {"lung": None, "everywhere": everywhere["folding_percent"]},
        "jacobian": {"everywhere": everywhere},
    }
    fixed_box = volume_checks.box_of(pair.fixed_mask, pair.fixed_lobes)
    moving_box = volume_checks.box_of(pair.moving_mask, pair.moving_lobes)
    fixed_regions = volume_checks.named_regions(pair.fixed_lobes, pair.fixed_mask, pair.lobe_names, fixed_box)
    moving_regions = volume_checks.named_regions(pair.moving_lobes, pair.moving_mask, pair.lobe_names, moving_box)
    determinant, fixed_hu, warped_hu = (sitk.GetArrayViewFromImage(i)[fixed_box] for i in (jacobian, pair.fixed, warped))
    moving_hu = sitk.GetArrayViewFromImage(pair.moving)[moving_box]
    fixed_mm3, moving_mm3 = (float(np.prod(image.GetSpacing())) for image in (pair.fixed, pair.moving))
    for name, region in fixed_regions.items():
        figures["jacobian"][name] = volume_checks.jacobian_statistics(determinant[region])
    if "lung" in fixed_regions:
        figures["folding_percent"]["lung"] = figures["jacobian"]["lung"]["folding_percent"]
        figures["jacobian"]["histogram"] = volume_checks.histogram(determinant[fixed_regions["lung"]])
    figures["volume_balance"] = volume_checks.volume_balance(determinant, fixed_mm3, fixed_regions, moving_regions, moving_mm3)
    figures["tissue_mass_g"] = {
        name: {
            "fixed": volume_checks.tissue_mass_g(fixed_hu, region, fixed_mm3),
            "moving": volume_checks.tissue_mass_g(moving_hu, moving_regions[name], moving_mm3)
            if name in moving_regions
            else None,
            "mapped": volume_checks.tissue_mass_g(warped_hu, region, fixed_mm3, determinant),
        }
        for name, region in fixed_regions.items()
    }
    return figures


def _check_phase(balance: dict, fixed_is: str, progress: Progress) -> None:
    """Warn if the larger lung is said to be the expiration."""
    if "lung" in balance:
        ratio = balance["lung"]["moving_ml"] / max(balance["lung"]["fixed_ml"], 1e-6)
        if (ratio > 1.03 and fixed_is == "inspiration") or (ratio < 0.97 and fixed_is == "expiration"):
            other = "expiration" if fixed_is == "inspiration" else "inspiration"
            volumes = f"{balance['lung']['fixed_ml']:.0f} ml fixed, {balance['lung']['moving_ml']:.0f} ml moving"
            progress.warning(
                f"The lungs' volumes ({volumes}) speak for {other} as the fixed image, not {fixed_is}: ventilation has the wrong "
                "sign unless you change this."
            )


def _overlap(pair: Pair, field_mm: sitk.Image) -> dict | None:
    """Dice and surface distances of lung and lobes, the moving labels brought to the fixed grid without and with the field."""
    result: dict = {}
    for fixed, moving, names in (
        (pair.fixed_mask, pair.moving_mask, {1: "lung"}),
        (pair.fixed_lobes, pair.moving_lobes, pair.lobe_names),
    ):
        if fixed is None or moving is None:
            continue
        unmoved = sitk.Resample(moving, fixed, sitk.Transform(), sitk.sitkNearestNeighbor, 0, fixed.GetPixelID())
        moved = sitk.Cast(warp_image(moving, field_mm, fixed, 0, sitk.sitkNearestNeighbor), fixed.GetPixelID())
        before, after = label_agreement(fixed, unmoved), label_agreement(fixed, moved)
        for label, agreement in after["labels"].items():
            name = names.get(label, f"lobe {label}")
            result[name] = {"before": before["labels"].get(label), "after": agreement}
        if len(after["labels"]) > 1:
            result["all lobes"] = {
                "before": {"dice": before["dice_mean"], "dice30": before["dice30"]},
                "after": {"dice": after["dice_mean"], "dice30": after["dice30"]},
            }
    return result or None


def _mechanics(pair: Pair, lung: sitk.Image, field_mm: sitk.Image) -> tuple[dict, dict[str, sitk.Image]]:
    if min(field_mm.GetSpacing()) < 0.75 * MECHANICS_SPACING_MM:
        lattice = Lattice.over_box(*mask_box_mm(lung, 2 * MECHANICS_SPACING_MM), MECHANICS_SPACING_MM)
        field_mm = resample_field(field_mm, lattice.image_like())
    maps = mechanics_maps(field_mm, lung)
    regions = {"lung": lung}
    if pair.fixed_lobes is not None:
        labels = np.unique(sitk.GetArrayViewFromImage(pair.fixed_lobes))
        regions |= {pair.lobe_names.get(int(v), f"lobe {int(v)}"): pair.fixed_lobes == int(v) for v in labels if v != 0}
    return regional_mechanics(maps, regions), maps


def _function(pair: Pair, lung: sitk.Image, jacobian: sitk.Image, warped: sitk.Image) -> tuple[dict, dict[str, sitk.Image]]:
    """Regional function on the lung's box, finer voxels than `FUNCTION_SPACING_MM` averaged in blocks."""
    box = volume_checks.bounding_slices(sitk.GetArrayViewFromImage(lung) != 0, margin=8)
    block = [max(1, int(FUNCTION_SPACING_MM / s)) for s in pair.fixed.GetSpacing()]
    fixed, moved, det = (sitk.BinShrink(_cut(image, box), block) for image in (pair.fixed, warped, jacobian))
    on_grid = lambda image: sitk.Resample(image, fixed, sitk.Transform(), sitk.sitkNearestNeighbor, 0)  # noqa: E731
    lobes = None if pair.fixed_lobes is None else on_grid(pair.fixed_lobes)
    regions = volume_checks.named_regions(lobes, on_grid(lung), pair.lobe_names)
    fixed_hu, moved_hu, determinant = (sitk.GetArrayViewFromImage(image) for image in (fixed, moved, det))
    maps = ventilation.function_maps(fixed_hu, moved_hu, determinant, regions["lung"], fixed.GetSpacing()[::-1], pair.fixed_is)
    summary = ventilation.regional_function(maps, {name: region & regions["lung"] for name, region in regions.items()})
    images = {name: sitk.GetImageFromArray(values) for name, values in maps.items()}
    for image in images.values():
        image.CopyInformation(fixed)
    return summary, images


def _cut(image: sitk.Image, box: tuple[slice, ...]) -> sitk.Image:
    """The part of an image in a box of array slices (z, y, x)."""
    z, y, x = box
    return image[x, y, z]


def _expected_error(error_map: ErrorMap) -> dict:
    values = error_map.values()
    limit = LIMITS["expected_error_mm"]
    return {
        "mean": float(values.mean()),
        "p95": float(np.percentile(values, 95)),
        "max": float(values.max()),
        "limit_mm": limit,
        "percent_above_limit": 100.0 * float((values > limit).mean()),
        "points": len(error_map.points_mm),
    }
