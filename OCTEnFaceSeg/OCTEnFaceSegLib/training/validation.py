"""How well a network does on eyes that it was not trained on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from CorrespondCoreLib.metrics import dice

from ..losses.ssim import ssim
from ..networks.contract import EnfaceNetwork
from ..prediction import view
from .config import RECONSTRUCTION
from .eyes import Eye

THRESHOLD = 0.5
FIGURE = {"segmentation": "dice", RECONSTRUCTION: "ssim"}


def validate(network: EnfaceNetwork, eyes: Iterable[Eye], task: str, device: str) -> float:
    """Mean Dice at 0.5 (1 where mask and prediction are empty), or mean SSIM; the network is in evaluation mode meanwhile."""
    was_training = network.training
    network.eval()
    scores = [score(view(network, eye.slab, device, None), eye.target, task) for eye in eyes]
    network.train(was_training)
    return float(np.mean(scores))


def score(probability: np.ndarray, target: np.ndarray, task: str) -> float:
    """Of one eye; maps (B-scans, A-scans)."""
    if task == RECONSTRUCTION:
        return float(ssim(*(torch.from_numpy(x.astype(np.float32))[None, None] for x in (probability, target))))
    mask, truth = probability >= THRESHOLD, target >= 0.5
    return dice(mask, truth) if mask.any() or truth.any() else 1.0
