"""Random affine maps of a picture, for augmentation and for pairs of masks."""

from __future__ import annotations

import numpy as np


def random_map(
    shape: tuple[int, ...], rng: np.random.Generator, turn_deg: float, zoom: tuple[float, float], shift: float, stretch: float
) -> np.ndarray:
    """(3, 3) of pixels (column, row): turned, stretched and sheared, zoomed about the middle of the picture, and shifted.

    Args:
        turn_deg, shift, stretch: at most; the shift in parts of the side. zoom: from, to.
    """
    angle = np.deg2rad(rng.uniform(-turn_deg, turn_deg))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretched = np.eye(2) + rng.uniform(-stretch, stretch, (2, 2))
    middle = (np.array(shape[::-1]) - 1) / 2
    result = np.eye(3)
    result[:2, :2] = turn @ stretched * np.exp(rng.uniform(*np.log(zoom)))
    result[:2, 2] = middle - result[:2, :2] @ middle + rng.uniform(-shift, shift, 2) * max(shape)
    return result
