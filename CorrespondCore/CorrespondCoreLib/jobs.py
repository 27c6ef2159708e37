"""The parent's side of a job: long work in a child process, with progress, cancel, and a plain answer at the end.

    folder = new_job_folder()
    SimpleITK.WriteImage(image, str(folder / "fixed.nrrd"))
    job = Job(["lung", "register", folder / "fixed.nrrd", folder / "moving.nrrd", "--output", folder / "out"],
              folder=folder, paths=[module_folder], on_progress=show, on_finished=finished)
    job.start()              # returns at once
    job.cancel()             # the job then ends as "cancelled"

In Slicer both callbacks come on the main thread. The child's lines and the job folder are described in child.py.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from .errors import Cancelled, CorrespondError, InputError, MissingPackage, OutOfMemory, OutputError, PartlyFailed
from .launchers import Launch, Started, default_launcher, python_executable
from .processes import kill

GRACE_S = 5.0
"""Seconds that a child gets to stop by itself after a cancel, and to end after its last line; then it is killed."""

WORKER_FILE = Path(__file__).resolve().with_name("worker.py")

_LOG_LINES = 200
_ERRORS = {
    error.exit_code: error for error in (CorrespondError, InputError, OutOfMemory, MissingPackage, OutputError, PartlyFailed)
}


def new_job_folder(parent: str | Path | None = None) -> Path:
    """A new empty folder for one job's files, in the system's folder for temporary files by default."""
    return Path(tempfile.mkdtemp(prefix="correspond-", dir=parent))


class Job:
    """One command of the command line, run in a child process.

    Args:
        command: library, command, arguments, as for `correspond`.
        folder: the job folder, from new_job_folder(); a new one by default. It is removed after on_finished has returned.
        paths: folders that hold libraries, beside the core's own: those of the modules.
        on_progress: called with the job whenever percent, stage, warnings or points changed.
        on_finished: called with the job, once, when the child is gone; results must be read from the folder there.
        launch: starts a process (see launchers.py); Slicer's own by default, a thread outside Slicer.
        python: the interpreter; PythonSlicer by default.

    Attributes:
        state: "new", "running", "done", "failed" or "cancelled".
        percent, stage, remaining_s: progress; remaining_s is None while unknown.
        warnings: what the user must hear.
        points: of the curves that the command draws, {name: value} each, as far as they are known.
        results: of the command, when done.
        error: what to tell the user, when failed or cancelled.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path | None = None,
        paths: Iterable[str | Path] = (),
        on_progress: Callable[[Job], None] | None = None,
        on_finished: Callable[[Job], None] | None = None,
        launch: Launch | None = None,
        python: str | None = None,
    ):
        self.command = [os.fspath(part) for part in command]
        self.folder = folder or new_job_folder()
        self.state = "new"
        self.percent = 0.0
        self.stage = ""
        self.remaining_s: float | None = None
        self.warnings: list[str] = []
        self.points: list[dict[str, float]] = []
        self.results: dict[str, Any] = {}
        self.error: CorrespondError | None = None
        self._paths = [str(path) for path in paths]
        self._on_progress, self._on_finished = on_progress, on_finished
        self._launch, self._python = launch or default_launcher(), python or python_executable()
        self._process: Started | None = None
        self._pid: int | None = None
        self._last_event: dict[str, Any] = {}
        self._cancelled = self._overdue = False
        self._timer: threading.Timer | None = None
        self._foreign_lines: deque[str] = deque(maxlen=_LOG_LINES)
        self._log: list[str] = []
        self._finished = threading.Event()

    def start(self) -> None:
        """Start the child and return at once.

        Raises:
            CorrespondError: the interpreter cannot be started.
        """
        if self.state != "new":
            raise RuntimeError("a job can be started once")
        args = [self._python, str(WORKER_FILE)]
        for path in self._paths:
            args += ["--path", path]
        args += ["--job", str(self.folder), "--parent", str(os.getpid()), *self.command]
        self.state = "running"
        try:
            self._process = self._launch(args, self._on_line, self._on_exit)
        except OSError as error:
            self.state, self.error = "failed", CorrespondError(f"The calculation cannot be started: {self._python}: {error}")
            self._remove_folder()
            raise self.error from error

    def cancel(self) -> None:
        """Ask the child to stop; it is killed if it has not after 5 seconds. on_finished follows when it is gone."""
        if self.state != "running" or self._cancelled:
            return
        self._cancelled = True
        self._kill_later()
        with contextlib.suppress(OSError):  # a folder that was tidied away, a full disk: then the kill does it
            (self.folder / "cancel").touch()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Block until the job is finished and its folder removed. For scripts and tests: in Slicer's main thread the job
        would never finish. Returns False if time ran out."""
        return self._finished.wait(timeout_s)

    def log_tail(self, lines: int = 20) -> str:
        """The last lines that the child printed, while it runs and after."""
        return "\n".join((self._log or self._read_log())[-lines:])

    def _on_line(self, line: str) -> None:
        match _parse(line):
            case {"event": "started", "pid": int(pid)} if pid > 0:
                self._pid = pid
                if self._overdue:
                    kill(pid)
            case {"event": "progress", "percent": percent, "stage": stage, "remaining_s": remaining_s}:
                self.percent, self.stage, self.remaining_s = percent, stage, remaining_s
                self._tell_progress()
            case {"event": "warning", "message": message}:
                self.warnings.append(message)
                self._tell_progress()
            case {"event": "points", "points": [*points]}:
                self.points += points
                self._tell_progress()
            case {"event": "done" | "cancelled"} | {"event": "failed", "message": str(), "exit_code": int()} as last:
                self._last_event = last
                self._kill_later()
            case _ if line.strip():
                self._foreign_lines.append(line)

    def _tell_progress(self) -> None:
        if self._on_progress and not self._cancelled:
            try:
                self._on_progress(self)
            except Exception:  # Slicer stops listening to a process whose callback raises
                logging.exception("Showing the progress of a job failed")

    def _kill_later(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(GRACE_S, self._kill)
            self._timer.daemon = True
            self._timer.start()

    def _kill(self) -> None:
        if self.state != "running":  # gone while it was being canceled: its id may be another process's by now
            return
        self._overdue = True
        if self._pid is not None:
            kill(self._pid)
        elif self._process is not None:
            self._process.kill()

    def _on_exit(self, exit_code: int) -> None:
        """The child is gone. The exit code says nothing: a launcher in between has its own."""
        if self._timer is not None:
            self._timer.cancel()
        self._log = self._read_log()
        try:
            if self._cancelled or self._last_event.get("event") == "cancelled":
                self.error = Cancelled()
            elif self._last_event.get("event") == "failed":
                error = _ERRORS.get(self._last_event["exit_code"], CorrespondError)
                self.error = error(self._last_event["message"])
            elif self._last_event.get("event") == "done":
                self.results = self._complete_results()
            else:
                raise CorrespondError(
                    "The calculation ended without a result: its process was killed or crashed. This happens most often when "
                    "memory does not suffice: close other programs, choose a faster preset or crop the images, and try again."
                )
        except CorrespondError as error:
            self.error = error
        self.state = "done" if self.error is None else "cancelled" if isinstance(self.error, Cancelled) else "failed"
        try:
            if self._on_finished:
                self._on_finished(self)
        finally:
            self._remove_folder()
            self._finished.set()

    def _complete_results(self) -> dict[str, Any]:
        """The results, after a look at the files that belong to them."""
        try:
            record = json.loads((self.folder / "result.json").read_text(encoding="utf-8"))
            lost = [path for path, size in record["files"].items() if not os.path.isfile(path) or os.path.getsize(path) != size]
        except (OSError, ValueError) as error:
            raise OutputError(f"The results of the calculation cannot be read ({error}). Is the disk full?") from error
        if lost:
            raise OutputError(f"Results are missing or incomplete: {', '.join(lost)}. Is the disk full, or were files removed?")
        return record["results"]

    def _read_log(self) -> list[str]:
        try:
            printed = (self.folder / "log.txt").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:  # not there yet, or already tidied away by a child that was cancelled
            printed = []
        return [*self._foreign_lines, *printed[-_LOG_LINES:]]

    def _remove_folder(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _parse(line: str) -> Any:
    """The event of a line, or None. A launcher may have printed something without a line end before it."""
    start = line.find('{"event": "')
    if start < 0:
        return None
    try:
        return json.loads(line[start:])
    except ValueError:
        return None
