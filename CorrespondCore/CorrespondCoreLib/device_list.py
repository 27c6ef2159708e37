"""The devices of this computer, for programs that do not import torch themselves: asked of a child process, once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .devices import installed_version
from .errors import CorrespondError
from .jobs import Job
from .launchers import Launch

Devices = dict[str, dict[str, Any]]
Answer = Callable[[Devices, CorrespondError | None], None]

_known: dict[str | None, Devices] = {}


def ask_devices(on_answer: Answer, launch: Launch | None = None) -> Job | None:
    """Find out which devices work, without waiting.

    Args:
        on_answer: called with (devices as devices.probe gives them, error or None): at once if they were asked for before with
            the same version of torch, else when the child has answered.
        launch: see jobs.Job.

    Returns:
        The job that asks, or None if the answer was known.
    """
    torch = installed_version("torch")
    if torch in _known:
        on_answer(_known[torch], None)
        return None

    def finished(job: Job) -> None:
        if job.error is None:
            _known[torch] = job.results["devices"]
        on_answer(_known.get(torch, {}), job.error)

    job = Job(["devices"], on_finished=finished, launch=launch)
    job.start()
    return job
