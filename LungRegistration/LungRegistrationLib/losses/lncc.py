"""Local normalized cross-correlation: the value, and the locally standardized image whose squared difference it is.

Within a window, mean((a - b)^2) of two standardized images is 2 - 2 cc: a sum of squares that Gauss-Newton steps can use.
"""

from __future__ import annotations

import torch

from CorrespondCoreLib.errors import InputError

from ..geometry.filters import box, gaussian


def lncc_loss(fixed: torch.Tensor, warped: torch.Tensor, window: int = 9, eps: float = 1e-5) -> torch.Tensor:
    """1 - mean squared local correlation of (N, C, z, y, x) volumes: 0 where one is everywhere an affine function of the other.

    RRN, eq. 4, as a mean instead of a sum. The original code has a window of 5; its sign and scale differ from this by 1 alone,
    and beyond the border it sees zeros, where here the border's value is continued.

    Args:
        window: voxels along the side of the cube in which means and variances are taken; odd.
        eps: added to the product of the two sums of squares; fits images in 0..1.
    """
    if window % 2 == 0 or window < 3:
        raise InputError(f"The window of local correlation is an odd number of voxels from 3 on, not {window}.")
    count = window**3
    f, w = (v - v.mean((2, 3, 4), keepdim=True) for v in (fixed, warped))  # nothing changes but rounding errors
    mean_f, mean_w = box(f, window // 2), box(w, window // 2)
    covariance = count * (box(f * w, window // 2) - mean_f * mean_w)
    square_f = count * (box(f * f, window // 2) - mean_f**2)
    square_w = count * (box(w * w, window // 2) - mean_w**2)
    structured = (square_f > 0) & (square_w > 0)  # rounding makes variances of flat windows negative
    return 1 - torch.where(structured, covariance**2 / (square_f.relu() * square_w.relu() + eps), 0.0).mean()


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
