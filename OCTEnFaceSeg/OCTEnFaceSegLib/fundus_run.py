"""A fundus image of another device into register with a scan, from files to files: all are written, or none."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib import provenance
from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.files import check_output_folder, plain, whole_folder, write_json
from CorrespondCoreLib.image_files import write_image_file
from CorrespondCoreLib.process_usage import peak_memory_gb, seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from .bruch_source import membrane_of
from .enface_plane import plane_image, plane_map, resampled
from .formats.dicom_photo import Photo
from .formats.fundus import check_same_eye, free_image, over_scan
from .formats.fundus_file import read_fundus
from .formats.reading import read_scan
from .fundus_points import PointPairs, read_point_pairs
from .fundus_registration import (
    FundusRegistration,
    own_fundus,
    pairs_left_um,
    register_by_points,
    register_by_vessels,
    space_transform,
)
from .measures.table import UNCONFIRMED
from .reports.report import describe
from .results import write_map
from .run import ROOM_BYTES, tell_notes
from .scan import OctScan, check_raster

WAYS = ("vessels", "points")
IMAGE, ON_SCAN, TRANSFORM, REPORT = "fundus.nrrd", "fundus_enface.nrrd", "registration.tfm", "report.json"


def register_fundus_file(
    source: str | Path,
    fundus: str | Path,
    output: str | Path,
    points: str | Path | None = None,
    by: str | None = None,
    reading: dict[str, Any] | None = None,
    progress: Progress | None = None,
) -> dict:
    """Bring a fundus image of another device into register with a scan.

    Writes fundus.nrrd (the image as it came, in mm), registration.tfm (an ITK transform from points of the scan to points of that
    image: in 3D Slicer it carries the image that is put under it to the scan), fundus_enface.nrrd (the image on the en-face grid,
    0 outside of it) and report.json (`_report`). Returns the main figures and the paths of the files.

    Args:
        points: see `fundus_points.read_point_pairs`.
        by: "points" or "vessels"; by default points where they are given. With vessels, points are where the search starts.
        reading: options of `formats.reading.read_scan`.

    Raises:
        InputError: a file cannot be used, other eyes, or the two do not fit; nothing is written. OutputError, Cancelled.
    """
    by, progress = by or ("points" if points else "vessels"), progress or Progress()
    if by not in WAYS:
        raise InputError(f'An image is registered by {" or ".join(WAYS)}, not by "{by}".')
    if by == "points" and points is None:
        raise InputError("A registration by points needs a table of them (--points CSV).")
    with progress.stage("Reading", until=0.3):
        pairs = read_point_pairs(points) if points is not None else None
        photo = read_fundus(fundus)
        scan = read_scan(source, progress, **(reading or {}))
        check_raster(scan)
        check_same_eye(photo.eye, scan.eye)
        tell_notes(scan, progress)
        image = over_scan(free_image(photo.pixels, photo.spacing_mm), scan.volume)
        pairs_mm = pairs.in_mm(scan, image) if pairs is not None else None
        output = check_output_folder(output, ROOM_BYTES)
    metric = scan.metric and photo.spacing_mm is not None
    found = register_by_points(*pairs_mm, metric=metric) if pairs_mm is not None else None
    if by == "vessels":
        depth = _membrane(scan, progress.part(until=0.6))
        with progress.stage("Registration", until=0.9):
            found = register_by_vessels(scan, depth, image, metric, found.transform if found is not None else None)
    assert found is not None
    left_um = pairs_left_um(found.transform, *pairs_mm) if pairs_mm is not None else None
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0):
        write_image_file(image, folder / IMAGE)
        write_map(scan, _on_scan(scan, image, found.transform), folder / ON_SCAN)
        _write_transform(space_transform(found.transform), folder / TRANSFORM)
        report = _report(scan, photo, image, found, pairs, left_um, progress)
        write_json(folder / REPORT, report)
        names = sorted(path.name for path in folder.iterdir())
    shown = ("method", "scale", "residual", "correlation", "turn_deg", "covered_percent", "check_result", "warnings")
    return {**{key: report[key] for key in shown}, "files": [str(output / name) for name in names]}


def _membrane(scan: OctScan, progress: Progress) -> np.ndarray:
    """Bruch's membrane (B-scans, A-scans) in voxels, where vessels have to be looked for in the scan itself; else zeros."""
    if own_fundus(scan) is not None:
        return np.zeros(scan.enface_shape, np.float32)
    return membrane_of(scan, sitk.GetArrayFromImage(scan.volume).astype(np.float32), progress=progress).bruch.depth


def _on_scan(scan: OctScan, image: sitk.Image, transform: sitk.Transform, outside: float = 0.0) -> np.ndarray:
    """The image (B-scans, A-scans) float32 on the en-face grid."""
    return resampled(plane_image(image), plane_map(scan, np.zeros(scan.enface_shape)), transform, outside)


def _report(
    scan: OctScan,
    photo: Photo,
    image: sitk.Image,
    found: FundusRegistration,
    pairs: PointPairs | None,
    left_um: np.ndarray | None,
    progress: Progress,
) -> dict:
    """The contents of report.json.

    statement, created, versions, warnings, seconds, peak_memory_gb   as in a segmentation's
    method          "vessels" or "points"
    scale           "mm", or "scale not confirmed": the scan has no voxel size, no figure in um means anything until one is given
    input, fundus   what is known of the scan and of the image; nothing about the patient, no names of files
    residual        {um, largest_um, of}: see FundusRegistration; null where nothing can tell
    pairs           [{b_scan, a_scan, column, row, left_um}] under the final transform
    correlation     of the vessels; null by points
    matrix, shift_mm, scales, turn_deg   of the transform, in the plane (LPS x, z)
    covered_percent of the scan, by the image
    check_result    {needed, reasons}
    """
    residuals = {"points": "similarity through three pairs" if found.similarity else "pairs of points", "vessels": "vessels"}
    covered = 100 * float(np.isfinite(_on_scan(scan, image, found.transform, np.nan)).mean())
    report = {
        "statement": provenance.STATEMENT,
        "created": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "versions": provenance.versions(),
        "method": found.by,
        "scale": "mm" if scan.metric else UNCONFIRMED,
        "input": describe(scan),
        "fundus": {
            "kind": photo.kind,
            "eye": photo.eye,
            "visit_date": photo.visit_date,
            "columns": photo.pixels.shape[1],
            "rows": photo.pixels.shape[0],
            "spacing_mm": photo.spacing_mm,
        },
        "residual": {"um": found.left_um, "largest_um": found.largest_um, "of": residuals[found.by]},
        "pairs": _pair_rows(pairs, left_um) if pairs is not None and left_um is not None else [],
        "correlation": found.correlation,
        "matrix": np.array(found.transform.GetMatrix()).reshape(2, 2),
        "shift_mm": found.transform.TransformPoint((0.0, 0.0)),
        "scales": found.scales,
        "turn_deg": found.turn_deg,
        "covered_percent": covered,
        "check_result": _check(scan, found, covered),
        "warnings": progress.warnings,
        "seconds": {"total": seconds_since_process_start(), **progress.seconds},
        "peak_memory_gb": peak_memory_gb(),
    }
    return plain(report)


def _pair_rows(pairs: PointPairs, left_um: np.ndarray) -> list[dict]:
    return [
        {"b_scan": b, "a_scan": a, "column": column, "row": row, "left_um": um}
        for (b, a), (column, row), um in zip(pairs.scan, pairs.pixels, left_um, strict=True)
    ]


def _check(scan: OctScan, found: FundusRegistration, covered_percent: float) -> dict:
    """Why somebody has to look at the registration, in sentences."""
    reasons = []
    if not scan.metric:
        reasons.append("The scale is not confirmed: the scan has no voxel size. Every figure in um is wrong until you give it.")
    if found.similarity:
        reasons.append("An affine map goes through any three pairs; the residual is that of a similarity. A fourth tells more.")
    if found.by == "vessels" and found.left_um is None:
        reasons.append("No part of the image has vessels that are distinct enough to tell a residual: compare both by eye.")
    if covered_percent < 50:
        reasons.append(f"The image covers {covered_percent:.0f} % of the scan.")
    return {"needed": bool(reasons), "reasons": reasons}


def _write_transform(transform: sitk.Transform, path: Path) -> None:
    try:
        sitk.WriteTransform(transform, str(path))
    except RuntimeError as error:
        raise OutputError(f"Cannot write {path.name}. Free some space, or choose a folder that you may write to.") from error
