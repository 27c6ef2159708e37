"""What a physician would draw: of the vessels that hold contrast, those that can be seen in the frame."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, label

ROSE = 5.0
"""Standard deviations of the noise of a patch, from which an eye sees it (A. Rose, J Opt Soc Am 1948)."""
PATCH_PX = 10.0
"""Side of the patch over which an eye adds up, about as wide as the vessels, in a frame of 256 pixels."""
LEAST_RATIO = ROSE / PATCH_PX
"""The same for the noise of one pixel: the contrast-to-noise ratio below which a vessel is not annotated."""
LEAST_NOISE = 2 / 255
"""Noise that is taken at least, as gray value 0..1: nobody sees a difference of less on a screen."""
NEAR_PX = 5.0
LEAST_PART, LEAST_GAP = 100, 200
"""Pixels: smaller parts are not drawn, smaller gaps are drawn over."""


def annotated(opacified: np.ndarray, gray: np.ndarray, shown: np.ndarray, plain: np.ndarray) -> np.ndarray:
    """(rows, columns) bool: the parts of opacified vessels whose contrast-to-noise ratio is at least 0.5.

    The contrast is by how much contrast medium darkens the frame, the noise what the frame has besides what it would have
    without any; both as displayed, so that what the display makes black all over counts as not seen.

    Args:
        opacified: (rows, columns) bool. gray: the frame, 0..1.
        shown, plain: the frame without noise, with contrast and without it (`detector.without_noise`).
    """
    scale = max(gray.shape) / 256
    noise = np.sqrt(gaussian_filter((gray - shown) ** 2, NEAR_PX * scale)) / scale
    ratio = (plain - shown) / np.maximum(noise, LEAST_NOISE)
    weight = opacified.astype(np.float32)
    near = gaussian_filter(ratio * weight, NEAR_PX * scale) / np.maximum(gaussian_filter(weight, NEAR_PX * scale), 1e-3)
    drawn = _parts(opacified & (near >= LEAST_RATIO), LEAST_PART * scale**2)
    return opacified & _parts(opacified & ~_parts(opacified & ~drawn, LEAST_GAP * scale**2), LEAST_PART * scale**2)


def _parts(mask: np.ndarray, least: float) -> np.ndarray:
    """The connected parts of a mask that have so many pixels."""
    parts, _count = label(mask)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= least)[parts]
