"""The part of a frame that the collimator leaves open: it is convex, whether the blades or a round aperture bound it."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

DARK = -0.6  # normalized gray value below which a shutter, but also a vessel, lies
SMOOTH = 1 / 128  # of the longer side: noise in the shutter stays below the limit
RIM = 3 / 256  # of the longer side, of the open part, that the shutters' shadow changes
SMALLEST = 0.2  # of the frame; an open part below that is none


def open_field(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The convex hull of what is not dark, and the same without the rim that the shutters' shadow changes.

    Both are the whole frame where that hull is less than a fifth of it.

    Args:
        frame: (rows, columns) float32, normalized (see `gray_scale.normalized`).

    Returns:
        Two (rows, columns) bool.
    """
    whole = np.ones(frame.shape, bool)
    bright = ndimage.gaussian_filter(frame, SMOOTH * max(frame.shape)) > DARK
    labels, count = ndimage.label(bright)
    if not count:
        return whole, whole
    sizes = np.bincount(labels.ravel())[1:]
    parts = np.isin(labels, 1 + np.flatnonzero(sizes >= 0.05 * sizes.max()))
    try:
        sides = ConvexHull(_ends_of_rows(parts)).equations
    except QhullError:  # all in one line
        return whole, whole
    rows, columns = np.indices(frame.shape)
    depth = np.full(frame.shape, np.inf)
    for down, right, offset in sides:
        np.minimum(depth, -(down * rows + right * columns + offset), out=depth)
    if (depth >= 0).mean() < SMALLEST:
        return whole, whole
    return depth >= 0, depth >= RIM * max(frame.shape)


def _ends_of_rows(parts: np.ndarray) -> np.ndarray:
    """(K, 2) row and column of the first and the last pixel of each row: they have the hull of all."""
    rows = np.flatnonzero(parts.any(axis=1))
    first, last = parts[rows].argmax(axis=1), parts.shape[1] - 1 - parts[rows, ::-1].argmax(axis=1)
    return np.column_stack([np.tile(rows, 2), np.concatenate([first, last])])


def continued(frame: np.ndarray, field: np.ndarray) -> np.ndarray:
    """The frame with the nearest value of the field beyond it, so that the field has no edge."""
    nearest = ndimage.distance_transform_edt(~field, return_distances=False, return_indices=True)
    return frame[tuple(nearest)]
