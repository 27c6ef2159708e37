"""Soft Dice (paper, equations 1 and 5) and binary cross entropy (equation 2) between logits and a mask."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

SMOOTH = 1.0  # pixels; the paper states none. Two empty pictures agree, and gradients stay finite


def soft_dice(probability: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """1 - (2 sum pt + 1) / (sum p + sum t + 1), per picture, then the mean over the pictures.

    Args:
        probability: (N, 1, rows, columns), 0..1. target: 0 or 1 (or between), the same shape.
    """
    overlap = (probability * target).sum(dim=(1, 2, 3))
    sizes = probability.sum(dim=(1, 2, 3)) + target.sum(dim=(1, 2, 3))
    return (1.0 - (2.0 * overlap + SMOOTH) / (sizes + SMOOTH)).mean()


def dice_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Soft Dice of the logits' probability: the paper's loss for frames with a lower field of view."""
    return soft_dice(torch.sigmoid(logits), target)


def cross_entropy(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean binary cross entropy over all pixels: the paper's loss for frames with an upper field of view."""
    return F.binary_cross_entropy_with_logits(logits, target)


LOSSES: dict[str, dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]]] = {
    "dice": {"dice": dice_loss},
    "bce": {"bce": cross_entropy},
    "dice+bce": {"dice": dice_loss, "bce": cross_entropy},
}
"""Name of a loss -> its terms, which are added."""
