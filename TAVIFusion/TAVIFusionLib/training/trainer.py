"""The training itself: step by step, from wherever the last checkpoint left it, bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, check_same, state_to_resume, write_checkpoint
from CorrespondCoreLib.training.distributed import Processes
from CorrespondCoreLib.training.divergence import Divergence
from CorrespondCoreLib.training.log import Log
from CorrespondCoreLib.training.stream import SampleStream

from ..metrics import SCORES
from .config import TrainingConfig
from .frames import training_frames, validation_frames
from .start import make_network, take_weights
from .tasks import Arrays, batch_of, means, scores, task_of

RISE = 0.02  # part of the steps over which the learning rate rises, where the schedule is cosine
JUDGING_SEED = 13


class Trainer:
    """One training, in one of the processes that share it.

    Args:
        config: what is trained, on what.
        output: folder for checkpoint.pt, steps.csv, validation.csv.
        processes: this process among the others.
        resume: go on from the checkpoint in `output`, if there is one.

    Attributes:
        network: what is trained. step: steps made. best: {"step", "scores", "network"} of the state that judged best, or None.

    Raises:
        InputError: the configuration, the data or the checkpoint cannot be used.
    """

    def __init__(self, config: TrainingConfig, output: Path, processes: Processes, resume: bool, progress: Progress):
        self.config, self.output, self.processes, self._progress = config, output, processes, progress
        self._share = processes.share(config.batch)
        self._task = task_of(config)
        self.network = make_network(config).to(processes.device)
        self._source, self._judges = training_frames(config), validation_frames(config)
        self._judged: list[Arrays] = []
        kind = {"adam": _adam, "sgd": _sgd}[config.optimizer]
        self._optimizer = kind(self.network, config)
        self._threads = ThreadPoolExecutor(min(self._share, torch.get_num_threads()))
        self.step = 0
        self.best: dict[str, Any] | None = None
        self._start: dict[str, Any] | None = None
        self._judged_last: dict[str, float] = {}
        state = state_to_resume(output, resume)
        if state is not None:
            self._restore(state)
        else:
            self._start = take_weights(self.network, config)

    def train(self) -> dict[str, Any]:
        """Make all steps that are left; the network then has the weights that judged best.

        Returns:
            What the training was: steps, seconds and frames of this run, rates, from which step the weights are, its scores.
        """
        config, began, first = self.config, time.perf_counter(), self.step
        stream = SampleStream(
            self._source,
            config.seed,
            self.step * config.batch,
            self.processes.rank,
            self.processes.count,
            config.data.workers,
            keep=config.data.source == "phantom" and config.data.frames is not None,
        )
        columns = ["loss", *self._task.terms, "learning_rate", "frames_per_second", "waiting_percent"]
        log = Log(self.output, columns, list(SCORES), self.step) if self.processes.is_first else None
        if self.step == 0 and self._start is not None:
            self._start["validation"] = self._validate(log)
        joined, frames, divergence = self.processes.joined(self.network), iter(stream), Divergence()
        self.network.train()
        try:
            with self._progress.stage("Training", until=1.0) as show:
                while self.step < config.steps:
                    clock, waited = time.perf_counter(), stream.waited
                    rate = self._set_rate()
                    terms = self._make_step(joined, frames)
                    loss = sum(terms.values())
                    divergence.check(loss, self.step + 1)
                    self.step += 1
                    seconds = time.perf_counter() - clock
                    speed = {"frames_per_second": config.batch / seconds}
                    speed["waiting_percent"] = 100 * (stream.waited - waited) / seconds
                    if log:
                        log.step(self.step, {"loss": loss, **terms, "learning_rate": rate, **speed})
                    last = self.step == config.steps
                    if last or self.step % config.validate_every == 0:
                        self._validate(log)
                    self._progress.point(step=self.step, loss=loss, **self._judged_last)
                    if last or self.step % config.checkpoint_every == 0:
                        self._write()
                    show(self.step / config.steps)
        finally:
            self._threads.shutdown()
            if log:
                log.close()
        self._take_best()
        seconds = time.perf_counter() - began
        return {
            "steps": self.step,
            "seconds": seconds,
            "frames": (self.step - first) * config.batch,
            "frames_per_second": (self.step - first) * config.batch / seconds,
            "waiting_percent": 100 * stream.waited / seconds,
            "weights_of_step": self.best["step"] if self.best else self.step,
            "validation": self.best["scores"] if self.best else {},
            "started_from": self._start,
        }

    def _make_step(self, joined: nn.Module, frames: Iterator[Any]) -> dict[str, float]:
        """One step of the optimizer; returns the terms of the loss, as means over all processes."""
        first_place = self.step * self.config.batch + self.processes.rank
        places = [first_place + k * self.processes.count for k in range(self._share)]
        chance = [np.random.default_rng([self.config.seed, 7, place]) for place in places]
        samples = list(self._threads.map(self._task.sample, [next(frames) for _ in places], chance))
        batch = batch_of(samples, self.processes.device)
        self._optimizer.zero_grad(set_to_none=True)
        with torch.autocast(self.processes.device.type, torch.bfloat16, enabled=self.config.bfloat16):
            terms = self._task.losses(joined, *batch)
        torch.stack(list(terms.values())).sum().backward()
        self._optimizer.step()
        values = self.processes.mean(torch.tensor([float(term.detach()) for term in terms.values()]))
        return dict(zip(terms, values.tolist(), strict=True))

    def _set_rate(self) -> float:
        config = self.config
        rate = config.learning_rate
        if config.schedule == "cosine":
            rise = max(1, round(RISE * config.steps))
            rate *= min(1.0, (self.step + 1) / rise) * 0.5 * (1 + math.cos(math.pi * self.step / config.steps))
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        return rate

    def _validate(self, log: Log | None) -> dict[str, float] | None:
        """Judge the network; the first process alone does, and the others are told at the end."""
        if log is None:
            return None
        if not self._judged:
            rng = np.random.default_rng(JUDGING_SEED)
            self._judged = [self._task.judged(self._judges[k], rng) for k in range(self._judges.count or 0)]
        found = means(scores(self.network, self._task, self._judged, self.processes.device))
        log.validation(self.step, found)
        if self.best is None or found["dsc"] > self.best["scores"]["dsc"]:
            weights = {name: value.detach().to("cpu", copy=True) for name, value in self.network.state_dict().items()}
            self.best = {"step": self.step, "scores": found, "network": weights}
        self._judged_last = {"dsc": found["dsc"]}
        return found

    def _take_best(self) -> None:
        if self.best is not None:
            self.network.load_state_dict(self.best["network"])
        self.processes.same(self.network)

    def _write(self) -> None:
        if not self.processes.is_first:
            return
        state = {
            "config": self.config.to_dict(),
            "step": self.step,
            "best": self.best,
            "start": self._start,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }
        write_checkpoint(self.output / CHECKPOINT, state)

    def _restore(self, state: dict[str, Any]) -> None:
        check_same(self.output, self.config.comparable(), TrainingConfig.from_json(state["config"]).comparable())
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step, self.best, self._start = state["step"], state["best"], state["start"]


def _adam(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    return torch.optim.Adam(network.parameters(), config.learning_rate)


def _sgd(network: nn.Module, config: TrainingConfig) -> torch.optim.Optimizer:
    return torch.optim.SGD(network.parameters(), config.learning_rate, config.momentum)
