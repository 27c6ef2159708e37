"""Gray values of frames as networks and filters see them. No torch."""

from __future__ import annotations

import numpy as np

DARK, BRIGHT = 2.0, 98.0  # percentiles that become -1 and 1
CLIP = 2.0
CENTER = 0.25  # of rows and columns on each side that do not count: collimators and round apertures darken the border


def normalized(frames: np.ndarray) -> np.ndarray:
    """Each frame with its own gray scale: the 2nd and 98th percentile of its central half become -1 and 1, cut at -2 and 2.

    The center is always exposed, so that a collimator does not change the scale of what lies within it.

    Args:
        frames: (T, rows, columns), any number type.

    Returns:
        (T, rows, columns) float32; 0 where a frame's center has one value only.
    """
    values = np.asarray(frames, dtype=np.float32)
    rows, columns = (round(CENTER * n) for n in values.shape[1:])
    center = values[:, rows : values.shape[1] - rows, columns : values.shape[2] - columns].reshape(len(values), -1)
    low, high = (np.asarray(p, np.float32)[:, None, None] for p in np.percentile(center, [DARK, BRIGHT], axis=1))
    span = high - low
    scaled = 2 * (values - low) / np.where(span > 0, span, 1) - 1
    return np.where(span > 0, np.clip(scaled, -CLIP, CLIP), 0).astype(np.float32)
