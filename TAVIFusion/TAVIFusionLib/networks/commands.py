"""The commands `correspond tavi attention | import-model`. Nothing here imports torch before a command runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..run_options import add_output_option, add_run_argument, add_segmentation_options, run_input_of, settings_of


def add_network_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the commands to the dispatcher."""
    _add_attention(subparsers)
    _add_import(subparsers)


def _add_attention(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "attention",
        help="show what a network looked at in a frame",
        description="Grad-CAM attention map of the segmentation network on one frame: attention.nrrd (0 to 1) and attention.png.",
    )
    add_run_argument(parser)
    parser.add_argument("--frame", type=int, default=0, metavar="N", help="index of the frame, from 0 (default: 0)")
    add_output_option(parser)
    parser.add_argument(
        "--layer", default="bridge", metavar="NAME", help="of the network: bridge (default), encoder.3, decoder.0, ..."
    )
    add_segmentation_options(parser)
    parser.set_defaults(func=_attention)


def _add_import(subparsers: argparse._SubParsersAction) -> None:
    parser = subparsers.add_parser(
        "import-model",
        help="keep a trained network as a model of yours",
        description="Check a model for frames, or the weights of a deep residual U-net alone, and copy it into the user's model "
        "folder; one of the same id there is replaced. Nothing in the file is executed.",
    )
    parser.add_argument(
        "source",
        type=Path,
        metavar="MODEL",
        help="folder with card.json and its weights, a zip of it, or weights: safetensors, or a torch file of weights only",
    )
    parser.add_argument("--field-of-view", choices=("upper", "lower"), help="that weights alone are for (default: not known)")
    parser.add_argument(
        "--size", type=int, metavar="N", help="rows and columns of the frames that weights alone were trained on (default: 256)"
    )
    parser.add_argument("--title", metavar="TEXT", help="title of weights alone (default: after the file)")
    parser.add_argument("--license", metavar="TEXT", help="licence of weights alone (default: unknown)")
    parser.set_defaults(func=_import_model)


def _attention(args: argparse.Namespace, progress: Progress) -> dict:
    from ..attention_run import attention_of_file

    settings = settings_of(args)
    return attention_of_file(
        run_input_of(args), args.frame, args.output, settings, args.layer, args.device, args.threads, progress
    )


def _import_model(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.models import CARD, WEIGHTS

    from .model_import import import_model

    model = import_model(args.source, args.field_of_view, args.size, args.title, args.license)
    return {"model": model.card, "files": [str(model.folder / name) for name in (CARD, WEIGHTS)]}
