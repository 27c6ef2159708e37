"""Where the rows of a cohort are done: side by side in child processes of this one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from .work import Outcome, Task, run_task

POLL_S = 0.2


class Place(Protocol):
    """Somewhere to do the rows of a cohort.

    running: how far each row at work is, id -> (fraction 0..1, stage), as far as that is known.
    """

    running: dict[str, tuple[float, str]]

    def start(self, tasks: Sequence[Task]) -> None:
        """Begin with tasks that have one cancel file."""

    def busy(self) -> bool:
        """True while outcomes are to come."""

    def poll(self) -> list[Outcome]:
        """What ended since the last call; waits a moment. Once the tasks' cancel file is there, what runs is stopped and the
        rest comes as cancelled."""


class ThisComputer:
    """Does up to `workers` rows side by side, each in a child process with its share of the CPU threads.

    Args:
        workers: number of rows at a time.
        threads: of each; by default the cores, divided among the workers.
    """

    def __init__(self, workers: int = 1, threads: int | None = None):
        self.running: dict[str, tuple[float, str]] = {}
        self._waiting: set[Future[Outcome]] = set()
        self._workers, self._threads = workers, threads or max(1, (os.cpu_count() or 1) // workers)

    def start(self, tasks: Sequence[Task]) -> None:
        """See Place."""
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="cohort")
        self._waiting = {pool.submit(self._run, task) for task in tasks}
        pool.shutdown(wait=False)

    def busy(self) -> bool:
        """See Place."""
        return bool(self._waiting)

    def poll(self) -> list[Outcome]:
        """See Place."""
        done, self._waiting = wait(self._waiting, POLL_S, FIRST_COMPLETED)
        return [future.result() for future in done]

    def _run(self, task: Task) -> Outcome:
        def show(fraction: float, stage: str) -> None:
            self.running[task.id] = fraction, stage

        try:
            return run_task(task, self._threads, show)
        finally:
            self.running.pop(task.id, None)
