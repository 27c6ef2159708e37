"""`correspond tavi segment`: the vessels in the frames of a run."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..run_options import (
    add_output_option,
    add_overlays_option,
    add_run_argument,
    add_segmentation_options,
    run_input_of,
    settings_of,
)


def add_segment_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "segment",
        help="find the vessels in fluoroscopy frames",
        description="Segment the vessels and write masks.nrrd and probability.nrrd (a slice for each frame), metrics.csv, "
        "overlays/frame_NNNN.png, settings.json, report.json and report.html.",
    )
    add_run_argument(parser)
    add_output_option(parser)
    parser.add_argument(
        "--frames",
        type=int,
        nargs=2,
        metavar=("FIRST", "LAST"),
        help="index of the first and the last frame, from 0 (default: all)",
    )
    parser.add_argument("--reference", type=Path, metavar="FILE", help="true masks, as masks.nrrd: DSC, precision and recall")
    parser.add_argument("--no-probability", action="store_true", help="leave probability.nrrd out")
    add_overlays_option(parser)
    add_segmentation_options(parser)
    parser.set_defaults(func=_segment)


def _segment(args: argparse.Namespace, progress: Progress) -> dict:
    from ..run import segment_file

    return segment_file(
        run_input_of(args),
        args.output,
        settings_of(args),
        args.device,
        args.threads,
        progress,
        frames=tuple(args.frames) if args.frames else None,
        reference=args.reference,
        with_probability=not args.no_probability,
        overlays=args.overlays,
    )
