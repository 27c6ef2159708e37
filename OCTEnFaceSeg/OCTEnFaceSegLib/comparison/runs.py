"""The trainings of a comparison, each once: what is there is kept, what is missing is made, one after the other."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.files import write_json
from CorrespondCoreLib.metrics import dice
from CorrespondCoreLib.models import CARD, Model, read_card
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.divergence import Diverged

from ..networks.checkpoints import load_network
from ..networks.contract import EnfaceNetwork
from ..prediction import view
from ..training.config import TrainingConfig
from ..training.eyes import HELD_OUT, MASKS, Eye, FolderEyes, PhantomEyes, folder_parts
from ..training.run import train
from ..training.validation import THRESHOLD
from .protocol import METHODS, ComparisonProtocol, TestSet

STABLE = 0.02
"""A training has reached its plateau if the mean loss of its last quarter is less than this share below the quarter before."""
RUNS, TRAININGS = "runs", "trainings"


@dataclass(frozen=True)
class Run:
    """One training of the comparison."""

    method: str
    fraction: float
    seed: int

    @property
    def name(self) -> str:
        """Of its file and folder."""
        return f"{self.method}-{100 * self.fraction:g}-{self.seed}"


@dataclass
class Comparison:
    """The runs of a protocol in a folder.

    Args:
        device: "cpu", "cuda" or "mps". threads: of the CPU.
    """

    protocol: ComparisonProtocol
    output: Path
    device: str = "cpu"
    threads: int | None = None
    _eyes: dict[tuple[str, int, int], list[Eye]] = field(default_factory=dict)
    _kept: Callable[..., dict[Hashable, Eye]] = field(default_factory=lambda: lru_cache(2)(lambda *data: {}))

    def runs(self) -> list[Run]:
        """All of them, in the order in which they are made: the whole table with one seed first."""
        p = self.protocol
        return [
            Run(method, share, seed) for seed in p.seeds for share in sorted(p.fractions, reverse=True) for method in p.methods
        ]

    def missing(self) -> list[Run]:
        """Those that are not made yet."""
        return [run for run in self.runs() if not self._file(run).is_file()]

    def results(self) -> list[dict[str, Any]]:
        """Of the runs that are made: {method, fraction, seed, converged, steps, seconds, tests: {name: [rows of eyes]}}."""
        made = [run for run in self.runs() if self._file(run).is_file()]
        return [json.loads(self._file(run).read_text(encoding="utf-8")) for run in made]

    def make(self, run: Run, progress: Progress) -> None:
        """Train and judge one run; a training that was stopped goes on.

        One that diverges is told, has not converged, and is judged by its best model before, if there was one.
        """
        began = time.perf_counter()
        config = self.protocol.config(run.method, run.fraction, run.seed)
        folder = self.output / TRAININGS / run.name
        diverged = False
        try:
            start = self._pretrained(run, progress.part(until=0.3)) if METHODS[run.method].pretrained else None
            self._trained(config, folder, start, progress.part(until=0.9))
        except Diverged as error:
            progress.warning(f"{config.title}, seed {run.seed}: {error}")
            diverged = True
        networks = [load_network(model) for model in _models(folder)]
        tests = {}
        for test in self.protocol.tests:
            eyes = self._test_eyes(test, config) if networks else []
            tests[test.name] = [_judged(networks, eye, self.device) for eye in eyes]
        losses = losses_of(folder)
        record = {
            "method": run.method,
            "fraction": run.fraction,
            "seed": run.seed,
            "steps": len(losses),
            "converged": not diverged and has_converged(losses),
            "seconds": time.perf_counter() - began,
            "tests": tests,
        }
        write_json(self._file(run), record)

    def _pretrained(self, run: Run, progress: Progress) -> Path:
        """Folder of the best model of the pretraining that a run starts from."""
        config = self.protocol.pretraining_config(run.method, run.seed)
        folder = self.output / TRAININGS / f"{METHODS[run.method].network}-on-{config.image.lower()}-{run.seed}"
        self._trained(config, folder, None, progress)
        return _models(folder)[0].folder

    def _trained(self, config: TrainingConfig, folder: Path, start: Path | None, progress: Progress) -> None:
        """Make a training; it takes the eyes of the two latest kinds of data from memory."""
        kept = self._kept(config.task, config.image, config.data.depth, config.seed)
        train(config, folder, start, True, self.device, self.threads, progress, kept)

    def _test_eyes(self, test: TestSet, config: TrainingConfig) -> list[Eye]:
        """Of a test set, as a configuration sees them; made once for all runs that see them alike."""
        phantom = config.data.source == "phantom"
        key = (test.name, config.data.depth, 0 if phantom else config.seed)
        if key not in self._eyes:
            if phantom:
                data = replace(config.data, styles=test.styles or config.data.styles, healthy=0.0)
                source: Any = PhantomEyes(replace(config, data=data), HELD_OUT, self.protocol.test_eyes)
            else:
                source = FolderEyes(config, folder_parts(config).test, (test.mask,) if test.mask else MASKS)
            self._eyes[key] = [source[k] for k in range(source.count)]
        return self._eyes[key]

    def _file(self, run: Run) -> Path:
        return self.output / RUNS / f"{run.name}.json"


def has_converged(losses: list[float]) -> bool:
    """Whether the loss has stopped to fall, see STABLE; never for less than eight steps."""
    quarter = len(losses) // 4
    if quarter < 2:
        return False
    before, last = float(np.mean(losses[-2 * quarter : -quarter])), float(np.mean(losses[-quarter:]))
    return before - last < STABLE * abs(before)


def losses_of(folder: Path) -> list[float]:
    """Of all steps of a training; none where it did not begin."""
    path = folder / "steps.csv"
    if not path.is_file():
        return []
    with open(path, newline="", encoding="utf-8") as file:
        return [float(row["loss"]) for row in csv.DictReader(file)]


def _models(folder: Path) -> list[Model]:
    """The kept models of a training, the best first."""
    found = [Model(path.parent, read_card(path), own=False) for path in (folder / "models").glob(f"*/{CARD}")]
    return sorted(found, key=lambda model: -next(iter(model.card["training"]["validation"].values())))


def _judged(networks: Sequence[EnfaceNetwork], eye: Eye, device: str) -> dict[str, float]:
    """Dice (1 where both masks are empty) and areas (mm2) of one eye, by the mean of the networks (paper, 3.1), as it lies."""
    mean = np.mean([view(network, eye.slab, device, None) for network in networks], axis=0)
    mask, truth = mean >= THRESHOLD, eye.target >= 0.5
    return {
        "dice": dice(mask, truth) if mask.any() or truth.any() else 1.0,
        "area_mm2": float(mask.sum()) * eye.pixel_area_mm2,
        "true_area_mm2": float(truth.sum()) * eye.pixel_area_mm2,
    }
