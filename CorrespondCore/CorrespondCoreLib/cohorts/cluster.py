"""Rows of a cohort on an existing Dask cluster. Each is a task, whose worker starts the same child process as here.

The workers need Correspond in the same version, and inputs and output folder at the same paths (a shared disk). A worker that
dies gives its row to another one. distributed is imported when a cluster is asked for.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from CorrespondCoreLib import __version__
from CorrespondCoreLib.errors import InputError, MissingPackage, OutputError
from CorrespondCoreLib.files import PARTIAL_PREFIX

from .work import Outcome, Task, run_task

CONNECT_S = 20
"""How long the scheduler, and its first worker, may take to answer."""
STOP_S = 30
"""How long running rows may take to stop after a cancel; the cluster is left alone then."""
POLL_S = 0.3


class DaskCluster:
    """Does rows of a cohort on the workers of a Dask cluster, as many at a time as the workers have threads.

    Args:
        address: of the scheduler, tcp://host:8786.
        output: folder that the workers must see, too.
        threads: CPU threads of each row; by default a host's cores, divided among the threads of its workers.

    Raises:
        MissingPackage: distributed is not installed here, or Correspond is not installed, in this version, on the workers.
        InputError: no scheduler or no worker answers. OutputError: a worker does not see the output folder.
    """

    def __init__(self, address: str, output: Path, threads: int | None = None):
        self.running: dict[str, tuple[float, str]] = {}  # the workers do not tell
        self._waiting: dict[str, Any] = {}
        self._cancel_file = output
        self._stop_at = float("inf")
        self._client = _connected(address)
        workers = self._examined(output)
        self._threads = threads or _share_of_threads(workers, self._client.nthreads())

    def start(self, tasks: Sequence[Task]) -> None:
        """See Place."""
        run_id = uuid.uuid4().hex[:8]
        for n, task in enumerate(tasks):
            key = f"correspond-{run_id}-{n}"
            self._waiting[task.id] = self._client.submit(run_task, task, self._threads, key=key, pure=False)
        self._cancel_file = tasks[0].cancel_file

    def busy(self) -> bool:
        """See Place."""
        return bool(self._waiting)

    def poll(self) -> list[Outcome]:
        """See Place."""
        time.sleep(POLL_S)
        done = [name for name, future in self._waiting.items() if future.done()]
        outcomes = [_outcome(name, self._waiting.pop(name)) for name in done]
        if self._stop_at == float("inf") and self._cancel_file.exists():
            self._stop_at = time.monotonic() + STOP_S
        if time.monotonic() > self._stop_at:
            self._client.cancel(list(self._waiting.values()))
            outcomes += [Outcome(name, "cancelled") for name in self._waiting]
            self._waiting.clear()
        if not self._waiting:
            self._client.close()
        return outcomes

    def _examined(self, output: Path) -> dict[str, dict[str, Any]]:
        """What each worker says of itself, once nothing of it forbids the work."""
        probe = output / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:8]}"
        probe.touch()
        try:
            workers = self._client.run(examine, str(probe))
        except ImportError as error:
            self._client.close()
            raise MissingPackage(
                f"The cluster's workers cannot load Correspond ({error}). Install it on each of them: python -m pip install "
                f"correspond=={__version__}"
            ) from error
        finally:
            probe.unlink(missing_ok=True)
        for address, facts in workers.items():
            if facts["version"] != __version__:
                self._client.close()
                raise MissingPackage(
                    f"The worker {address} has Correspond {facts['version']}, this computer {__version__}: install the same."
                )
            if not facts["sees_output"]:
                self._client.close()
                raise OutputError(
                    f"The worker {address} does not see the output folder {output}: choose one on a disk that all computers "
                    "share, at the same path."
                )
        return workers


def examine(probe: str) -> dict[str, Any]:
    """Run on each worker: its version of Correspond, whether it sees a file, its host and its cores."""
    seen = probe and Path(probe).exists()
    return {"version": __version__, "sees_output": seen, "host": platform.node(), "cores": os.cpu_count() or 1}


def _connected(address: str) -> Any:
    """A client of the cluster at that address, which has at least one worker."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise MissingPackage(
            'A cluster needs the Python package "distributed", which is not installed: python -m pip install distributed'
        ) from error
    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            f"No Dask scheduler answers at {address} ({error}). Start one (dask scheduler), or work on this computer (--workers)."
        ) from error
    try:
        client.wait_for_workers(1, timeout=CONNECT_S)
    except TimeoutError as error:
        client.close()
        raise InputError(
            f"The Dask cluster at {address} has no workers. Start some: dask worker {address} --nthreads 1"
        ) from error
    return client


def _share_of_threads(workers: dict[str, dict[str, Any]], slots: dict[str, int]) -> int:
    """CPU threads for each row such that the fullest host just suffices."""
    taken: Counter[str] = Counter()
    for address, facts in workers.items():
        taken[facts["host"]] += slots.get(address, 1)
    return max(1, min(facts["cores"] // taken[facts["host"]] for facts in workers.values()))


def _outcome(name: str, future: Any) -> Outcome:
    if future.status == "finished":
        return future.result()
    if future.status == "error":
        error = future.exception()
        if type(error).__name__ == "KilledWorker":
            return Outcome(name, "failed", "Several workers died at this work. Does their memory suffice?")
        return Outcome(name, "failed", f"The worker could not start: {type(error).__name__}: {error}")
    return Outcome(name, "failed", "The connection to the cluster's scheduler was lost.")
