"""Whether a person could see a vessel in a frame: how far it is darker than what lies beside it, against the noise."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

BESIDE = (2, 8)  # pixels from the mask, at 256 x 256
NOISE_PX, LOOK_PX = 1.5, 1.0
VISIBLE = 1.0  # standard deviations of the noise of one pixel


def contrast_to_noise(gray: np.ndarray, mask: np.ndarray) -> float:
    """Mean gray of a band beside the mask minus that of the mask, in standard deviations of the noise; nan for an empty mask.

    The noise is what a Gaussian of 1.5 pixels takes away, in the mask and beside it.

    Args:
        gray: (256, 256) float32. mask: the same shape, bool.
    """
    near = ndimage.binary_dilation(mask, iterations=BESIDE[1])
    beside = near & ~ndimage.binary_dilation(mask, iterations=BESIDE[0])
    if not mask.any() or not beside.any():
        return math.nan
    noise = float((gray - ndimage.gaussian_filter(gray, NOISE_PX))[near].std())
    seen = ndimage.gaussian_filter(gray, LOOK_PX)
    return float(seen[beside].mean() - seen[mask].mean()) / max(noise, 1e-4)
