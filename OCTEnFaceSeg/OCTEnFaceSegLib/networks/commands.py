"""The command `correspond oct import-checkpoint`. Nothing here imports torch before the command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from .original_names import TITLES


def add_network_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "import-checkpoint",
        help="keep weights of a network's original code as a model",
        description="Read a checkpoint of a network's original code, check it, and keep it in the user's model folder.",
    )
    parser.add_argument("checkpoint", type=Path, metavar="FILE", help="safetensors, or a torch file that holds weights only")
    parser.add_argument("--network", choices=tuple(TITLES), required=True, help="whose weights")
    parser.add_argument("--lesion", metavar="NAME", required=True, help="what it segments: ga, rpd, or another name")
    parser.add_argument("--id", metavar="NAME", help="name of the model; the network's, the lesion's and the file's by default")
    parser.add_argument("--title", metavar="TEXT", help="title of the model")
    parser.add_argument("--license", metavar="TEXT", help="licence of the weights (default: unknown)")
    parser.set_defaults(func=_import_checkpoint)


def _import_checkpoint(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.models import CARD, WEIGHTS

    from .checkpoints import import_checkpoint

    model = import_checkpoint(args.checkpoint, args.network, args.lesion, args.id, args.title, args.license)
    return {"model": model.card, "files": [str(model.folder / name) for name in (CARD, WEIGHTS)]}
