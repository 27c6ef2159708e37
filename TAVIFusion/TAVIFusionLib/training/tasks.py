"""What a network learns from a frame, and how well it does it: segmentation, or matching of two masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import torch

from ..gray_scale import normalized
from ..losses.overlap import LOSSES, soft_dice
from ..losses.place import place_error
from ..metrics import SCORES, THRESHOLD, frame_scores
from ..networks.contract import FrameNetwork
from ..networks.transformer import theta_of, warp
from ..phantoms.model_pairs import MaskPair
from .augmentation import augmented
from .config import TrainingConfig
from .frames import Frame
from .mask_pairs import mask_pair, varied

PLACE_WEIGHT = 5.0
Arrays = tuple[np.ndarray, ...]


class Task(Protocol):
    """One of the two.

    Attributes:
        terms: names of the loss's terms.
    """

    terms: list[str]

    def sample(self, given: Any, rng: np.random.Generator) -> Arrays:
        """What a frame or a pair of masks becomes in training: the network's input, its target, and what else is known."""
        ...

    def judged(self, given: Any, rng: np.random.Generator) -> Arrays:
        """What it becomes to judge the network."""
        ...

    def losses(self, network: torch.nn.Module, *batch: torch.Tensor) -> dict[str, torch.Tensor]:
        """Terms of the loss of batches (N, 1, ...) of these arrays."""
        ...

    def result(self, network: FrameNetwork, *batch: torch.Tensor) -> torch.Tensor:
        """Probability (N, 1, rows, columns) of what the second array, the target, shows."""
        ...


class Segmentation:
    """Gray frame and mask; the network tells the mask from the frame."""

    def __init__(self, config: TrainingConfig):
        self._losses = LOSSES[config.loss]
        self._augment, self._other_detectors = config.augmentation, config.other_detectors
        self.terms = list(self._losses)

    def sample(self, given: Frame, rng: np.random.Generator) -> Arrays:
        return self.judged(augmented(given, rng, self._other_detectors) if self._augment else given, rng)

    def judged(self, given: Frame, rng: np.random.Generator) -> Arrays:
        return normalized(given.gray[None])[0], given.mask.astype(np.float32)

    def losses(self, network: torch.nn.Module, *batch: torch.Tensor) -> dict[str, torch.Tensor]:
        gray, mask = batch
        logits = network(gray).float()
        return {name: term(logits, mask) for name, term in self._losses.items()}

    def result(self, network: FrameNetwork, *batch: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(network(batch[0]).float())


class Matching:
    """Moving mask, fixed mask, true map; the network tells how the moving one lies in the fixed one.

    The paper's loss, Dice, is told nothing else (II-C). An affine map can raise it by stretching the model until it fills what
    contrast shows; the term "place" holds it to where the vessel truly is.
    """

    def __init__(self, config: TrainingConfig):
        self._augment = config.augmentation
        self.terms = config.loss.split("+")

    def sample(self, given: Frame | MaskPair, rng: np.random.Generator) -> Arrays:
        pair = _pair_of(given, rng)
        return _arrays(varied(pair, rng) if self._augment and isinstance(given, MaskPair) else pair)

    def judged(self, given: Frame | MaskPair, rng: np.random.Generator) -> Arrays:
        return _arrays(_pair_of(given, rng))

    def losses(self, network: torch.nn.Module, *batch: torch.Tensor) -> dict[str, torch.Tensor]:
        moving, fixed, true = batch
        theta = network(moving, fixed).float()
        terms = {"dice": soft_dice(warp(moving, theta), fixed)}
        if "place" in self.terms:
            terms["place"] = PLACE_WEIGHT * place_error(theta, true[:, 0], fixed)
        return terms

    def result(self, network: FrameNetwork, *batch: torch.Tensor) -> torch.Tensor:
        moving, fixed = batch[:2]
        return warp(moving, network(moving, fixed).float())


def task_of(config: TrainingConfig) -> Task:
    """The task that a configuration names."""
    return Segmentation(config) if config.task == "segmentation" else Matching(config)


@torch.inference_mode()
def scores(
    network: FrameNetwork, task: Task, samples: Sequence[Arrays], device: torch.device, batch: int = 4
) -> list[dict[str, float]]:
    """Dice, precision and recall of each sample; the network is in evaluation mode meanwhile."""
    was_training = network.training
    network.eval()
    rows = []
    for start in range(0, len(samples), batch):
        arrays = batch_of(samples[start : start + batch], device)
        found = task.result(network, *arrays).cpu().numpy()[:, 0]
        rows += [frame_scores(p, m >= THRESHOLD) for p, m in zip(found, arrays[1].cpu().numpy()[:, 0], strict=True)]
    network.train(was_training)
    return rows


def batch_of(samples: Sequence[Arrays], device: torch.device) -> list[torch.Tensor]:
    """Tensors (N, 1, ...) of each of the samples' arrays."""
    return [torch.from_numpy(np.stack(part))[:, None].to(device) for part in zip(*samples, strict=True)]


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each score over samples."""
    return {name: float(np.mean([row[name] for row in rows])) for name in SCORES}


def _pair_of(given: Frame | MaskPair, rng: np.random.Generator) -> MaskPair:
    return given if isinstance(given, MaskPair) else mask_pair(given.mask, rng)


def _arrays(pair: MaskPair) -> Arrays:
    rows, columns = pair.fixed.shape
    theta = theta_of(pair.matrix, (columns, rows))
    return pair.moving.astype(np.float32), pair.fixed.astype(np.float32), theta.astype(np.float32)
