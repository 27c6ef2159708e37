"""One pair of a cohort, registered in a child process; here or on a worker of a cluster, it is the same."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from CorrespondCoreLib.errors import CorrespondError
from CorrespondCoreLib.explain import explained
from CorrespondCoreLib.files import whole_file, write_json
from CorrespondCoreLib.jobs import Job, new_job_folder
from CorrespondCoreLib.launchers import launch_in_thread

from ..formats.pair_files import Files
from .figures import figures_of
from .record import pair_identity, write_record

FAILURE = "failure.txt"
POLL_S = 0.2

_LIBRARY_FOLDER = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class PairTask:
    """What is to be done for one pair; travels to other computers.

    folder: for its results. settings: as RegistrationSettings.to_dict. options: further options of `correspond lung register`.
    common: see record.cohort_identity. cancel_file: work stops when this file appears. names: messages may name files.
    """

    id: str
    files: Files
    fixed_is: str
    folder: Path
    settings: dict[str, Any]
    options: tuple[str, ...]
    common: dict[str, Any]
    cancel_file: Path
    names: bool


@dataclass(frozen=True)
class Outcome:
    """How a pair went. state: done, failed or cancelled; reason: why not; figures: see figures.py."""

    id: str
    state: str
    reason: str = ""
    figures: dict[str, Any] = field(default_factory=dict)


def run_pair(task: PairTask, threads: int, show: Callable[[float, str], None] | None = None) -> Outcome:
    """Register one pair and write its results, pair.json last; a failure leaves failure.txt there. Never raises an Exception.

    Args:
        threads: CPU threads of the child process.
        show: called with (fraction 0..1, stage).
    """
    if task.cancel_file.exists():
        return Outcome(task.id, "cancelled")
    log = ""
    try:
        identity = pair_identity(task.common, task.files, task.fixed_is)
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
        figures = figures_of(report)
        write_record(task.folder, identity, [Path(path).name for path in job.results["files"]], figures)
        (task.folder / FAILURE).unlink(missing_ok=True)
        return Outcome(task.id, "done", figures=figures)
    except Exception as error:
        reason = str(explained(error) or f"Unexpected error: {type(error).__name__}: {error}")
        return Outcome(task.id, "failed", _told(task, reason, log))


def _job(task: PairTask, threads: int, show: Callable[[float, str], None] | None) -> Job:
    folder = new_job_folder()
    write_json(folder / "settings.json", task.settings)
    files = {role: str(path) for role, path in vars(task.files).items() if path is not None}
    command = ["lung", "register", files.pop("fixed"), files.pop("moving"), "--output", str(task.folder)]
    command += [
        "--settings",
        str(folder / "settings.json"),
        "--fixed-is",
        task.fixed_is,
        "--threads",
        str(threads),
        *task.options,
    ]
    for role, path in files.items():
        command += [f"--{role.replace('_', '-')}", path]
    progress = (lambda job: show(job.percent / 100, job.stage)) if show else None
    return Job(command, folder=folder, paths=[_LIBRARY_FOLDER], on_progress=progress, launch=launch_in_thread)


def _told(task: PairTask, reason: str, log: str) -> str:
    """The reason as it may stand in a summary; with what the child printed it also goes to failure.txt."""
    reason, log = (text if task.names else without_names(text, task.files) for text in (reason, log))
    try:
        with whole_file(task.folder / FAILURE) as file:
            file.write_text(f"{reason}\n\n{log}\n", encoding="utf-8")
    except CorrespondError as error:
        return f"{reason} ({error})"
    return reason


def without_names(text: str, files: Files) -> str:
    """A text with the paths and names of a pair's files replaced by their roles: they may name a patient."""
    given = {role: path for role, path in vars(files).items() if path is not None}
    names = {str(path): f"<{role}>" for role, path in given.items()}
    names |= {str(path.parent): "<folder>" for path in given.values()} | {path.name: f"<{role}>" for role, path in given.items()}
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, names[name])
    return text
