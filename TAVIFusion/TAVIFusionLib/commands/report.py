"""`correspond tavi report`: the page of a result made anew, or one page over the results of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress


def add_report_command(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser(
        "report",
        help="make the page of a result, or one over several results",
        description="With a folder: make its report.html anew from what lies in it. With --split: box plots of DSC, precision "
        "and recall over the frames of all runs of each split (of results that had a reference) as scores.html, .csv and .json.",
    )
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="folder that segment, align or track has written")
    parser.add_argument(
        "--split", nargs="+", action="append", metavar="NAME DIR", help="name of a split and the folders of its results; again"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="folder for scores.html and scores.csv")
    parser.set_defaults(func=_report)


def _report(args: argparse.Namespace, progress: Progress) -> dict:
    from ..reports.rebuild import rebuild_page, scores_page

    if (args.folder is None) == (args.split is None):
        raise InputError("Give either the folder of one result, or splits: --split NAME DIR [DIR ...].")
    if args.folder is not None:
        return rebuild_page(args.folder)
    if args.output is None or any(len(entry) < 2 for entry in args.split):
        raise InputError("A page over splits needs --output DIR, and each --split a name and at least one folder.")
    return scores_page({name: [Path(folder) for folder in folders] for name, *folders in args.split}, args.output)
