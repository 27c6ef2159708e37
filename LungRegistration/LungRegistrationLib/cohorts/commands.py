"""The command `correspond lung batch`. Nothing here imports torch or distributed before it runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from CorrespondCoreLib.progress import Progress

from ..method_options import add_method_options, settings_of
from .table import PHASES

BATCH = """\
Register all pairs of a table. Writes DIR/<id>/ with what `correspond lung register` writes, DIR/summary.csv and DIR/index.html,
both renewed after each pair. Pairs that are finished - same files, settings, weights and version, all results whole - are kept
as they are; a pair that fails stops no other, and its reason stands in the summary and in DIR/<id>/failure.txt. After a cancel
(Ctrl+C) or a power cut the same command goes on.

PAIRS.csv has the columns id, fixed, moving, and where wanted fixed_mask, moving_mask, fixed_lobes, moving_lobes, landmarks,
initial_transform (paths, relative to the table) and fixed_is (inspiration or expiration).

On a Dask cluster the workers need Correspond, and all files at the same paths: `dask worker ADDRESS --nthreads 1` for each
pair that shall run at a time. Ids stand in the summary: they should not be names of patients.

Exit code 7: some pairs failed, the others are done.
"""


def add_cohort_commands(subparsers: argparse._SubParsersAction) -> None:
    """Add the command to the dispatcher."""
    parser = subparsers.add_parser("batch", help="register all pairs of a table", description=BATCH)
    parser.add_argument("table", type=Path, metavar="PAIRS.csv", help="one row per pair")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the cohort")
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--workers", type=int, default=1, metavar="N", help="pairs at a time on this computer (default: 1)")
    place.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, for example tcp://host:8786")
    add_method_options(parser)
    parser.add_argument(
        "--fixed-is", choices=PHASES, default="inspiration", help="of rows that do not say it (default: inspiration)"
    )
    parser.add_argument("--use-landmarks", action="store_true", help="let the landmarks guide the registrations")
    parser.add_argument("--native-grid", action="store_true", help="write fields on the fixed images' own grids (large)")
    parser.add_argument("--maps", action="store_true", help="also write stretches, ventilation, ... as images")
    parser.add_argument("--names-in-report", action="store_true", help="file names of the inputs stand in reports and summary")
    parser.set_defaults(func=_batch)


def _batch(args: argparse.Namespace, progress: Progress) -> dict:
    from CorrespondCoreLib.errors import InputError
    from CorrespondCoreLib.files import check_output_folder

    from .batch import run_cohort
    from .cluster import DaskCluster
    from .places import Place, ThisComputer
    from .table import read_pairs

    if args.workers < 1:
        raise InputError("--workers must be 1 or more.")
    settings = settings_of(args)
    pairs = read_pairs(args.table, args.fixed_is, progress)
    output = check_output_folder(args.output)

    def open_place() -> Place:
        if args.scheduler:
            return DaskCluster(args.scheduler, output, args.threads)
        return ThisComputer(args.workers, args.threads)

    options = tuple(f"--{name.replace('_', '-')}" for name in ("use_landmarks", "native_grid", "maps") if getattr(args, name))
    return run_cohort(pairs, output, open_place, settings, options, args.device, args.names_in_report, progress)
