"""A cohort from its table to its summary: what is finished is kept, the rest is done, a failure stops nothing else."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import Cancelled, PartlyFailed
from CorrespondCoreLib.files import PARTIAL_PREFIX, check_output_folder
from CorrespondCoreLib.progress import Progress

from .index_page import INDEX
from .kind import CohortKind
from .places import Place
from .record import common_identity, finished_figures, identity_of
from .summary import SUMMARY, Status, write_summary
from .table import CohortRow
from .work import Outcome, Task

_SHOWN_FAILURES = 10


@dataclass(frozen=True)
class Orders:
    """What is done alike for all rows.

    settings: of the library, as a dict. weights_sha256: of the weights that they name, or None. options: further options of the
    command, that change its results. device: see there. names: file names of the inputs stand in reports and summary.
    """

    settings: dict[str, Any]
    weights_sha256: Any = None
    options: tuple[str, ...] = ()
    device: str = "auto"
    names: bool = False


def run_cohort(
    kind: CohortKind,
    rows: list[CohortRow],
    output: Path,
    open_place: Callable[[], Place],
    orders: Orders,
    progress: Progress | None = None,
) -> dict:
    """Do all rows that are not finished; writes DIR/<id>/ for each, DIR/summary.csv and DIR/index.html.

    Args:
        rows: see read_rows.
        output: folder of the cohort.
        open_place: gives the place to compute; called if there is something to do.

    Returns the number of rows by state, and the files of the summary.

    Raises:
        PartlyFailed: some rows failed; everything else is done, and the summary says why.
        Cancelled: what is finished stays. InputError, OutputError
    """
    progress = progress or Progress()
    output = check_output_folder(output)
    options = (*orders.options, "--names-in-report") if orders.names else orders.options
    common = common_identity(orders.settings, orders.weights_sha256, {"options": sorted(options)})
    statuses: dict[str, Status] = {}
    tasks = []
    cancel_file = output / f"{PARTIAL_PREFIX}cancel-{uuid.uuid4().hex[:8]}"
    with progress.stage(f"Looking for finished {kind.item}s", until=0.0) as step:
        for n, row in enumerate(rows):
            step(n / len(rows))
            folder = output / row.id
            figures = finished_figures(folder, identity_of(common, row.files, row.words))
            state = "waiting" if figures is None else "done"
            statuses[row.id] = Status(row, state, figures=figures or {}, kept=figures is not None)
            if figures is None:
                task_options = ("--device", orders.device, *options)
                tasks.append(Task(kind, row, folder, orders.settings, task_options, common, cancel_file, orders.names))
    place = open_place() if tasks else None
    cohort = _Cohort(kind, statuses, output, orders.names, progress)
    try:
        if place is not None:
            cohort.run(tasks, place, cancel_file)
    finally:
        cohort.write()
    failed = [status for status in statuses.values() if status.state != "done"]
    if failed:
        raise PartlyFailed(_failures(kind, failed, len(rows), output))
    kept = sum(status.kept for status in statuses.values())
    files = [str(output / name) for name in (SUMMARY, INDEX)]
    return {f"{kind.item}s": len(rows), **Counter(s.state for s in statuses.values()), "done_before": kept, "files": files}


@dataclass
class _Cohort:
    """The state of a cohort while it is at work."""

    kind: CohortKind
    statuses: dict[str, Status]
    output: Path
    names: bool
    progress: Progress

    def write(self) -> None:
        write_summary(self.kind, list(self.statuses.values()), self.output, self.names)

    def run(self, tasks: list[Task], place: Place, cancel_file: Path) -> None:
        """Do the tasks and note how each went; a cancel stops those at work."""
        total = len(self.statuses)
        before = total - len(tasks)
        self.write()
        place.start(tasks)
        try:
            with self.progress.stage("Cohort", until=1.0) as step:
                ended = 0
                while place.busy():
                    outcomes = place.poll()
                    ended += len(outcomes)
                    self.note(outcomes)
                    if outcomes:
                        self.write()
                    running = dict(place.running)
                    share = (ended + sum(fraction for fraction, _ in running.values())) / len(tasks)
                    step(share, _what(f"{before + ended} of {self.kind.counted(total)}", running))
        except (Cancelled, KeyboardInterrupt) as error:
            cancel_file.touch()
            while place.busy():
                self.note(place.poll())
            cancel_file.unlink()  # after a second Ctrl+C it stays, for those that still run
            done = sum(status.state == "done" for status in self.statuses.values())
            raise Cancelled(
                f"Cancelled. {done} of {self.kind.counted(total)} are done; the same command does the rest."
            ) from error

    def note(self, outcomes: list[Outcome]) -> None:
        for outcome in outcomes:
            status = self.statuses[outcome.id]
            status.state, status.reason, status.figures = outcome.state, outcome.reason, outcome.figures


def _what(text: str, running: dict[str, tuple[float, str]]) -> str:
    """What the user reads meanwhile: how many rows are behind us, and what the first one at work does."""
    for name, (_, stage) in list(running.items())[:1]:
        text += f"; {name}: {stage}"
    return text


def _failures(kind: CohortKind, failed: list[Status], total: int, output: Path) -> str:
    shown = [f"{status.row.id}: {status.reason}" for status in failed[:_SHOWN_FAILURES]]
    if len(failed) > _SHOWN_FAILURES:
        shown.append(f"and {len(failed) - _SHOWN_FAILURES} more")
    reasons = "\n".join(shown)
    return f"{len(failed)} of {kind.counted(total)} failed, the others are done; {output / SUMMARY} lists all.\n{reasons}"
