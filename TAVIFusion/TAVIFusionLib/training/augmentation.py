"""Changes of a frame that keep what it shows: place, size, shape, mirror; then another system's exposure and collimator."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from ..alignment.pictures import rows_first
from .detector_changes import as_another_detector, random_opening
from .frames import Frame
from .random_map import random_map

TURN_DEG, ZOOM, SHIFT = 20.0, (0.65, 1.5), 0.12  # shift in parts of the side
STRETCH = 0.12
BENDING, BEND_LENGTH = 0.015, 0.25  # standard deviation of smooth shifts of places, and over which length; parts of the side
COLLIMATED = 0.4  # share of frames that get one more collimator


def augmented(frame: Frame, rng: np.random.Generator, other_detectors: bool = True) -> Frame:
    """Another frame of a vessel like it.

    Args:
        rng: all that is random.
        other_detectors: change what depends on the system, too; without it place, size and shape alone.
    """
    gray, mask = frame.gray, frame.mask
    turn, shift = rows_first(random_map(gray.shape, rng, TURN_DEG, ZOOM, SHIFT, STRETCH)[:2])
    places = np.tensordot(turn, np.indices(gray.shape), 1) + shift[:, None, None] + _bending(gray.shape, rng)
    gray = ndimage.map_coordinates(gray, places, order=1, mode="nearest")
    mask = ndimage.map_coordinates(mask.astype(np.float32), places, order=1) >= 0.5
    if rng.random() < 0.5:
        gray, mask = gray[:, ::-1], mask[:, ::-1]
    if other_detectors:
        gray = as_another_detector(gray, rng)
        if rng.random() < COLLIMATED:
            opening = random_opening(gray.shape, rng)
            gray, mask = np.where(opening, gray, gray.min()), mask & opening
    return Frame(np.ascontiguousarray(gray), np.ascontiguousarray(mask))


def _bending(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(2, rows, columns) smooth shifts in pixels, drawn on a coarse grid."""
    cells = round(1 / BEND_LENGTH)
    shifts = rng.normal(0, BENDING * max(shape), (2, cells, cells))
    return np.stack([ndimage.zoom(s, np.divide(shape, cells), order=3, mode="nearest", grid_mode=True) for s in shifts])
