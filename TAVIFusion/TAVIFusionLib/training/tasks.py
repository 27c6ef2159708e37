"""What a network learns from a frame, and how well it does it: segmentation, or matching of two masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from ..gray_scale import normalized
from ..losses.overlap import LOSSES, soft_dice
from ..metrics import SCORES, THRESHOLD, frame_scores
from ..networks.contract import FrameNetwork
from ..networks.transformer import warp
from .augmentation import augmented
from .config import TrainingConfig
from .frames import Frame
from .mask_pairs import mask_pair


class Task(Protocol):
    """One of the two.

    Attributes:
        terms: names of the loss's terms.
    """

    terms: list[str]

    def sample(self, frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Two pictures (rows, columns) float32 that a frame becomes in training."""
        ...

    def judged(self, frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Those that it becomes to judge the network."""
        ...

    def losses(self, network: torch.nn.Module, first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
        """Terms of the loss of batches (N, 1, rows, columns) of these pictures."""
        ...

    def result(self, network: FrameNetwork, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """Probability (N, 1, rows, columns) of what the second pictures show."""
        ...


class Segmentation:
    """Gray frame and mask; the network tells the mask from the frame."""

    def __init__(self, config: TrainingConfig):
        self._losses = LOSSES[config.loss]
        self._augment = config.augmentation
        self.terms = list(self._losses)

    def sample(self, frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return self.judged(augmented(frame, rng) if self._augment else frame, rng)

    def judged(self, frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return normalized(frame.gray[None])[0], frame.mask.astype(np.float32)

    def losses(self, network: torch.nn.Module, first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
        logits = network(first).float()
        return {name: term(logits, second) for name, term in self._losses.items()}

    def result(self, network: FrameNetwork, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(network(first).float())


class Matching:
    """Moving and fixed mask; the network tells how the moving one lies in the fixed one, and nobody tells it (paper, II-C)."""

    terms = ["dice"]

    def sample(self, frame: Frame, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        return mask_pair(frame.mask, rng)

    judged = sample

    def losses(self, network: torch.nn.Module, first: torch.Tensor, second: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"dice": soft_dice(warp(first, network(first, second).float()), second)}

    def result(self, network: FrameNetwork, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return warp(first, network(first, second).float())


def task_of(config: TrainingConfig) -> Task:
    """The task that a configuration names."""
    return Segmentation(config) if config.task == "segmentation" else Matching()


@torch.inference_mode()
def scores(
    network: FrameNetwork, task: Task, samples: Sequence[tuple[np.ndarray, np.ndarray]], device: torch.device, batch: int = 4
) -> list[dict[str, float]]:
    """Dice, precision and recall of each sample; the network is in evaluation mode meanwhile."""
    was_training = network.training
    network.eval()
    rows = []
    for start in range(0, len(samples), batch):
        first, second = (torch.from_numpy(np.stack(part))[:, None] for part in zip(*samples[start : start + batch], strict=True))
        found = task.result(network, first.to(device), second.to(device)).cpu().numpy()[:, 0]
        rows += [frame_scores(p, m >= THRESHOLD) for p, m in zip(found, second.numpy()[:, 0], strict=True)]
    network.train(was_training)
    return rows


def means(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each score over samples."""
    return {name: float(np.mean([row[name] for row in rows])) for name in SCORES}
