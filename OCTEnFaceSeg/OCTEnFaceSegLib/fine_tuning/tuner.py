"""The steps of a fine-tuning: few, small, judged on the way, and the best state is kept."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import numpy as np
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..losses.dice_bce import dice_bce
from ..networks.contract import EnfaceNetwork
from ..training.config import TrainingConfig
from ..training.curves import Curves
from ..training.eyes import Eye
from ..training.stream import EyeStream
from ..training.validation import FIGURE, validate


class HeldEyes:
    """Eyes in memory, numbered."""

    def __init__(self, eyes: Sequence[Eye]):
        self._eyes = list(eyes)

    @property
    def count(self) -> int:
        return len(self._eyes)

    def __getitem__(self, index: int) -> Eye:
        return self._eyes[index]


class Tuner:
    """One fine-tuning of a network; afterwards the network has its best weights.

    Args:
        network: whose weights go on from where they are.
        training: eyes that are learned. judges: eyes that say which state is the best, by mean Dice.
        config: steps, batch, crop, learning rate, seed.
        progress: gets the points {"step", "loss"} of every step and {"step", "dice"} of every judgement; the first is of step 0.

    Attributes:
        dice_before: of the network as it was. dice, step: of the best state after that.
    """

    def __init__(
        self,
        network: EnfaceNetwork,
        training: Sequence[Eye],
        judges: Sequence[Eye],
        config: TrainingConfig,
        device: str,
        progress: Progress,
    ):
        self._network, self._judges, self._config = network.to(device), list(judges), config
        self._device, self._progress, self._curves = device, progress, Curves(progress)
        self._stream = EyeStream(HeldEyes(training), config.crop, config.seed)
        self._optimizer = torch.optim.SGD(network.parameters(), config.learning_rate, config.momentum)
        self.dice_before, self.dice, self.step = math.nan, -math.inf, 0
        self._best: dict[str, torch.Tensor] = {}

    def tune(self) -> None:
        """Make all steps.

        Raises:
            InputError: the loss is no longer a number. Cancelled.
        """
        config = self._config
        with self._progress.stage("Looking at the model as it is", until=self._progress.fraction + 0.05):
            self.dice_before = self._judged(0)
        with self._progress.stage("Fine-tuning", until=1.0) as show:
            self._network.train()
            for step in range(1, config.steps + 1):
                loss = self._make_step([self._stream[(step - 1) * config.batch + k] for k in range(config.batch)])
                if not math.isfinite(loss):
                    raise InputError(f"The fine-tuning diverged at step {step}. Give a lower learning rate and try again.")
                self._curves.step(step, {"loss": loss})
                if step == config.steps or step % config.validate_every == 0:
                    self._keep_if_best(step)
                show(step / config.steps)
        self._network.load_state_dict(self._best)
        self._network.eval()

    def _make_step(self, eyes: list[Eye]) -> float:
        slabs = torch.from_numpy(np.stack([eye.slab for eye in eyes]))[:, None].to(self._device)
        targets = torch.from_numpy(np.stack([eye.target for eye in eyes]))[:, None, :, None].to(self._device)
        self._optimizer.zero_grad(set_to_none=True)
        loss = torch.stack(list(dice_bce(self._network(slabs), targets, self._config.loss_factor).values())).sum()
        loss.backward()
        self._optimizer.step()
        return float(loss.detach())

    def _keep_if_best(self, step: int) -> None:
        score = self._judged(step)
        if score > self.dice:
            self.dice, self.step = score, step
            self._best = copy.deepcopy(self._network.state_dict())

    def _judged(self, step: int) -> float:
        score = validate(self._network, self._judges, self._config.task, self._device)
        self._curves.validation(step, FIGURE[self._config.task], score)
        return score
