"""Cohorts of scans: the columns of SCANS.csv, the command for a scan, and what the summary shows. `correspond oct batch`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from CorrespondCoreLib.cohorts.kind import CohortKind, Tile
from CorrespondCoreLib.cohorts.options import add_cohort_options, describe, place_of
from CorrespondCoreLib.progress import Progress

from .scan_options import add_reading_options, add_segmentation_options, reading_flags, settings_of

MEASURES = (
    "area_mm2",
    "square_root_area_mm",
    "foci_count",
    "largest_focus_mm2",
    "distance_to_fovea_mm",
    "fovea_involved",
    "scale",
)
COLUMNS = {
    "area_mm2": ("area, mm²", ".2f"),
    "square_root_area_mm": ("square root of it, mm", ".2f"),
    "foci_count": ("foci", ".3g"),
    "largest_focus_mm2": ("largest, mm²", ".2f"),
    "distance_to_fovea_mm": ("to the fovea, mm", ".2f"),
    "dice": ("Dice to the grader", ".3f"),
    "difference_mm2": ("area difference, mm²", ".2f"),
    "seconds": ("time, s", ".0f"),
    "memory_gb": ("memory, GB", ".1f"),
}
NOTE = (
    "Areas in mm² mean nothing for scans whose scale is not confirmed: the column scale of summary.csv names them. Look at the "
    "masks of the reports, of the scans without a sign of failure too."
)


def figures_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a report; None where it has none. Dice and area difference are those to the one grader of the table."""
    measures, graders = report["measures"], (report.get("agreement") or {}).get("graders") or {}
    agreement: Mapping[str, Any] = next(iter(graders.values()), {})
    return {
        **{name: measures[name] for name in MEASURES},
        "mean_uncertainty": (measures["mean_uncertainty"] or {}).get("lesion"),
        **{name: agreement.get(name) for name in ("dice", "difference_mm2")},
        "eye": report["input"]["eye"],
        "visit_date": report["input"]["visit_date"],
        "seconds": report["seconds"]["total"],
        "memory_gb": report["peak_memory_gb"],
        "device": report["device"],
        "check": report["check_result"]["needed"],
        "check_reasons": list(report["check_result"]["reasons"]),
    }


SCANS = CohortKind(
    library="OCTEnFaceSegLib",
    item="scan",
    title="OCT cohort",
    needed=("volume",),
    optional=("bruch", "reference"),
    words={"eye": ("R", "L")},
    command=("oct", "segment"),
    figures=figures_of,
    numbers=(
        *MEASURES,
        "mean_uncertainty",
        "dice",
        "difference_mm2",
        "eye",
        "visit_date",
        "seconds",
        "memory_gb",
        "device",
    ),
    columns=COLUMNS,
    tiles=(Tile("area_mm2", "area, mean", ".2f", " mm²"), Tile("dice", "Dice to the grader, mean", ".3f")),
    note=NOTE,
)


def add_cohort_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    description = describe(SCANS, "Segment a lesion in all scans of a table, as `correspond oct segment` does in one.")
    parser = subparsers.add_parser("batch", help="segment all scans of a table", description=description)
    add_cohort_options(parser, SCANS)
    add_segmentation_options(parser, lesion_required=True)
    add_reading_options(parser)
    parser.set_defaults(func=_batch)


def _batch(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.cohorts.batch import Orders, run_cohort
    from CorrespondCoreLib.cohorts.table import read_rows
    from CorrespondCoreLib.devices import check_torch

    from .lesion_models import chosen_models

    settings = settings_of(args)
    network = settings.method == "network"
    open_place = place_of(args, check_torch if network else lambda: None)
    weights = [model.card["sha256"] for model in chosen_models(settings)] if network else None
    rows = read_rows(SCANS, args.table, progress=progress)
    options = ("--lesion", settings.lesion, *reading_flags(args))
    orders = Orders(settings.to_dict(), weights, options, args.device, args.names_in_report)
    return run_cohort(SCANS, rows, args.output, open_place, orders, progress)
