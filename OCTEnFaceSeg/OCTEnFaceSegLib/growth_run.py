"""Growth over visits, from files to files: segment or read masks, register to the first visit, compare, write all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.devices import check_torch
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.image_files import write_image_file
from CorrespondCoreLib.progress import Progress

from .bruch_source import membrane_of
from .formats.reading import read_scan
from .hypertransmission import NAME as HYPERTRANSMISSION
from .measures.table import UNCONFIRMED
from .pipeline import segment
from .reports.growth_page import growth_page
from .reports.growth_report import build_growth_report, growth_rows
from .results import read_mask, write_segmentation
from .run import ROOM_BYTES, tell_notes
from .scan import OctScan, check_raster
from .settings import SegmentationSettings
from .visit_registration import FUNDUS, register_visits
from .visits import Visit, change_map, growth_of


def growth_of_files(
    sources: Sequence[str | Path],
    output: str | Path,
    settings: SegmentationSettings | None = None,
    years: Sequence[float] | None = None,
    masks: Sequence[str | Path] | None = None,
    reading: dict[str, Any] | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict:
    """Growth of a lesion over two or more visits of one eye.

    Writes growth.json, growth.csv, growth.html, for each later visit difference_N.nrrd (1 stable, 2 new, 3 lost, on square
    pixels over the first visit), and mask_N.seg.nrrd for masks that were segmented here.

    Args:
        years: of each visit, rising; from the files' dates if absent.
        masks: of each visit; segmented with the settings if absent.

    Raises:
        InputError: fewer than two visits, unknown times, different eyes. OutputError, OutOfMemory, MissingPackage, Cancelled.
    """
    settings, progress = settings or SegmentationSettings(), progress or Progress()
    _check_counts(sources, years, masks)
    if masks is None and settings.method == "network":
        check_torch()
    output = check_output_folder(output, ROOM_BYTES)
    with progress.stage("Reading", until=0.1) as step:
        scans = []
        for n, source in enumerate(sources, 1):
            scans.append(read_scan(source, **(reading or {})))
            check_raster(scans[-1])
            tell_notes(scans[-1], progress)
            step(n / len(sources))
    _check_eyes(scans)
    times = list(years) if years is not None else years_of_dates([scan.visit_date for scan in scans])
    order = list(np.argsort(times, kind="stable"))
    visits = []
    for n, index in enumerate(order, 1):
        part = progress.part(until=0.1 + 0.6 * n / len(order))
        mask_file = masks[index] if masks else None
        visits.append(_visit(scans[index], float(times[index]), mask_file, settings, device, threads, part))
    with progress.stage("Registration", until=0.9) as step:
        for n, visit in enumerate(visits[1:], 1):
            visit.registration = register_visits(visits[0].scan, visit.scan, visits[0].bruch_depth, visit.bruch_depth)
            if not visit.registration.trusted:
                progress.warning(
                    f"Visit {n + 1} could not be registered to the first (correlation {visit.registration.correlation:.2f}): is "
                    "it the same eye and place? Its area is told, no map of the change is made."
                )
            step(n / (len(visits) - 1))
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0):
        maps = {n: change_map(visits[0], visit) for n, visit in enumerate(visits) if visit.placed}
        for n, image in maps.items():
            write_image_file(image, folder / f"difference_{n + 1}.nrrd")
        if masks is None:
            _write_masks(visits, settings.lesion, folder)
        method = HYPERTRANSMISSION if settings.method == "hypertransmission" else settings.method
        report = build_growth_report(visits, growth_of(visits), maps, settings, "external" if masks else method, progress)
        write_json(folder / "growth.json", report)
        write_csv(folder / "growth.csv", *growth_rows(report))
        (folder / "growth.html").write_text(growth_page(report, visits, maps), encoding="utf-8")
        names = sorted(path.name for path in folder.iterdir())
    return {**{key: report[key] for key in ("scale", "growth", "check_result")}, "files": [str(output / name) for name in names]}


def years_of_dates(dates: Sequence[str]) -> list[float]:
    """Years since the earliest of ISO dates.

    Raises:
        InputError: a date is missing or none.
    """
    try:
        days = [date.fromisoformat(text).toordinal() for text in dates]
    except ValueError as error:
        raise InputError("Not every scan has a visit date. Say when each visit was: --years 0 1 2.") from error
    return [(day - min(days)) / 365.25 for day in days]


def _visit(
    scan: OctScan,
    years: float,
    mask_file: str | Path | None,
    settings: SegmentationSettings,
    device: str,
    threads: int | None,
    progress: Progress,
) -> Visit:
    if mask_file is None:
        result = segment(scan, settings, device, threads, progress)
        return Visit(scan, result.mask, result.bruch.depth, years, models=result.models, device=result.device)
    mask, _ = read_mask(mask_file, scan.enface_image(np.zeros(scan.enface_shape, np.uint8)))
    if any(kind in scan.fundus for kind in FUNDUS):
        return Visit(scan, mask, np.full(scan.enface_shape, np.nan, np.float32), years)
    volume = sitk.GetArrayFromImage(scan.volume).astype(np.float32)
    return Visit(scan, mask, membrane_of(scan, volume, settings.bruch, progress=progress).bruch.depth, years)


def _check_counts(sources: Sequence, years: Sequence | None, masks: Sequence | None) -> None:
    if len(sources) < 2:
        raise InputError("Growth needs two visits or more: give their scans in the order of the visits.")
    for name, values in (("years", years), ("masks", masks)):
        if values is not None and len(values) != len(sources):
            raise InputError(f"There are {len(sources)} scans and {len(values)} {name}: give one for each scan.")


def _check_eyes(scans: Sequence[OctScan]) -> None:
    eyes = {scan.eye for scan in scans if scan.eye}
    if len(eyes) > 1:
        raise InputError("The scans are of both eyes, right and left. Choose visits of one eye.")
    if len({scan.metric for scan in scans}) > 1:
        raise InputError(f"Some scans have a voxel size and others have none ({UNCONFIRMED}): give it by --spacing X Y Z.")


def _write_masks(visits: Sequence[Visit], lesion: str, folder: Path) -> None:
    for n, visit in enumerate(visits, 1):
        write_segmentation(visit.scan, {lesion: visit.mask}, folder / f"mask_{n}.seg.nrrd")
