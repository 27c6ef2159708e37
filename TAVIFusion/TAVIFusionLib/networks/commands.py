"""The command `correspond tavi attention`. Nothing here imports torch before the command runs."""

from __future__ import annotations

import argparse

from CorrespondCoreLib.progress import Progress

from ..run_options import add_output_option, add_run_argument, add_segmentation_options, run_input_of, settings_of


def add_network_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
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


def _attention(args: argparse.Namespace, progress: Progress) -> dict:
    from ..attention_run import attention_of_file

    settings = settings_of(args)
    return attention_of_file(
        run_input_of(args), args.frame, args.output, settings, args.layer, args.device, args.threads, progress
    )
