"""Training of a network: steps, validation, the best models, and a state that can be gone on from, bit for bit."""

from __future__ import annotations

import math
import time
from collections.abc import Hashable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, check_same, state_to_resume, write_checkpoint
from CorrespondCoreLib.training.distributed import Processes
from CorrespondCoreLib.training.divergence import Divergence
from CorrespondCoreLib.training.log import Log

from ..losses.dice_bce import dice_bce
from ..losses.ssim import ssim
from ..networks.checkpoints import NETWORKS
from ..networks.contract import EnfaceNetwork
from .best_models import BestModels
from .config import ADAM, COSINE, RECONSTRUCTION, TrainingConfig
from .curves import Curves
from .eyes import Eye, KeptEyes, training_eyes, validation_eyes
from .initialization import initialize
from .stream import EyeStream
from .validation import FIGURE, validate

GradScaler = partial(torch.amp.GradScaler, "cuda") if hasattr(torch.amp, "GradScaler") else torch.cuda.amp.GradScaler
TERMS = {"segmentation": ["dice", "bce"], RECONSTRUCTION: ["dissimilarity"]}
LOST_STEPS = 20  # in half precision so many steps in a row may overflow, until the scale of the loss has adapted


class Trainer:
    """One training, in one of the processes that share it.

    Args:
        config: what is trained, on what.
        output: folder for checkpoint.pt, steps.csv, validation.csv, models/.
        processes: this process among the others; on GPUs they share the statistics of batch normalization, too.
        start: weights to begin with, of the same network (all of them; paper, section 2.3); new ones if None.
        resume: go on from the checkpoint in `output`, if there is one.
        kept: prepared eyes by `NamedEyes.key`, of other trainings on the same data.
        progress: gets the points of the curves (`curves.Curves`).

    Raises:
        InputError: the configuration, the data or the checkpoint cannot be used.
    """

    def __init__(
        self,
        config: TrainingConfig,
        output: Path,
        processes: Processes,
        start: dict[str, torch.Tensor] | None = None,
        resume: bool = False,
        kept: dict[Hashable, Eye] | None = None,
        progress: Progress | None = None,
    ):
        self.config, self.output, self.processes, self._device = config, output, processes, processes.device
        self._progress = progress or Progress()
        self._share = processes.share(config.batch)
        self.network = make_network(config, start).to(self._device)
        if processes.count > 1 and self._device.type == "cuda":
            self.network = torch.nn.SyncBatchNorm.convert_sync_batchnorm(self.network)
        sizes = self.network.sizes
        if sizes.legal(config.crop) != config.crop:
            raise InputError(
                f"Entry crop: this network takes multiples of {sizes.b_scans} B-scans and of {sizes.a_scans} A-scans, not "
                f"{config.crop[0]} and {config.crop[1]}."
            )
        if config.data.depth < sizes.depth or (sizes.exact_depth and config.data.depth != sizes.depth):
            raise InputError(f"Entry data.depth: this network takes {sizes.depth} voxels, not {config.data.depth}.")
        kept = {} if kept is None else kept
        self._stream = EyeStream(KeptEyes(training_eyes(config), kept), config.crop, config.seed)
        self._judges = KeptEyes(validation_eyes(config), kept)
        self._optimizer = make_optimizer(config, self.network)
        self._half = config.mixed_precision and self._device.type == "cuda"
        self._brain = config.bfloat16 and self._device.type == "cpu"
        self._scaler = GradScaler(enabled=self._half)
        self.step = 0
        self.best = BestModels(config, output / "models", {})
        state = state_to_resume(output, resume)
        if state is not None:
            self._restore(state)

    def train(self) -> dict[str, Any]:
        """Make all steps that are left; returns steps, seconds, eyes per second, and the best scores by step."""
        config, began, first = self.config, time.perf_counter(), self.step
        figure, divergence = FIGURE[config.task], Divergence(LOST_STEPS if self._half else 0)
        columns = ["loss", *TERMS[config.task], "eyes_per_second"]
        log = Log(self.output, columns, [figure], self.step) if self.processes.is_first else None
        curves = Curves(self._progress, log)
        joined = self.processes.joined(self.network)
        self.network.train()
        try:
            with self._progress.stage("Training", until=1.0) as show:
                while self.step < config.steps:
                    clock = time.perf_counter()
                    terms = self._make_step(joined)
                    loss = sum(terms.values())
                    divergence.check(loss, self.step + 1)
                    self.step += 1
                    rate = config.batch / (time.perf_counter() - clock)
                    curves.step(self.step, {"loss": loss, **terms, "eyes_per_second": rate})
                    last = self.step == config.steps
                    if last or self.step % config.validate_every == 0:
                        self._validate(curves, figure)
                    elif self.step % config.checkpoint_every == 0:
                        self._write()
                    show(self.step / config.steps)
        finally:
            curves.close()
        seconds = time.perf_counter() - began
        eyes = (self.step - first) * config.batch
        return {"steps": self.step, "seconds": seconds, "eyes_per_second": eyes / seconds, figure: dict(self.best.scores)}

    def _make_step(self, joined: torch.nn.Module) -> dict[str, float]:
        """One step of the optimizer; returns the terms of the loss, as means over all processes."""
        first = self.step * self.config.batch + self.processes.rank
        eyes = [self._stream[first + k * self.processes.count] for k in range(self._share)]
        slabs = torch.from_numpy(np.stack([eye.slab for eye in eyes]))[:, None].to(self._device)
        targets = torch.from_numpy(np.stack([eye.target for eye in eyes]))[:, None, :, None].to(self._device)
        self._optimizer.zero_grad(set_to_none=True)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(self.config, self.step)
        half = torch.bfloat16 if self._brain else torch.float16
        with torch.autocast(self._device.type, half, enabled=self._half or self._brain):
            logits = joined(slabs)
        terms = self._terms(logits.float(), targets)
        self._scaler.scale(torch.stack(list(terms.values())).sum()).backward()
        self._scaler.step(self._optimizer)
        self._scaler.update()
        means = self.processes.mean(torch.stack([value.detach().double() for value in terms.values()]))
        return dict(zip(terms, means.tolist(), strict=True))

    def _terms(self, logits: torch.Tensor, targets: torch.Tensor) -> dict[str, torch.Tensor]:
        if self.config.task == RECONSTRUCTION:
            return {"dissimilarity": -ssim(torch.sigmoid(logits)[:, :, :, 0], targets[:, :, :, 0])}
        return dice_bce(logits, targets, self.config.loss_factor)

    def _validate(self, curves: Curves, figure: str) -> None:
        """Judge the network; the first process alone does."""
        if not self.processes.is_first:
            return
        judges = (self._judges[k] for k in range(self._judges.count))
        score = validate(self.network, judges, self.config.task, str(self._device))
        curves.validation(self.step, figure, score)
        self.best.offer(self.network, self.step, score)
        self._write()
        self.best.prune()

    def _write(self) -> None:
        if not self.processes.is_first:
            return
        state = {
            "config": self.config.to_dict(),
            "step": self.step,
            "best": self.best.scores,
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "scaler": self._scaler.state_dict(),
        }
        write_checkpoint(self.output / CHECKPOINT, state)

    def _restore(self, state: dict[str, Any]) -> None:
        check_same(self.output, self.config.to_dict(), TrainingConfig.from_json(state["config"]).to_dict())
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        if self._half and state["scaler"]:
            self._scaler.load_state_dict(state["scaler"])
        self.step = state["step"]
        self.best = BestModels(self.config, self.output / "models", state["best"])


def make_optimizer(config: TrainingConfig, network: EnfaceNetwork) -> torch.optim.Optimizer:
    """The optimizer of a configuration."""
    if config.optimizer == ADAM:
        return torch.optim.Adam(network.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(network.parameters(), config.learning_rate, config.momentum, weight_decay=config.weight_decay)


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Of the step that follows so many."""
    if config.schedule == COSINE:
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * step / config.steps))
    return config.learning_rate


def make_network(config: TrainingConfig, start: dict[str, torch.Tensor] | None = None) -> EnfaceNetwork:
    """The network of a configuration, with first weights by its seed, or with given ones.

    Raises:
        InputError: it has options that do not exist, or the weights are of another network.
    """
    options = dict(config.network)
    kind = NETWORKS[options.pop("name")]
    try:
        network = kind(**options)
    except TypeError as error:
        raise InputError(f"Entry network has an option that does not exist: {error}.") from error
    if start is None:
        initialize(network, config.seed)
        return network
    try:
        network.load_state_dict(start)
    except RuntimeError as error:
        raise InputError("The weights to start from are of another network than the configuration's.") from error
    return network
