"""Phantom eyes on disk: scans that every command reads, and the truth about them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_json
from CorrespondCoreLib.progress import Progress

from .formats.writing import write_scan
from .phantom import PhantomEye, phantom_eye
from .results import write_map, write_segmentation

MANY_VISITS = 20


def write_phantom(
    output: str | Path,
    size: Sequence[int] | None,
    seed: int,
    style: str,
    lesion: str,
    visits: int,
    years: float,
    progress: Progress,
) -> dict:
    """Write visits of a random eye, all of them or none: visit_1/ ... each with

        scan/                   the scan as the commands take it: volume, SLO, FAF (no layers)
        true_mask.seg.nrrd      GA or RPD, empty in a healthy eye
        true_bruch.nrrd         Bruch's membrane, depth in voxels
        truth.json              area, growth, fovea, motion to the first visit, years since it

    Returns the areas and the paths of the files.
    """
    if not 1 <= visits <= MANY_VISITS:
        raise InputError(f"A phantom has 1 to {MANY_VISITS} visits, not {visits}.")
    output = check_output_folder(output)
    areas = []
    with whole_folder(output) as folder:
        for visit in range(visits):
            eye = phantom_eye(size, seed, style, lesion, visit, years, progress.part(until=(visit + 1) / visits))
            _write_visit(eye, folder / f"visit_{visit + 1}", lesion, visit * years)
            areas.append(eye.ga_area_mm2)
        names = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {"lesion": lesion, "true_ga_area_mm2": areas, "files": [str(output / name) for name in names]}


def _write_visit(eye: PhantomEye, folder: Path, lesion: str, years: float) -> None:
    folder.mkdir(parents=True)
    write_scan(eye.scan, folder / "scan")
    mask = eye.rpd if lesion == "rpd" else eye.ga
    write_segmentation(eye.scan, {"rpd" if lesion == "rpd" else "ga": mask}, folder / "true_mask.seg.nrrd")
    write_map(eye.scan, eye.layers["BM"].astype(np.float32), folder / "true_bruch.nrrd")
    truth = {
        "years": years,
        "ga_area_mm2": eye.ga_area_mm2,
        "growth_mm_per_year": eye.growth_mm_per_year,
        "fovea_mm": eye.fovea_mm,
        "to_first_visit": eye.to_first_visit,
    }
    write_json(folder / "truth.json", truth)
