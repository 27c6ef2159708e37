"""report.json: what was done, how well it went, and with what.

    statement           "For research use only. Not for clinical use."
    created             date and time, UTC
    method, preset      "search" or "network", "default"; model, weights_sha256: null without trained weights
    network             absent without one: {name, experimental, size_xyz, spacing_mm, window_hu, estimated: {memory_gb, seconds},
                        fitting_error_mm: {mean, p95, max} of the B-spline that stands for its field, instance_optimization:
                        null or {of, steps, learning_rate, loss: [per step], tre_mm: [per step] or null, terms: {before, after}},
                        levels: [{size, spacing_mm, tre_mm: mean or null}] of level_1.nrrd, level_2.nrrd, ...}
    settings            all settings as they were used
    inputs              fixed, moving: {size, spacing_mm}; fixed_mask, moving_mask: "given", "found" or "none"; landmarks: count.
                        File names stand here only if the user asked for them; patient data never.
    field               {size, spacing_mm, resampling_error_mm} of fixed_to_moving.nrrd
    check_result        {needed: true/false, reasons: [sentences]}: does somebody have to look at this result?
    warnings            [sentences] from the whole run
    direction           {field, jacobian, function, fixed_is}: what the signs mean
    tre_mm              null without landmarks, or
        before, after, after_snapped_to_voxel   {count, mean, standard_error, std, median, p75, p90, max}
        cumulative      {before, after}: {mm: [...], percent: [...]}
        by_distance_to_pleura   [{from_mm, to_mm, count, mean, ...}]
        landmarks       [{fixed_mm, moving_mm, before, after}]; landmarks_used_in_fit: true if they guided the registration
    keypoint_tre_mm     before, after, cumulative: automatic keypoints that were left out of the fit (null if there are none)
    folding_percent     {lung, everywhere}: voxels with det J <= 0
    jacobian            lung, everywhere, lobes by name: {count, mean, std, min, p1, p5, median, p95, p99, max, std_log,
                        folding_percent}; histogram: {edges, counts} in the lung
    volume_balance      by region {fixed_ml, moving_ml, mapped_ml, error_percent}: sum of det J against the moving volume
    tissue_mass_g       by region {fixed, moving, mapped}
    overlap             by region {before, after}: {dice, assd_mm, hausdorff_mm, hd95_mm}; "all lobes": {dice, dice30}
    inverse_error_mm    {mean, p95, max} of going there and back in the lung
    mechanics           by region {volume_change, stretch_1, stretch_2, stretch_3, adi, sri}: {mean, std, median}
    function            by region {jacobian_ventilation, specific_gas_change: {mean, median}, prm_percent: {class: percent}}
    expected_error_mm   {mean, p95, max, limit_mm, percent_above_limit, points}: estimated from the images, see error_map.py
    seconds             total (from the start of the process), and per stage
    peak_memory_gb, device, versions

Regions are "lung" and the lobes. Numbers that do not exist are null. Keys that do not apply are absent or null.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import SimpleITK as sitk

from CorrespondCoreLib import provenance
from CorrespondCoreLib.files import plain
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.process_usage import peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from ..measures.evaluation import Evaluation, Pair


def build_report(
    pair: Pair,
    evaluation: Evaluation,
    field: sitk.Image,
    progress: Progress,
    *,
    method: str,
    preset: str | None = None,
    model: Model | None = None,
    settings: dict[str, Any] | None = None,
    device: str = "cpu",
    masks: dict[str, str] | None = None,
    resampling_error_mm: float | None = None,
    names: dict[str, str] | None = None,
    network: dict[str, Any] | None = None,
) -> dict:
    """The contents of report.json as plain JSON values, seconds and memory as of now.

    Args:
        pair, evaluation, field: what was registered, how it was judged, and the field that was judged.
        progress: whose stages and warnings are told.
        masks: {"fixed": "given" | "found" | "none", "moving": ...}.
        names: file names of the inputs, if the user wants them in the report.
        network: what a network did, see NetworkRun.
    """
    masks = masks or {role: "none" if mask is None else "given" for role, mask in _masks(pair).items()}
    inputs: dict[str, Any] = {"fixed": _geometry(pair.fixed), "moving": _geometry(pair.moving)}
    inputs |= {f"{role}_mask": source for role, source in masks.items()}
    inputs["landmarks"] = 0 if pair.fixed_landmarks_mm is None else len(pair.fixed_landmarks_mm)
    if names:
        inputs["names"] = names
    report = {
        **provenance.record(method, settings or {}, model, device),
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "preset": preset,
        **({"network": network} if network else {}),
        "inputs": inputs,
        "field": {**_geometry(field), "resampling_error_mm": resampling_error_mm},
        "check_result": evaluation.figures["check_result"],
        "warnings": progress.warnings,
        **{key: value for key, value in evaluation.figures.items() if key != "check_result"},
        "seconds": {"total": seconds_since_process_start(), **progress.seconds},
        "peak_memory_gb": peak_memory_gb(),
    }
    return plain(report)


def _masks(pair: Pair) -> dict[str, sitk.Image | None]:
    return {"fixed": pair.fixed_mask, "moving": pair.moving_mask}


def _geometry(image: sitk.Image) -> dict:
    return {"size": list(image.GetSize()), "spacing_mm": list(image.GetSpacing())}
