"""One command in a child process: its memory is given back, and a crash ends the command alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from CorrespondCoreLib.jobs import Job
from CorrespondCoreLib.launchers import launch_in_thread
from CorrespondCoreLib.progress import Progress

POLL_S = 0.2

_LIBRARY_FOLDER = Path(__file__).resolve().parents[2]


def run_in_child(command: list[str], title: str, progress: Progress) -> dict[str, Any]:
    """Run a command of `correspond` to its end and return its results.

    Args:
        command: library, command, arguments.
        title: of the stage that takes the whole bar of `progress`.

    Raises:
        CorrespondError: what the child says of its failure. Cancelled: progress says so; the child is gone then.
    """
    job = Job(command, paths=[_LIBRARY_FOLDER], launch=launch_in_thread)  # also in Slicer: its timers rest while this waits
    with progress.stage(title, until=1.0) as step:
        job.start()
        try:
            while not job.wait(POLL_S):
                step(job.percent / 100)
        except BaseException:
            job.cancel()
            job.wait()
            raise
    if job.error is not None:
        raise job.error
    return job.results
