"""Views of a valve from a file of its nadirs."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json

from .angulation import cusp_overlap_view, s_curve, three_cusp_view, valve_normal
from .point_files import read_points

REACH_DEG = 90.0
_CUSPS = {"left": "l|left|lcc", "right": "r|right|rcc", "non-coronary": "n|non|noncoronary|ncc"}


def angles_of_file(nadirs: str | Path, output: str | Path, step_deg: float = 1.0) -> dict:
    """Write s_curve.csv (primary_deg, secondary_deg, from -90 to 90 primary) and angles.json, all or nothing.

    Args:
        nadirs: CSV with name,x,y,z (LPS, mm); see `read_nadirs`.
        step_deg: of the primary angle in the table.

    Returns what stands in angles.json: normal, cusp_overlap_view and three_cusp_view as (primary, secondary) in degrees.

    Raises:
        InputError: the nadirs are missing or on a line, or the step is not above 0. OutputError.
    """
    if not 0 < step_deg <= REACH_DEG:
        raise InputError(f"The step of the primary angle must be above 0 and at most {REACH_DEG:g} degrees, not {step_deg:g}.")
    points = read_nadirs(nadirs)
    normal = valve_normal(points)
    count = int(np.floor(REACH_DEG / step_deg + 1e-9))
    primaries = step_deg * np.arange(-count, count + 1)
    result = {
        "normal_lps": normal.tolist(),
        "cusp_overlap_view": dict(zip(("primary_deg", "secondary_deg"), cusp_overlap_view(points), strict=True)),
        "three_cusp_view": dict(zip(("primary_deg", "secondary_deg"), three_cusp_view(points), strict=True)),
    }
    output = check_output_folder(output)
    with whole_folder(output) as folder:
        rows = [(f"{a:g}", f"{b:.2f}") for a, b in zip(primaries, s_curve(normal, primaries), strict=True)]
        write_csv(folder / "s_curve.csv", ("primary_deg", "secondary_deg"), rows)
        write_json(folder / "angles.json", result)
    return {**result, "files": [str(output / name) for name in ("angles.json", "s_curve.csv")]}


def read_nadirs(path: str | Path) -> np.ndarray:
    """(3, 3) LPS mm: the left, right and non-coronary nadir of a file of points, which may hold others.

    They are known by their names: nadir L, nadir R, nadir N, or left, right, non-coronary, or LCC, RCC, NCC.

    Raises:
        InputError: one is missing or there twice.
    """
    points = read_points(path, views=1)
    named = [point for point in points if "nadir" in point.name.lower()] or points
    found = []
    for cusp, words in _CUSPS.items():
        fitting = [point for point in named if re.search(rf"\b({words})\b", point.name.lower().replace("_", " "))]
        if len(fitting) != 1:
            raise InputError(
                f"{Path(path).name} has {len(fitting)} points that are named as the {cusp} nadir; one each is needed, named "
                "nadir L, nadir R and nadir N."
            )
        found.append(fitting[0].point_mm)
    return np.array(found)
