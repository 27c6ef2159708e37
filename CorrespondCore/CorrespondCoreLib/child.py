"""The child's side of a job: runs one command, talks in JSON lines, stops when told to or when its parent is gone.

Files in the job folder:
    cancel       appears when the child shall stop
    log.txt      everything that the child and its libraries print
    result.json  {"results": {...}, "files": {path: bytes}}, written whole, after the command

Lines on stdout, ASCII, each one JSON object, nothing else:
    {"event": "started", "pid": 123}
    {"event": "progress", "percent": 12.5, "stage": "Discrete search", "remaining_s": 34.0}     remaining_s may be null
    {"event": "warning", "message": "..."}
    {"event": "points", "points": [{"step": 3, "loss": 0.4}, ...]}     of curves, all of them in order, several per line
and at the end one of
    {"event": "done"}    {"event": "cancelled"}    {"event": "failed", "message": "...", "exit_code": 4}
"""

from __future__ import annotations

import faulthandler
import json
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from .errors import Cancelled, CorrespondError

POLL_S = 0.2
GRACE_S = 5.0
"""How long a child may take to stop by itself once its parent is gone."""


class _Lines:
    """Writes events, each by one call, so that no buffer and no other thread gets in between."""

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self.broken = False

    def send(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **fields}) + "\n"
        try:
            os.write(self._descriptor, line.encode("ascii"))
        except OSError:  # nobody reads any more: the parent is gone, which the watch acts upon
            self.broken = True


class _Watch(threading.Thread):
    """Looks for the cancel file and for the parent, beside the work."""

    def __init__(self, folder: Path, parent_pid: int, lines: _Lines):
        from .processes import ProcessWatch

        super().__init__(daemon=True)
        self._folder, self._lines = folder, lines
        self._parent = ProcessWatch(parent_pid)
        self.stop = False
        self.orphaned = False

    def run(self) -> None:
        while not self.orphaned:
            time.sleep(POLL_S)
            self.orphaned = self._lines.broken or not self._parent.alive()
            self.stop = self.stop or self.orphaned or (self._folder / "cancel").exists()
        time.sleep(GRACE_S)
        self.leave()

    def leave(self) -> None:
        """End this process without a parent."""
        self.tidy_up()
        os._exit(3)

    def tidy_up(self) -> None:
        """Take the job folder along, it may hold images: the parent is gone, or going, or does not look into it any more."""
        sys.stdout.flush()
        with open(os.devnull, "w") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)
        shutil.rmtree(self._folder, ignore_errors=True)


def run_job(argv: list[str], folder: Path, parent_pid: int) -> int:
    """Run one command as a job and tell the parent how it goes.

    Args:
        argv: library, command, arguments.
        folder: the job folder; exists.
        parent_pid: the process without which this one has no purpose.

    Returns:
        The exit code. The parent does not rely on it.
    """
    lines = _Lines(os.dup(1))
    lines.send("started", pid=os.getpid())
    _print_to(folder / "log.txt")
    watch = _Watch(folder, parent_pid, lines)
    watch.start()
    exit_code = _run(argv, folder, lines, watch)
    if watch.orphaned:
        watch.leave()
    if exit_code == Cancelled.exit_code:
        watch.tidy_up()
    sys.stdout.flush()
    return exit_code


def _run(argv: list[str], folder: Path, lines: _Lines, watch: _Watch) -> int:
    """Run the command and send its last line."""
    from .explain import explained

    try:
        from . import cli
        from .files import plain, write_json

        results = plain(cli.run(argv, _progress(lines, watch)))
        files = {path: os.path.getsize(path) for path in results.get("files", [])}
        write_json(folder / "result.json", {"results": results, "files": files})
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        known = explained(error)
        if isinstance(known, Cancelled):
            lines.send("cancelled")
            return known.exit_code
        traceback.print_exc()
        code = known.exit_code if known else CorrespondError.exit_code
        lines.send("failed", message=str(known or f"Unexpected error: {type(error).__name__}: {error}")[:3000], exit_code=code)
        return code
    lines.send("done")
    return 0


def _progress(lines: _Lines, watch: _Watch) -> Any:
    """A Progress that sends lines, at most ten per second and stage; points of curves go ahead of the line that follows them."""
    from .progress import Progress, RemainingTime

    remaining = RemainingTime()
    last_time, last_stage = float("-inf"), ""
    points: list[dict[str, float]] = []

    def show(fraction: float, stage: str) -> None:
        nonlocal last_time, last_stage
        now = time.monotonic()
        if stage == last_stage and fraction < 1.0 and now - last_time < 0.1:
            return
        last_time, last_stage = now, stage
        if points:
            lines.send("points", points=points)
            points.clear()
        lines.send("progress", percent=round(100 * fraction, 2), stage=stage, remaining_s=remaining(fraction))

    def warn(message: str) -> None:
        lines.send("warning", message=message)

    return Progress(show=show, warn=warn, cancelled=lambda: watch.stop, plot=points.append)


def _print_to(log: Path) -> None:
    """Send everything that this process prints, from C code too, to a file; a crash leaves its traceback there."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    for name, number in (("stdout", 1), ("stderr", 2)):
        setattr(sys, name, open(number, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False))  # noqa: SIM115
    faulthandler.enable(2)
