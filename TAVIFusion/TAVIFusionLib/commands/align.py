"""`correspond tavi align`: the model laid over one or two frames."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..run_options import (
    add_alignment_options,
    add_drawing_options,
    add_model_argument,
    add_output_option,
    add_segmentation_options,
    add_view_options,
    drawing_of,
    settings_of,
    views_of,
)


def add_align_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "align",
        help="lay the model of the aorta over one or two frames",
        description="Find the model's pose and write pose.json (4 x 4 matrix, LPS, with confidence and residuals), "
        "pose.tfm, landmarks.csv, metrics.csv, overlays/, settings.json, report.json and report.html.",
    )
    add_model_argument(parser)
    add_view_options(parser)
    add_output_option(parser)
    parser.add_argument("--start", type=Path, metavar="FILE", help="pose.json to start from")
    parser.add_argument(
        "--pairs",
        type=Path,
        metavar="CSV",
        help="points picked in model and frames: x,y,z (LPS mm),view,column,row; at most four",
    )
    add_drawing_options(parser, judged=True)
    add_segmentation_options(parser)
    add_alignment_options(parser)
    parser.set_defaults(func=_align)


def _align(args: argparse.Namespace, progress: Progress) -> dict:
    from ..run import align_files

    return align_files(
        args.mesh,
        views_of(args),
        args.output,
        settings_of(args),
        args.device,
        args.threads,
        progress,
        start=args.start,
        pairs=args.pairs,
        **drawing_of(args),
    )
