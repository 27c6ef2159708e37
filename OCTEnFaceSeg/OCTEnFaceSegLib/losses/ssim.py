"""Structural similarity of two en-face images."""

from __future__ import annotations

import torch
import torch.nn.functional as F

SIZE, SIGMA = 11, 1.5
C1, C2 = 0.01**2, 0.03**2  # for values from 0 to 1


def ssim(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Mean structural similarity, -1..1: 11x11 Gaussian window of sigma 1.5, zeros beyond the border (original code).

    Args:
        a, b: (N, 1, height, width), values 0..1.
    """
    kernel = _window(a)
    mean_a, mean_b, square_a, square_b, product = (_blurred(x, kernel) for x in (a, b, a * a, b * b, a * b))
    variance_a, variance_b = square_a - mean_a**2, square_b - mean_b**2
    covariance = product - mean_a * mean_b
    luminance = (2 * mean_a * mean_b + C1) / (mean_a**2 + mean_b**2 + C1)
    structure = (2 * covariance + C2) / (variance_a + variance_b + C2)
    return (luminance * structure).mean()


def _window(like: torch.Tensor) -> torch.Tensor:
    """(11,), sum 1."""
    distance = torch.arange(SIZE, dtype=like.dtype, device=like.device) - SIZE // 2
    kernel = torch.exp(-(distance**2) / (2 * SIGMA**2))
    return kernel / kernel.sum()


def _blurred(x: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    rows = F.conv2d(x, kernel.view(1, 1, SIZE, 1), padding=(SIZE // 2, 0))
    return F.conv2d(rows, kernel.view(1, 1, 1, SIZE), padding=(0, SIZE // 2))
