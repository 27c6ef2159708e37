"""The training itself: level by level, step by step, from wherever the last checkpoint left it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, check_same, state_to_resume, write_checkpoint
from CorrespondCoreLib.training.distributed import Processes
from CorrespondCoreLib.training.divergence import Divergence
from CorrespondCoreLib.training.log import Log
from CorrespondCoreLib.training.stream import SampleStream

from ..networks.virnet import MultilevelRegistrationNetwork
from .best import Best, better
from .config import TrainingConfig
from .learning_rate import rate_at
from .mirrored import mirrored
from .pairs import PairSource, TrainingPair, training_pairs, validation_pairs
from .precision import Precision
from .start import check_size, make_network, take_weights
from .step import PairTensors, loss_terms, make_objective, term_names
from .validation import FIGURES, validate


class Trainer:
    """One training, in one of the processes that share it.

    Args:
        config: what is trained, on what.
        output: folder for checkpoint.pt, steps.csv, validation.csv, tensorboard/.
        processes: this process among the others.
        resume: go on from the checkpoint in `output`, if there is one.
        source: pairs to train on, in place of those that the configuration says.

    Attributes:
        network: what is trained. level: at which. steps: that were made, at each level.
        best: the state of this level that judged best; None before the first validation, and without one.

    Raises:
        InputError: the configuration, the data or the checkpoint cannot be used.
    """

    def __init__(
        self,
        config: TrainingConfig,
        output: Path,
        processes: Processes,
        resume: bool,
        progress: Progress,
        source: PairSource | None = None,
    ):
        self.config, self.output, self.processes, self._progress = config, output, processes, progress
        self._share = processes.share(config.batch)
        self._objective = make_objective(config.objective)
        self.network = make_network(config).to(processes.device)
        check_size(self.network, config)
        self._source = source or training_pairs(config, progress)
        self._judges = validation_pairs(config)
        self._judged: list[TrainingPair] = []
        self.best: Best | None = None
        self._start: dict[str, Any] | None = None
        self.steps = [0] * len(config.steps)
        self._phase = 0
        self._history: list[float] = []  # similarity at each step of the level
        self._precision = Precision(config, processes.device)
        state = state_to_resume(output, resume)
        if state is not None:
            self._restore(state)
        else:
            self._start = take_weights(self.network, config)
            self._begin_level()

    @property
    def level(self) -> int:
        return self.config.levels[self._phase]

    @property
    def step(self) -> int:
        """Steps made so far, over all levels."""
        return sum(self.steps)

    def train(self) -> dict[str, Any]:
        """Make all steps that are left; the network then has the weights that judged best at the last level.

        Returns:
            What the training was: seconds and pairs of this run, rates, steps, from which state the weights are, its figures.
        """
        config, began, first = self.config, time.perf_counter(), self.step
        stream = SampleStream(
            self._source,
            config.seed,
            self.step * config.batch,
            self.processes.rank,
            self.processes.count,
            config.data.workers,
            config.data.keep_in_memory,
            (mirrored,) if config.data.mirrored else (),
        )
        pairs = iter(stream)
        columns = ["level", "loss", *term_names(self._objective), "pairs_per_second", "waiting_percent"]
        log = Log(self.output, columns, ["level", "loss", *FIGURES], self.step) if self.processes.is_first else None
        try:
            while True:
                with self._stage() as show:
                    self._train_level(pairs, stream, log, show)
                self._take_best()
                if self.level == config.levels[-1]:
                    break
                self._phase += 1
                self._begin_level()
                self._write()
        finally:
            if log:
                log.close()
        seconds = time.perf_counter() - began
        made = (self.step - first) * config.batch
        return {
            "seconds": seconds,
            "pairs": made,
            "pairs_per_second": made / seconds,
            "waiting_percent": 100 * stream.waited / seconds,
            "steps": self.steps,
            "weights": self.best.origin if self.best else {"step": self.step, "chosen_by": "last step"},
            "validation": self.best.figures if self.best else {},
            "started_from": self._start,
        }

    def _train_level(
        self, pairs: Iterator[TrainingPair], stream: SampleStream[TrainingPair], log: Log | None, show: Callable[[float], None]
    ) -> None:
        config, divergence = self.config, Divergence(self._precision.lost_steps)
        limit = config.steps[self._phase]
        joined = self.processes.joined(self.network)
        began, waited = time.perf_counter(), stream.waited
        while self.steps[self._phase] < limit and not self._is_stable():
            terms = self._make_step(joined, [next(pairs) for _ in range(self._share)])
            loss = sum(terms.values())
            divergence.check(loss, self.step + 1)
            self.steps[self._phase] += 1
            self._remember(terms["similarity"])
            if log:
                seconds, waiting = time.perf_counter() - began, stream.waited - waited
                rates = {"pairs_per_second": config.batch / seconds, "waiting_percent": 100 * waiting / seconds}
                log.step(self.step, {"level": self.level, "loss": loss, **terms, **rates})
            last = self.steps[self._phase] == limit or self._is_stable()
            if config.validate_every and (last or self.step % config.validate_every == 0):
                self._validate(log)
            if last or self.step % config.checkpoint_every == 0:
                self._write()
            began, waited = time.perf_counter(), stream.waited
            show(self.steps[self._phase] / limit)

    def _make_step(self, joined: nn.Module, pairs: list[TrainingPair]) -> dict[str, float]:
        """One step of the optimizer; returns the terms of the loss, as means over the pairs of all processes."""
        self._optimizer.zero_grad(set_to_none=True)
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self.config, self.steps[self._phase], self.config.steps[self._phase])
        names = term_names(self._objective)
        sums = torch.zeros(len(names), dtype=torch.float64)
        for k, pair in enumerate(pairs):
            data = PairTensors.of(pair, self.processes.device)
            is_last = k == len(pairs) - 1
            with nullcontext() if is_last or self.processes.count == 1 else joined.no_sync():  # type: ignore[operator]
                with self._precision.layers():
                    terms = loss_terms(joined, self._objective, data, self.level, len(self.config.steps))
                loss = torch.stack(list(terms.values())).sum() / len(pairs)
                self._precision.scaler.scale(loss).backward()
            sums += torch.tensor([terms[name].item() if name in terms else 0.0 for name in names], dtype=torch.float64)
        self._precision.scaler.step(self._optimizer)
        self._precision.scaler.update()
        means = self.processes.mean(sums / len(pairs))
        return dict(zip(names, means.tolist(), strict=True))

    def _begin_level(self) -> None:
        if isinstance(self.network, MultilevelRegistrationNetwork):
            self.network.begin_level(self.level, from_coarser=self.config.model is None)
        self._prepare_level()

    def _prepare_level(self) -> None:
        trained = [p for p in self.network.parameters() if p.requires_grad]
        self._optimizer = torch.optim.Adam(trained, lr=self.config.learning_rate)
        self._precision.begin()
        self._history = []
        self.best = None

    def _stage(self) -> AbstractContextManager[Callable[[float], None]]:
        done, whole = sum(self.config.steps[: self._phase + 1]), sum(self.config.steps)
        return self._progress.stage(f"Training level {self.level}", until=done / whole)

    def _remember(self, similarity: float) -> None:
        if self.config.stop is not None:
            self._history = [*self._history, similarity][-2 * self.config.stop.window :]

    def _is_stable(self) -> bool:
        """Whether the means of the similarity over the last two windows of steps are as good as the same."""
        stop = self.config.stop
        if stop is None or len(self._history) < 2 * stop.window:
            return False
        before, now = (sum(part) / stop.window for part in (self._history[: stop.window], self._history[stop.window :]))
        return abs(before - now) < stop.change * abs(before)

    def _validate(self, log: Log | None) -> None:
        if log is None or not self._judges.count:
            return
        self._judged = self._judged or [self._judges[k] for k in range(self._judges.count)]
        levels = len(self.config.steps)
        figures = validate(self.network, self._objective, self._judged, self.processes.device, self.level, levels)
        log.validation(self.step, {"level": self.level, **figures})
        self.best = better(self.best, self.step, figures, self.network, self.config.data.train_on_validation)

    def _take_best(self) -> None:
        """Go back to the state that judged best at this level; the first process, which judges, tells the others."""
        if self.best is not None:
            self.network.load_state_dict(self.best.network)
        self.processes.same(self.network)

    def _write(self) -> None:
        if not self.processes.is_first:
            return
        state = {
            "config": self.config.to_dict(),
            "phase": self._phase,
            "steps": self.steps,
            "history": self._history,
            "best": self.best.state() if self.best else None,
            "start": self._start,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._precision.scaler.state_dict(),
        }
        write_checkpoint(self.output / CHECKPOINT, state)

    def _restore(self, state: dict[str, Any]) -> None:
        check_same(self.output, comparable(self.config), comparable(TrainingConfig.from_json(state["config"])))
        self._phase = state["phase"]
        self._begin_level()
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self._precision.restore(state["scaler"])
        self.steps, self._history, self._start = state["steps"], state["history"], state["start"]
        self.best = Best(**state["best"]) if state["best"] else None


def comparable(config: TrainingConfig) -> dict[str, Any]:
    """A configuration without what only says how this computer prepares pairs."""
    return replace(config, data=replace(config.data, workers=0, keep_in_memory=False)).to_dict()
