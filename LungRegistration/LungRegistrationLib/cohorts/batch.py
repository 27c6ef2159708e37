"""A cohort from its table to its summary: what is finished is kept, the rest is done, a failure stops nothing else."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import Cancelled, PartlyFailed
from CorrespondCoreLib.files import PARTIAL_PREFIX, check_output_folder
from CorrespondCoreLib.progress import Progress

from ..settings import RegistrationSettings
from .index_page import INDEX
from .places import Place
from .record import cohort_identity, finished_figures, pair_identity
from .summary import SUMMARY, Row, write_summary
from .table import CohortPair
from .work import Outcome, PairTask

_SHOWN_FAILURES = 10


def run_cohort(
    pairs: list[CohortPair],
    output: Path,
    open_place: Callable[[], Place],
    settings: RegistrationSettings,
    options: tuple[str, ...] = (),
    device: str = "auto",
    names: bool = False,
    progress: Progress | None = None,
) -> dict:
    """Register all pairs that are not finished; writes DIR/<id>/ for each, DIR/summary.csv and DIR/index.html.

    Args:
        pairs: see read_pairs.
        output: folder of the cohort.
        open_place: gives the place to compute; called if there is something to do.
        options: further options of `correspond lung register`, that change its results.
        device: see there.
        names: file names of the inputs stand in reports and summary.

    Returns the number of pairs by state, and the files of the summary.

    Raises:
        PartlyFailed: some pairs failed; everything else is done, and the summary says why.
        Cancelled: what is finished stays. InputError, OutputError
    """
    progress = progress or Progress()
    output = check_output_folder(output)
    options = (*options, "--names-in-report") if names else options
    common = cohort_identity(settings, {"options": sorted(options)})
    rows: dict[str, Row] = {}
    tasks = []
    cancel_file = output / f"{PARTIAL_PREFIX}cancel-{uuid.uuid4().hex[:8]}"
    with progress.stage("Looking for finished pairs", until=0.0) as step:
        for n, pair in enumerate(pairs):
            step(n / len(pairs))
            folder = output / pair.id
            figures = finished_figures(folder, pair_identity(common, pair.files, pair.fixed_is))
            rows[pair.id] = Row(pair, "waiting" if figures is None else "done", figures=figures or {}, kept=figures is not None)
            if figures is None:
                task_options = ("--device", device, *options)
                task = PairTask(
                    pair.id, pair.files, pair.fixed_is, folder, settings.to_dict(), task_options, common, cancel_file, names
                )
                tasks.append(task)
    place = open_place() if tasks else None
    try:
        if place is not None:
            _run(tasks, place, rows, output, names, cancel_file, progress)
    finally:
        write_summary(list(rows.values()), output, names)
    failed = [row for row in rows.values() if row.state != "done"]
    if failed:
        raise PartlyFailed(_failures(failed, len(rows), output))
    states = Counter(row.state for row in rows.values())
    kept = sum(row.kept for row in rows.values())
    return {"pairs": len(rows), **states, "done_before": kept, "files": [str(output / name) for name in (SUMMARY, INDEX)]}


def _run(
    tasks: list[PairTask],
    place: Place,
    rows: dict[str, Row],
    output: Path,
    names: bool,
    cancel_file: Path,
    progress: Progress,
) -> None:
    """Do the tasks and note how each went; a cancel stops those at work."""
    before = len(rows) - len(tasks)
    write_summary(list(rows.values()), output, names)
    place.start(tasks)
    try:
        with progress.stage("Cohort", until=1.0) as step:
            ended = 0
            while place.busy():
                outcomes = place.poll()
                ended += len(outcomes)
                _note(outcomes, rows)
                if outcomes:
                    write_summary(list(rows.values()), output, names)
                running = dict(place.running)
                share = (ended + sum(fraction for fraction, _ in running.values())) / len(tasks)
                step(share, _what(before + ended, len(rows), running))
    except (Cancelled, KeyboardInterrupt) as error:
        cancel_file.touch()
        while place.busy():
            _note(place.poll(), rows)
        cancel_file.unlink()  # after a second Ctrl+C it stays, for those that still run
        done = sum(row.state == "done" for row in rows.values())
        raise Cancelled(f"Cancelled. {done} of {len(rows)} pairs are done; the same command does the rest.") from error


def _note(outcomes: list[Outcome], rows: dict[str, Row]) -> None:
    for outcome in outcomes:
        row = rows[outcome.id]
        row.state, row.reason, row.figures = outcome.state, outcome.reason, outcome.figures


def _what(ended: int, total: int, running: dict[str, tuple[float, str]]) -> str:
    """What the user reads meanwhile: how many pairs are behind us, and what the first one at work does."""
    text = f"{ended} of {total} pairs"
    for name, (_, stage) in list(running.items())[:1]:
        text += f"; {name}: {stage}"
    return text


def _failures(failed: list[Row], total: int, output: Path) -> str:
    shown: list[Any] = [f"{row.pair.id}: {row.reason}" for row in failed[:_SHOWN_FAILURES]]
    if len(failed) > _SHOWN_FAILURES:
        shown.append(f"and {len(failed) - _SHOWN_FAILURES} more")
    reasons = "\n".join(shown)
    return f"{len(failed)} of {total} pairs failed, the others are done; {output / SUMMARY} lists all.\n{reasons}"
