"""The command `correspond lung batch`. Nothing here imports torch or distributed before it runs."""

from __future__ import annotations

import argparse

from CorrespondCoreLib.cohorts.options import add_cohort_options, describe, place_of
from CorrespondCoreLib.progress import Progress

from ..method_options import add_method_options, settings_of
from .kind import PAIRS, PHASES, weights_of

OPTIONS = ("use_landmarks", "native_grid", "maps")


def add_cohort_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    description = describe(PAIRS, "Register all pairs of a table, as `correspond lung register` does one.")
    parser = subparsers.add_parser("batch", help="register all pairs of a table", description=description)
    add_cohort_options(parser, PAIRS)
    add_method_options(parser)
    parser.add_argument(
        "--fixed-is", choices=PHASES, default="inspiration", help="of rows that do not say it (default: inspiration)"
    )
    parser.add_argument("--use-landmarks", action="store_true", help="let the landmarks guide the registrations")
    parser.add_argument("--native-grid", action="store_true", help="write fields on the fixed images' own grids (large)")
    parser.add_argument("--maps", action="store_true", help="also write stretches, ventilation, ... as images")
    parser.set_defaults(func=_batch)


def _batch(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.cohorts.batch import Orders, run_cohort
    from CorrespondCoreLib.cohorts.table import read_rows
    from CorrespondCoreLib.devices import check_torch

    open_place = place_of(args, check_torch)
    settings = settings_of(args)
    rows = read_rows(PAIRS, args.table, {"fixed_is": args.fixed_is}, progress)
    options = tuple(f"--{name.replace('_', '-')}" for name in OPTIONS if getattr(args, name))
    orders = Orders(settings.to_dict(), weights_of(settings), options, args.device, args.names_in_report)
    return run_cohort(PAIRS, rows, args.output, open_place, orders, progress)
