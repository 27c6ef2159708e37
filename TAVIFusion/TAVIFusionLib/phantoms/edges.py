"""Edges with an error, as every segmentation has them."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter


def rough_edge(mask: np.ndarray, error_px: float, smooth_px: float, rng: np.random.Generator) -> np.ndarray:
    """A mask (rows, columns) whose edge is moved by a smooth random field.

    Args:
        error_px: standard deviation of the move. smooth_px: of the Gaussian that smooths it.
    """
    if not mask.any():
        return mask
    noise = gaussian_filter(rng.standard_normal(mask.shape), smooth_px)
    inside = distance_transform_edt(mask) - distance_transform_edt(~mask)
    return inside + error_px * noise / noise.std() > 0
