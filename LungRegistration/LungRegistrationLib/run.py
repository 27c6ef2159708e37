"""From files to files: read and check, register, evaluate, write everything or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.devices import check_torch
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_json
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.process_usage import seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from .formats import inputs
from .formats.outputs import write_field, write_image
from .formats.pair_files import Files, Wishes
from .formats.pair_reading import binary, read_pair
from .geometry.displacement import resample_field, transform_points
from .masks import lung_mask
from .measures.evaluation import Evaluation, Pair, evaluate
from .measures.volume_checks import inverse_consistency_mm
from .memory_need import check_memory
from .reports.page import report_page
from .reports.page_pictures import jacobian_window, report_pictures
from .reports.report import build_report
from .settings import RegistrationSettings

RESULT_KEYS = ("check_result", "warnings", "folding_percent", "volume_balance", "expected_error_mm", "peak_memory_gb", "device")


def register_files(
    files: Files,
    output: str | Path,
    settings: RegistrationSettings | None = None,
    wishes: Wishes | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict:
    """Register a pair of files and write the results into a folder, all of them or none.

    Writes fixed_to_moving.nrrd, moving_to_fixed.nrrd, warped.nrrd, jacobian.nrrd, settings.json, report.json, report.html, lungs
    that were found (fixed_lungs.nrrd, moving_lungs.nrrd), and, if wished, maps and a network's fields (level_1.nrrd is the
    coarsest one). Returns the main figures and the paths of the files.

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, wishes, progress = settings or RegistrationSettings(), wishes or Wishes(), progress or Progress()
    if wishes.levels and settings.method == "search":
        raise InputError("Fields per level come from a network: choose the method virnet, voxelmorph or rrn, or leave them out.")
    check_torch()
    with progress.stage("Reading", until=0.03):
        pair, initial = read_pair(files, wishes, progress)
        output = check_output_folder(output, _output_bytes(pair, wishes))
        check_memory(pair.fixed, pair.moving, settings)
    from .pipeline import register  # imports torch

    watched = _landmarks(pair)
    given = watched if wishes.guide and watched else (None, None)
    result = register(
        pair.fixed,
        pair.moving,
        fixed_mask=pair.fixed_lobes if _both_lobes(pair) else pair.fixed_mask,
        moving_mask=pair.moving_lobes if _both_lobes(pair) else pair.moving_mask,
        fixed_landmarks_mm=given[0],
        moving_landmarks_mm=given[1],
        initial_transform=initial,
        settings=settings,
        device=device,
        threads=threads,
        progress=progress.part(until=0.8),
        watched_landmarks_mm=watched,
        levels=wishes.levels,
    )
    masks = {role: _source(getattr(pair, f"{role}_mask"), getattr(result, f"{role}_mask")) for role in ("fixed", "moving")}
    pair.fixed_mask, pair.moving_mask = (binary(mask) for mask in (result.fixed_mask, result.moving_mask))
    forward, backward = result.fixed_to_moving_mm, result.moving_to_fixed_mm
    evaluation = evaluate(pair, forward, result.inverse_error_mm, result.keypoints, progress.part(until=0.95))
    facts = {
        "method": "network" if result.network else settings.method,
        "model": result.network.model if result.network else None,
        "network": {**result.network.facts, "levels": _level_facts(pair, result.network.levels)} if result.network else None,
        "preset": settings.preset,
        "settings": _settings_used(settings, result.network.model if result.network else None),
        "device": result.device,
        "masks": masks,
        "resampling_error_mm": result.resampling_error_mm,
        "names": files.names() if wishes.names else None,
    }
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0) as step:
        written = resample_field(forward, pair.fixed) if wishes.native_grid else forward
        write_field(written, folder / "fixed_to_moving.nrrd")
        write_field(backward, folder / "moving_to_fixed.nrrd")
        write_image(evaluation.warped, folder / "warped.nrrd")
        write_image(evaluation.jacobian, folder / "jacobian.nrrd", compress=False)
        for role in (role for role, source in masks.items() if source == "found"):
            write_image(getattr(pair, f"{role}_mask"), folder / f"{role}_lungs.nrrd")
        if wishes.maps:
            _write_maps(evaluation, folder)
        for n, level in enumerate(result.network.levels if result.network else (), start=1):
            write_field(level, folder / f"level_{n}.nrrd")
        step(0.8)
        write_json(folder / "settings.json", facts["settings"])
        report = _write_report(pair, evaluation, written, progress, facts, folder)
        names = sorted(path.name for path in folder.iterdir())
    return _results(report, output, names)


def evaluate_files(
    field_file: str | Path,
    files: Files,
    output: str | Path | None = None,
    inverse_file: str | Path | None = None,
    wishes: Wishes | None = None,
    progress: Progress | None = None,
) -> dict:
    """Evaluate a displacement field or transform from any program; writes warped, Jacobian and reports if an output is given.

    Args:
        field_file: displacement field image (LPS mm) or ITK transform that maps fixed points to moving points.
        files: the pair and what is known about it. Lungs are found if no masks are given.
        inverse_file: the same from moving to fixed, to be checked.

    Returns the whole report.

    Raises:
        InputError, OutputError, OutOfMemory, Cancelled
    """
    wishes, progress = wishes or Wishes(), progress or Progress()
    with progress.stage("Reading", until=0.1):
        pair, _ = read_pair(files, wishes, progress)
        if output is not None:
            output = check_output_folder(output, _output_bytes(pair, wishes))
        forward = inputs.read_field(field_file, pair.fixed)
        backward = inputs.read_field(inverse_file, pair.moving) if inverse_file else None
    with progress.stage("Lung masks", until=0.3):
        sources = {role: _find_lungs(pair, role, progress) for role in ("fixed", "moving")}
    inverse_error = None
    if backward is not None:
        region = pair.fixed if pair.fixed_mask is None else pair.fixed_mask
        inverse_error = inverse_consistency_mm(forward, backward, region)
    evaluation = evaluate(pair, forward, inverse_error, None, progress.part(until=0.95))
    facts: dict[str, Any] = {"method": "external", "masks": sources, "names": files.names() if wishes.names else None}
    if output is None:
        return build_report(pair, evaluation, forward, progress, **facts)
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0):
        write_image(evaluation.warped, folder / "warped.nrrd")
        write_image(evaluation.jacobian, folder / "jacobian.nrrd", compress=False)
        if wishes.maps:
            _write_maps(evaluation, folder)
        report = _write_report(pair, evaluation, forward, progress, facts, folder)
        names = sorted(path.name for path in folder.iterdir())
    return {**report, "files": [str(Path(output) / name) for name in names]}


def _find_lungs(pair: Pair, role: str, progress: Progress) -> str:
    """Find the lungs of a scan that came without a mask; returns where the mask is from: given, found, or none."""
    given = getattr(pair, f"{role}_mask")
    used = lung_mask(getattr(pair, role)) if given is None else given
    setattr(pair, f"{role}_mask", used)
    if used is None:
        progress.warning(f"No lungs were found in the {role} volume: give a mask for figures of the lung.")
    return _source(given, used)


def _write_maps(evaluation: Evaluation, folder: Path) -> None:
    for name, image in evaluation.maps.items():
        write_image(image, folder / f"{name}.nrrd")
    if evaluation.error_map is not None:
        write_image(evaluation.error_map.image, folder / "expected_error.nrrd")


def _write_report(
    pair: Pair, evaluation: Evaluation, written: sitk.Image, progress: Progress, facts: dict[str, Any], folder: Path
) -> dict:
    rows, window = report_pictures(pair, evaluation, written), jacobian_window(pair, evaluation)
    report = build_report(pair, evaluation, written, progress, **facts)
    (folder / "report.html").write_text(report_page(report, rows, window), encoding="utf-8")
    report["seconds"]["total"] = seconds_since_process_start()
    write_json(folder / "report.json", report)
    return report


def _results(report: dict, output: Path, names: Iterable[str]) -> dict:
    """What the command line prints: the main figures, and the files."""
    results = {key: report.get(key) for key in RESULT_KEYS}
    for key in ("tre_mm", "keypoint_tre_mm"):
        if report[key]:
            results[key] = {moment: report[key][moment] for moment in ("before", "after")}
    if report.get("network"):
        results["estimated"] = report["network"]["estimated"]
    return {**results, "seconds": report["seconds"], "files": [str(output / name) for name in names]}


def _output_bytes(pair: Pair, wishes: Wishes) -> int:
    """About what the results take on disk, at most."""
    voxels = pair.fixed.GetNumberOfPixels()
    per_voxel = 2 + 4 + (12 if wishes.native_grid else 0) + (9 if wishes.maps else 0) + (5 if wishes.levels else 0)
    volumes_mm3 = [float(np.prod(np.multiply(image.GetSize(), image.GetSpacing()))) for image in (pair.fixed, pair.moving)]
    return int(voxels * per_voxel + sum(volumes_mm3) / 8 * 12 * (2 if wishes.maps else 1)) + 5_000_000


def _landmarks(pair: Pair) -> tuple[np.ndarray, np.ndarray] | None:
    fixed, moving = pair.fixed_landmarks_mm, pair.moving_landmarks_mm
    return None if fixed is None or moving is None else (fixed, moving)


def _level_facts(pair: Pair, levels: list[sitk.Image]) -> list[dict[str, Any]]:
    """Of the network's fields, coarse to fine: size, spacing, and mean landmark error where there are landmarks."""
    landmarks, facts = _landmarks(pair), []
    for level in levels:
        error = landmarks and float(np.linalg.norm(transform_points(level, landmarks[0]) - landmarks[1], axis=1).mean())
        facts.append({"size": list(level.GetSize()), "spacing_mm": list(level.GetSpacing()), "tre_mm": error})
    return facts


def _settings_used(settings: RegistrationSettings, model: Model | None) -> dict[str, Any]:
    """The settings with the model by its id, never by its folder."""
    used = settings.to_dict()
    if model is not None:
        used["network"]["model"] = model.id
    return used


def _both_lobes(pair: Pair) -> bool:
    return pair.fixed_lobes is not None and pair.moving_lobes is not None


def _source(given: sitk.Image | None, used: sitk.Image | None) -> str:
    if used is None:
        return "none"
    return "found" if given is None else "given"
