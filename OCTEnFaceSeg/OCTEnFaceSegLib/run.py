"""From files to files: read, segment, measure, write everything or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.devices import check_torch
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.process_usage import seconds_since_process_start
from CorrespondCoreLib.progress import Progress

from .bruch_source import read_membrane
from .formats.dicom_seg import Maker, check_highdicom, seg_source, write_seg
from .formats.reading import read_scan
from .measures.agreement import against_graders
from .measures.fovea import Fovea, find_fovea, find_ilm
from .measures.table import UNCONFIRMED, measure, measure_rows
from .pipeline import Segmentation, segment
from .reports.page import report_page
from .reports.pictures import b_scan_pictures, enface_pictures
from .reports.report import build_report
from .results import read_mask, scale_is_confirmed, write_map, write_segmentation
from .scan import OctScan, check_raster
from .settings import SegmentationSettings

ROOM_BYTES = 50_000_000
"""More than the results of any scan take on disk."""


@dataclass
class Wishes:
    """What the user adds to a scan.

    Attributes:
        reading: options of `formats.reading.read_scan`, spacing_mm or eye for example.
        bruch_file: see `bruch_source.read_membrane`.
        fovea: (B-scan, A-scan) index; found if absent.
        references: name of a grader -> mask file of this scan.
        names: the scan's file name stands in the report.
        dicom_seg: the mask is also written as DICOM Segmentation, which names the patient as the scan's files do.
    """

    reading: dict[str, Any] = field(default_factory=dict)
    bruch_file: Path | None = None
    fovea: tuple[float, float] | None = None
    references: Mapping[str, Path] = field(default_factory=dict)
    names: bool = False
    dicom_seg: bool = False


def segment_file(
    source: str | Path,
    output: str | Path,
    settings: SegmentationSettings | None = None,
    wishes: Wishes | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
) -> dict:
    """Segment a lesion of a scan and write the results into a folder, all of them or none.

    Writes probability.nrrd, mask.seg.nrrd, uncertainty.nrrd, bruch.nrrd (depth in voxels), settings.json, measures.csv,
    report.json, report.html and, if wished, mask.dcm. Returns the main figures and the paths of the files.

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, wishes, progress = settings or SegmentationSettings(), wishes or Wishes(), progress or Progress()
    if settings.method == "network":
        check_torch()
    if wishes.dicom_seg:
        check_highdicom()
    with progress.stage("Reading", until=0.1):
        scan = read_scan(source, progress, **wishes.reading)
        check_raster(scan)
        tell_notes(scan, progress)
        seg = seg_source(source) if wishes.dicom_seg else None
        output = check_output_folder(output, ROOM_BYTES)
        depth, points = read_membrane(wishes.bruch_file) if wishes.bruch_file else (None, None)
        grid = scan.enface_image(np.zeros(scan.enface_shape, np.uint8))
        references = {name: read_mask(file, grid)[0] for name, file in wishes.references.items()}
    result = segment(scan, settings, device, threads, progress.part(until=0.85), points, depth)
    with progress.stage("Measures", until=0.9):
        fovea = fovea_of(result, wishes.fovea)
        measures = measure(scan, result.mask, result.uncertainty, fovea)
        agreement = against_graders(result.mask, references, scan.spacing_mm) if references else None
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0) as step:
        write_images(result, folder)
        if seg is not None and result.mask.any():
            maker = Maker(result.method, settings.method == "network", corrected=False)
            write_seg(result.mask, scan.volume, seg, folder / "mask.dcm", settings.lesion, maker)
        elif seg is not None:
            progress.warning("The mask is empty: no DICOM segmentation was written, it holds at least one pixel.")
        step(0.3)
        write_json(folder / "settings.json", settings.to_dict())
        write_csv(folder / "measures.csv", ("measure", "part", "value", "unit"), measure_rows(measures))
        pictures = enface_pictures(result, fovea, references), b_scan_pictures(result)
        step(0.8)
        report = build_report(result, measures, progress, agreement, Path(source).name if wishes.names else None)
        (folder / "report.html").write_text(report_page(report, *pictures), encoding="utf-8")
        report["seconds"]["total"] = seconds_since_process_start()
        write_json(folder / "report.json", report)
        names = sorted(path.name for path in folder.iterdir())
    return _figures(report, output, names)


def evaluate_files(mask_file: str | Path, references: Sequence[str | Path], output: str | Path | None = None) -> dict:
    """Compare a mask with graders' masks of the same scan; writes agreement.json and agreement.csv if an output is given.

    Returns:
        scale, foci_count, agreement: see `measures.agreement.against_graders`; graders have the names of their files.

    Raises:
        InputError, OutputError
    """
    files = grader_names(references)
    image = max((read_mask(file)[1] for file in (mask_file, *files.values())), key=lambda i: i.GetNumberOfPixels())
    mask, masks = read_mask(mask_file, image)[0], {name: read_mask(file, image)[0] for name, file in files.items()}
    x, y, z = image.GetSpacing()
    report: dict[str, Any] = {
        "scale": "mm" if scale_is_confirmed(image) else UNCONFIRMED,
        "pixels": {"a_scans": image.GetSize()[0], "b_scans": image.GetSize()[2], "spacing_mm": [x, z]},
        "agreement": against_graders(mask, masks, (x, y, z)),
    }
    if output is None:
        return report
    folder = check_output_folder(output, ROOM_BYTES)
    with whole_folder(folder) as stage:
        write_json(stage / "agreement.json", report)
        write_csv(stage / "agreement.csv", ("masks", "measure", "value", "unit"), _agreement_rows(report))
    return {**report, "files": [str(folder / name) for name in ("agreement.csv", "agreement.json")]}


def fovea_of(result: Segmentation, given: tuple[float, float] | None) -> Fovea | None:
    """The fovea that the user gives, or the pit in the thickness of the retina; None where there is none.

    Raises:
        InputError: the given one lies outside of the scan.
    """
    scan = result.scan
    if given is not None:
        if not all(0 <= value <= size - 1 for value, size in zip(given, scan.enface_shape, strict=True)):
            b, a = scan.enface_shape
            raise InputError(
                f"The fovea at B-scan {given[0]:g}, A-scan {given[1]:g} lies outside of the scan ({b} x {a}, from 0)."
            )
        return Fovea(float(given[0]), float(given[1]), "given")
    ilm = scan.layers.get("ILM")
    if ilm is None or not np.isfinite(ilm).any():
        ilm = find_ilm(sitk.GetArrayViewFromImage(scan.volume), result.bruch.depth, scan.spacing_mm)
    return find_fovea(ilm, result.bruch.depth, scan.spacing_mm)


def write_images(result: Segmentation, folder: Path) -> None:
    """probability.nrrd, uncertainty.nrrd, bruch.nrrd and mask.seg.nrrd."""
    write_map(result.scan, result.probability, folder / "probability.nrrd")
    write_map(result.scan, result.uncertainty, folder / "uncertainty.nrrd")
    write_map(result.scan, result.bruch.depth.astype(np.float32), folder / "bruch.nrrd")
    write_segmentation(result.scan, {result.settings.lesion: result.mask}, folder / "mask.seg.nrrd")


def tell_notes(scan: OctScan, progress: Progress) -> None:
    """What a reader has to say about a scan, and that its scale is not known, as warnings."""
    for note in scan.notes:
        progress.warning(note)
    if not scan.metric:
        progress.warning("The file has no voxel size: every figure in mm is marked until you give it (--spacing X Y Z, in mm).")


def grader_names(files: Sequence[str | Path]) -> dict[str, Path]:
    """Names of graders: their files' names without endings, numbered where they are the same."""
    named: dict[str, Path] = {}
    for file in map(Path, files):
        name = file.name.split(".")[0]
        count = sum(known == name or known.startswith(f"{name} (") for known in named)
        named[f"{name} ({count + 1})" if count else name] = file
    return named


def _agreement_rows(report: dict) -> list[tuple]:
    mark = "" if report["scale"] == "mm" else f" ({UNCONFIRMED})"
    agreement = report["agreement"]
    pairs = {f"mask and {name}": values for name, values in agreement["graders"].items()} | agreement["between_graders"]
    return [
        (
            pair,
            name,
            "" if value != value else value,
            f"mm2{mark}" if name.endswith("mm2") else "%" if name.endswith("percent") else "",
        )
        for pair, values in pairs.items()
        for name, value in values.items()
    ]


def _figures(report: dict, output: Path, names: Iterable[str]) -> dict:
    """What the command line prints: the main figures, and the files."""
    measures = report["measures"]
    keys = ("scale", "area_mm2", "foci_count", "largest_focus_mm2", "distance_to_fovea_mm")
    graders = (report.get("agreement") or {}).get("graders", {})
    return {
        "method": report["method"],
        "lesion": report["lesion"],
        **{key: measures[key] for key in keys},
        **({"dice": {name: values["dice"] for name, values in graders.items()}} if graders else {}),
        "check_result": report["check_result"],
        "warnings": report["warnings"],
        "seconds": report["seconds"],
        "peak_memory_gb": report["peak_memory_gb"],
        "device": report["device"],
        "files": [str(output / name) for name in names],
    }
