"""What the `batch` commands of all libraries share on the command line. Nothing here imports torch or distributed."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder

from .kind import CohortKind

if TYPE_CHECKING:
    from .places import Place

HOW_IT_WORKS = """
Writes DIR/<id>/ with what the command for one {item} writes, DIR/summary.csv and DIR/index.html, both renewed after each
{item}. {items} that are finished - same files, settings, weights and version, all results whole - are kept as they are; a {item}
that fails stops no other, and its reason stands in the summary and in DIR/<id>/failure.txt. After a cancel (Ctrl+C) or a power
cut the same command goes on.

The table has the columns {needed}, and where wanted {others}; paths are relative to the table.

On a Dask cluster the workers need Correspond, and all files at the same paths: `dask worker ADDRESS --nthreads 1` for each
{item} that shall run at a time. Ids stand in the summary: they should not be names of patients.

Exit code 7: some {item}s failed, the others are done.
"""


def describe(kind: CohortKind, first: str) -> str:
    """The help text of a batch command; `first` says what is done with each row."""
    others = [*kind.optional, *(f"{name} ({' or '.join(words)})" for name, words in kind.words.items())]
    text = HOW_IT_WORKS.format(
        item=kind.item, items=f"{kind.item}s".capitalize(), needed=", ".join(("id", *kind.needed)), others=", ".join(others)
    )
    return f"{first}\n{text}"


def add_cohort_options(parser: argparse.ArgumentParser, kind: CohortKind) -> None:
    """Add the table, --output, --workers, --scheduler and --names-in-report."""
    parser.add_argument("table", type=Path, metavar=f"{kind.item.upper()}S.csv", help=f"one row per {kind.item}")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="folder of the cohort")
    place = parser.add_mutually_exclusive_group()
    at_a_time = f"{kind.item}s at a time on this computer (default: 1)"
    place.add_argument("--workers", type=int, default=1, metavar="N", help=at_a_time)
    place.add_argument("--scheduler", metavar="ADDRESS", help="of a Dask cluster, for example tcp://host:8786")
    parser.add_argument("--names-in-report", action="store_true", help="file names of the inputs stand in reports and summary")


def place_of(args: argparse.Namespace, check: Callable[[], None]) -> Callable[[], Place]:
    """What opens the place that a command line asks for, when there is something to do.

    Args:
        check: raises where this computer lacks what the work needs; not asked for a cluster.

    Raises:
        InputError: no worker. OutputError: the output folder cannot be used.
    """
    if args.workers < 1:
        raise InputError("--workers must be 1 or more.")
    output = check_output_folder(args.output)

    def open_place() -> Place:
        from .cluster import DaskCluster
        from .places import ThisComputer

        if args.scheduler:
            return DaskCluster(args.scheduler, output, args.threads)
        check()
        return ThisComputer(args.workers, args.threads)

    return open_place
