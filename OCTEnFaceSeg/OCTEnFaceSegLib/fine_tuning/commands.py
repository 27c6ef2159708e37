"""The command `correspond oct fine-tune`. Nothing here imports torch before the command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

TEXT = """\
Fit a trained model to your own scans with masks: folders <patient>/<any name> with scan (a folder or a file, such as scan.vol)
and mask.seg.nrrd, as the panel's "Add this scan and mask" writes them. The new model lies in your model folder; its card says
what it began with, how many scans it learned, and its Dice before and after on patients that were kept aside.
"""


def add_fine_tuning_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser("fine-tune", help="fit a trained model to your own scans with masks", description=TEXT)
    parser.add_argument("model", metavar="MODEL", help="model to begin with (id or folder)")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder of scans with masks")
    parser.add_argument("--title", metavar="TEXT", help="of the new model")
    parser.add_argument("--steps", type=int, metavar="N", help="of two crops each (default: 200)")
    parser.add_argument("--learning-rate", type=float, metavar="X", help="default: 0.01")
    parser.add_argument("--seed", type=int, default=0, help="of order, augmentation, and who is kept aside (default: 0)")
    parser.set_defaults(func=_fine_tune)


def _fine_tune(args: argparse.Namespace, progress: Progress) -> dict:
    from .run import fine_tune

    given = {name: value for name in ("steps", "learning_rate") if (value := getattr(args, name)) is not None}
    return fine_tune(
        args.model, args.data, args.title, seed=args.seed, device=args.device, threads=args.threads, progress=progress, **given
    )
