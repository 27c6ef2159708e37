"""Soft Dice and binary cross entropy between logits and a mask."""

from __future__ import annotations

import torch
import torch.nn.functional as F

EPS = 1e-6


def soft_dice(prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """1 - 2 (sum pt + 1e-6) / (sum p^2 + sum t + 2e-6), all sums over batch and pixels together (original code).

    Args:
        prediction: probabilities, any shape. target: 0 or 1 (or between), the same shape.
    """
    overlap = (prediction * target).sum() + EPS
    return 1.0 - 2.0 * overlap / (prediction.square().sum() + target.sum() + 2.0 * EPS)


def dice_bce(logits: torch.Tensor, target: torch.Tensor, factor: float = 1.0) -> dict[str, torch.Tensor]:
    """The terms of the segmentation loss, which is their sum (paper, section 2.2); factor 0.5 is the original code's mean."""
    logits = logits.float()
    return {
        "dice": factor * soft_dice(torch.sigmoid(logits), target),
        "bce": factor * F.binary_cross_entropy_with_logits(logits, target),
    }
