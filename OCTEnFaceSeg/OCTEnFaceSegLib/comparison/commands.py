"""The command `correspond oct compare`. Nothing here imports torch before it runs."""

from __future__ import annotations

import argparse

from CorrespondCoreLib.progress import Progress

COMPARE = """\
The paper's figure 4: networks with and without pretraining on fundus images, trained with shares of the labels, judged on the
same eyes. Writes comparison.csv and comparison.html (curves, table, Wilcoxon tests). Protocols that come along: small (phantom
eyes, two hours of one CPU core), reduced and reduced_rpd (phantom eyes, a night), paper and paper_rpd (folders of your scans,
named by --data). Each training is made once; after a stop, or with --minutes, the same command goes on.
"""


def add_comparison_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser("compare", help="the paper's comparison of networks and pretraining", description=COMPARE)
    parser.add_argument("--protocol", default="reduced", metavar="FILE", help="JSON file, or a name (default: reduced)")
    parser.add_argument("--output", required=True, metavar="DIR", help="folder of all trainings and of the table")
    parser.add_argument("--data", metavar="DIR", help="folder of scans, in place of the protocol's")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="some of the protocol's, such as fpn fpn-slo lachinov")
    parser.add_argument("--seeds", type=int, nargs="+", metavar="N", help="in place of the protocol's")
    parser.add_argument("--minutes", type=float, metavar="M", help="begin no further training after these")
    parser.set_defaults(func=_compare)


def _compare(args: argparse.Namespace, progress: Progress) -> dict:
    from dataclasses import replace

    from .protocol import ComparisonProtocol
    from .run import compare

    protocol = ComparisonProtocol.from_json(args.protocol)
    if args.data is not None:
        protocol = protocol.with_folder(args.data)
    if args.methods:
        protocol = replace(protocol, methods=tuple(args.methods))
    if args.seeds:
        protocol = replace(protocol, seeds=tuple(args.seeds))
    return compare(protocol, args.output, args.minutes, args.device, args.threads, progress)
