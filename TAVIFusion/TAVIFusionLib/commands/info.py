"""`correspond tavi info`: what a file says of its run, and what it lacks."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from CorrespondCoreLib.progress import Progress

from ..carm import CArm, spoken_angles
from ..fluoroscopy import FluoroscopyRun
from ..run_options import add_run_argument, run_input_of


def add_info_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "info",
        help="print the geometry and the times of a run, and what is missing",
        description="Print as JSON what the file of a run says of angles, distances, pixel size (at the detector and at the "
        "isocenter), table and times, what is missing with suggestions, and the notes on what was read with care. Values that "
        "change during the run are printed as their first and last.",
    )
    add_run_argument(parser)
    parser.set_defaults(func=_info)


def _info(args: argparse.Namespace, progress: Progress) -> dict:
    from ..formats.reading import planes_of

    run = run_input_of(args).read()
    return {**described(run), "planes": planes_of(args.run)}


def described(run: FluoroscopyRun) -> dict[str, Any]:
    """What is known of a run besides its pixels, as JSON can hold it."""
    count, rows, columns = run.frames.shape
    carm = run.geometry[0]
    known = carm.pixel_spacing_mm and carm.source_to_detector_mm and carm.source_to_isocenter_mm
    steps = np.diff(run.times_s)
    return {
        "source": run.source,
        "device": run.device,
        "plane": run.plane,
        "frames": count,
        "columns": columns,
        "rows": rows,
        "pixel_type": str(run.frames.dtype),
        "frames_per_second": round(float(1 / steps.mean()), 3) if run.timed and count > 1 else None,
        "seconds": round(float(run.times_s[-1]), 4) if run.timed else None,
        "geometry": {
            "primary_deg": _first_and_last(run, "primary_deg"),
            "secondary_deg": _first_and_last(run, "secondary_deg"),
            "view": view_name(carm),
            "source_to_detector_mm": _first_and_last(run, "source_to_detector_mm"),
            "source_to_isocenter_mm": _first_and_last(run, "source_to_isocenter_mm"),
            "pixel_spacing_at_detector_mm": _first_and_last(run, "pixel_spacing_mm"),
            "pixel_size_at_isocenter_mm": [round(value, 5) for value in carm.isocenter_pixel_mm] if known else None,
            "table_mm": _first_and_last(run, "table_mm"),
        },
        "missing": carm.missing,
        "suggestions": {name: {"value": value, "why": why} for name, (value, why) in run.suggestions.items()},
        "notes": run.notes,
    }


def view_name(carm: CArm) -> str:
    """The angles as cardiologists say them: "LAO 31 CRA 0"; "" if they are unknown."""
    if carm.primary_deg is None or carm.secondary_deg is None:
        return ""
    return spoken_angles(carm.primary_deg, carm.secondary_deg)


def _first_and_last(run: FluoroscopyRun, name: str) -> Any:
    """The value of all frames, or {"first", "last"} where it changes."""
    values = [getattr(carm, name) for carm in run.geometry]
    return values[0] if all(value == values[0] for value in values) else {"first": values[0], "last": values[-1]}
