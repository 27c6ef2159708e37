"""One row of a cohort, done in a child process; here or on a worker of a cluster, it is the same."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import CorrespondError
from CorrespondCoreLib.explain import explained
from CorrespondCoreLib.files import whole_file, write_json
from CorrespondCoreLib.jobs import Job, new_job_folder
from CorrespondCoreLib.launchers import launch_in_thread

from .kind import CohortKind
from .record import identity_of, write_record
from .table import CohortRow

FAILURE = "failure.txt"
POLL_S = 0.2


@dataclass(frozen=True)
class Task:
    """What is to be done for one row; travels to other computers.

    folder: for its results. settings: the library's, as a dict. options: further options of the command.
    common: see record.common_identity. cancel_file: work stops when this file appears. names: messages may name files.
    """

    kind: CohortKind
    row: CohortRow
    folder: Path
    settings: dict[str, Any]
    options: tuple[str, ...]
    common: dict[str, Any]
    cancel_file: Path
    names: bool

    @property
    def id(self) -> str:
        """Of the row."""
        return self.row.id


@dataclass(frozen=True)
class Outcome:
    """How a row went. state: done, failed or cancelled; reason: why not; figures: see CohortKind."""

    id: str
    state: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


def run_task(task: Task, threads: int, show: Callable[[float, str], None] | None = None) -> Outcome:
    """Do one row and write its results, finished.json last; a failure leaves failure.txt there. Never raises an Exception.

    Args:
        threads: CPU threads of the child process.
        show: called with (fraction 0..1, stage).
    """
    if task.cancel_file.exists():
        return Outcome(task.id, "cancelled")
    log = ""
    try:
        identity = identity_of(task.common, task.row.files, task.row.words)
        job = _job(task, threads, show)
        job.start()
        while not job.wait(POLL_S):
            if task.cancel_file.exists():
                job.cancel()
        log = job.log_tail(100)
        if job.state == "cancelled":  # Ctrl+C reaches the child, too, maybe before the cancel file is there
            with contextlib.suppress(OSError):
                task.folder.rmdir()  # if the child had made it, and nothing in it yet
            return Outcome(task.id, "cancelled", "" if task.cancel_file.exists() else "It was stopped.")
        if job.error is not None:
            raise job.error
        report = json.loads((task.folder / "report.json").read_text(encoding="utf-8"))
        figures = task.kind.figures(report)
        write_record(task.folder, identity, [Path(path).name for path in job.results["files"]], figures)
        (task.folder / FAILURE).unlink(missing_ok=True)
        return Outcome(task.id, "done", figures=figures)
    except Exception as error:
        reason = str(explained(error) or f"Unexpected error: {type(error).__name__}: {error}")
        return Outcome(task.id, "failed", _told(task, reason, log))


def _job(task: Task, threads: int, show: Callable[[float, str], None] | None) -> Job:
    folder = new_job_folder()
    settings = folder / "settings.json"
    write_json(settings, task.settings)
    files = {role: str(path) for role, path in task.row.files.items()}
    command = [*task.kind.command, *(files.pop(role) for role in task.kind.needed), "--output", str(task.folder)]
    command += ["--settings", str(settings), "--threads", str(threads), *task.options]
    for name, value in (*files.items(), *task.row.words.items()):
        command += [f"--{name.replace('_', '-')}", value]
    progress = (lambda job: show(job.percent / 100, job.stage)) if show else None
    return Job(command, folder=folder, paths=[task.kind.folder], on_progress=progress, launch=launch_in_thread)


def _told(task: Task, reason: str, log: str) -> str:
    """The reason as it may stand in a summary; with what the child printed it also goes to failure.txt."""
    reason, log = (text if task.names else without_names(text, task.row.files) for text in (reason, log))
    try:
        with whole_file(task.folder / FAILURE) as file:
            file.write_text(f"{reason}\n\n{log}\n", encoding="utf-8")
    except CorrespondError as error:
        return f"{reason} ({error})"
    return reason


def without_names(text: str, files: Mapping[str, Path]) -> str:
    """A text with the paths and names of a row's files replaced by their roles: they may name a patient."""
    names = {str(path): f"<{role}>" for role, path in files.items()}
    names |= {str(path.parent): "<folder>" for path in files.values()} | {path.name: f"<{role}>" for role, path in files.items()}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
