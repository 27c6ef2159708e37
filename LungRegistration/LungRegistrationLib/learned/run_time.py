"""About how long a network will take, told before anything runs. No torch here: the panel asks.

By what the last run with the same model on the same device took, scaled by voxels and steps; without one, on a CPU, by work that
was counted once and the speed of this processor at multiplying matrices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..network_settings import NetworkSettings

PREDICTION, FIT = "Network", "Fit to this pair"  # stages of a registration whose seconds the report states
WORK = {  # GFLOP per million voxels: of a prediction, of one step; from python -m Testing.bench.network_work
    "rrn": {"none": 345, "field": 24, "weights": 1189},
    "virnet": {"none": 317, "field": 49, "weights": 1131},
    "voxelmorph": {"none": 275, "field": 26, "weights": 817},
}
MATRIX = 768  # side of the matrices whose product tells a processor's speed

Size = tuple[int, int, int]


@dataclass(frozen=True)
class Pace:
    """How fast a run was.

    Attributes:
        prediction_s, step_s: seconds per million voxels; of one step of a fit. None where there was none.
    """

    prediction_s: float | None = None
    step_s: float | None = None

    @classmethod
    def of_report(cls, report: Mapping[str, Any]) -> Pace | None:
        """What report.json of a registration with a network tells; None without a network."""
        network, seconds = report.get("network"), report.get("seconds") or {}
        if not network or "size_xyz" not in network:
            return None
        millions, fit = float(np.prod(network["size_xyz"])) / 1e6, network.get("instance_optimization")
        step = seconds[FIT] / (fit["steps"] + 1) / millions if fit and FIT in seconds else None
        return cls(seconds[PREDICTION] / millions if PREDICTION in seconds else None, step)

    @classmethod
    def of_processor(cls, method: str, optimization: str) -> Pace:
        """What this computer's processor will reach, judged by its speed; the first call takes about 0.1 s."""
        work, speed = WORK[method], processor_gflops()
        return cls(work["none"] / speed, work[optimization] / speed if optimization != "none" else None)

    def seconds(self, size_xyz: Size, trained: bool, settings: NetworkSettings) -> float | None:
        """Of a prediction, if weights are trained, and of a fit, if there is one; None where one of them is not known."""
        fitted = settings.instance_optimization != "none"
        parts = [self.prediction_s] * trained + [self.step_s and self.step_s * (settings.steps + 1)] * fitted
        if any(part is None for part in parts):
            return None
        return sum(part for part in parts if part is not None) * float(np.prod(size_xyz)) / 1e6


@lru_cache(maxsize=2)
def processor_gflops(clock: Callable[[], float] = time.perf_counter) -> float:
    """GFLOP/s of a product of two float32 matrices in numpy; the best of three."""
    a = np.ones((MATRIX, MATRIX), np.float32)
    best = min(_duration(lambda: a @ a, clock) for _ in range(4))
    return 2e-9 * MATRIX**3 / max(best, 1e-6)


def _duration(task: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    task()
    return clock() - start
