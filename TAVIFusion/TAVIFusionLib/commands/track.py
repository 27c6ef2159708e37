"""`correspond tavi track`: the model's pose in every frame of a cine."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..run_options import (
    add_drawing_options,
    add_model_argument,
    add_output_option,
    add_overlays_option,
    add_run_argument,
    add_segmentation_options,
    add_tracking_options,
    drawing_of,
    run_input_of,
    settings_of,
)


def add_track_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "track",
        help="let the model follow the frames of a cine",
        description="Follow the motion and write poses.csv and poses.json (a pose for each frame with its quality), motion.csv, "
        "overlays/frame_NNNN.png, settings.json, report.json and report.html.",
    )
    add_model_argument(parser)
    add_run_argument(parser)
    add_output_option(parser)
    parser.add_argument("--pose", type=Path, required=True, metavar="FILE", help="pose.json of an alignment")
    parser.add_argument("--mask", type=Path, metavar="FILE", help="masks.nrrd of the whole run; segmented if absent")
    add_drawing_options(parser)
    add_overlays_option(parser)
    add_segmentation_options(parser)
    add_tracking_options(parser)
    parser.set_defaults(func=_track)


def _track(args: argparse.Namespace, progress: Progress) -> dict:
    from ..run import track_file

    return track_file(
        args.mesh,
        run_input_of(args),
        args.output,
        settings_of(args),
        args.device,
        args.threads,
        progress,
        pose=args.pose,
        mask=args.mask,
        overlays=args.overlays,
        **drawing_of(args),
    )
