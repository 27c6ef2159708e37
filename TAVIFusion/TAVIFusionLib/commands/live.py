"""`correspond tavi live-worker`: the child of `live.client.LiveClient`, which segments and overlays arriving frames."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..run_options import add_segmentation_options, settings_of


def add_live_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "live-worker",
        help="work on frames as they arrive (started by 3D Slicer)",
        description="Connect to the program that started this one, hold the network, and answer each frame with its mask and the "
        "model's pose, the latest frame first. Ends with its parent.",
    )
    parser.add_argument("--port", type=int, required=True, help="of the parent, on this computer")
    parser.add_argument("--token", type=Path, required=True, metavar="FILE", help="file with the word that the parent expects")
    parser.add_argument("--mesh", type=Path, metavar="MODEL", help="surface model of the aorta; masks alone if absent")
    parser.add_argument("--mesh-frame", choices=("LPS", "RAS"), default="LPS", help="patient axes of the model's file")
    parser.add_argument("--pose", type=Path, metavar="FILE", help="pose.json of an alignment, to start from")
    add_segmentation_options(parser)
    parser.set_defaults(func=_work)


def _work(args: argparse.Namespace, progress: Progress) -> dict:
    from ..live.worker import work

    return work(
        args.port,
        args.token,
        settings_of(args),
        mesh=args.mesh,
        mesh_frame=args.mesh_frame,
        pose=args.pose,
        device=args.device,
        threads=args.threads,
        progress=progress,
    )
