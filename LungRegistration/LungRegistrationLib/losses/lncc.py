"""Local normalized cross-correlation: the value, and the locally standardized image whose squared difference it is.

Within a window, mean((a - b)^2) of two standardized images is 2 - 2 cc: a sum of squares that Gauss-Newton steps can use.
"""

from __future__ import annotations

import torch

from ..geometry.filters import box, gaussian


def lncc_loss(fixed: torch.Tensor, warped: torch.Tensor, radius: int = 2, eps: float = 1e-5) -> torch.Tensor:
    """1 - mean squared local correlation over cubes of 2 radius + 1 voxels, of (1, 1, z, y, x) volumes: 0 = affinely related."""
    mean_f, mean_w = box(fixed, radius), box(warped, radius)
    covariance = box(fixed * warped, radius) - mean_f * mean_w
    variance_f = box(fixed * fixed, radius) - mean_f**2
    variance_w = box(warped * warped, radius) - mean_w**2
    return 1 - (covariance**2 / (variance_f.clamp_min(0) * variance_w.clamp_min(0) + eps)).mean()


def standardized(volume: torch.Tensor, sigma_voxels: float, noise: float) -> torch.Tensor:
    """(volume - local mean) / local standard deviation in a Gaussian window, (1, 1, z, y, x).

    Args:
        sigma_voxels: standard deviation of the window.
        noise: standard deviation (HU) below which structure counts as noise and is not amplified.
    """
    mean = gaussian(volume, sigma_voxels)
    centered = volume - mean
    variance = gaussian(centered * centered, sigma_voxels)
    return centered / (variance + noise**2).sqrt()
