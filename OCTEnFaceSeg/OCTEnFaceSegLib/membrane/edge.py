"""The lower edge of the pigment epithelium, where Bruch's membrane lies, and how far it is to be trusted."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .band_path import mean_between, rows_of
from .work_grid import WorkGrid

INSIDE_UM, GAP_UM, OUTSIDE_UM = 15.0, 4.0, 22.0
BIAS_UM = 4.0  # the membrane lies this far below the steepest place, by phantoms and by an expert's line on a real eye
TRUST_HALF, TRUST_WIDTH = 0.27, 0.05


def lower_edge(grid: WorkGrid, near: np.ndarray, from_um: float, to_um: float) -> tuple[np.ndarray, np.ndarray]:
    """The steepest change from bright to dark in a range below (or above) given rows, and its trust 0..1.

    Trust compares the step, and the step relative to the brightness, with those of the eye's better columns: without pigment
    epithelium (atrophy) the choroid is as bright as what lies above it, and there is no such step.

    Args:
        near: (B-scans, columns) rows. from_um, to_um: the range relative to them, positive is deeper.

    Returns:
        Row of the membrane and trust, both (B-scans, columns).
    """
    um = grid.row_um
    smooth = ndimage.gaussian_filter1d(grid.intensity, 0.8, axis=2, mode="nearest")
    inside = mean_between(smooth, -rows_of(INSIDE_UM, um), 0)
    outside = mean_between(smooth, rows_of(GAP_UM, um), rows_of(OUTSIDE_UM, um))
    offsets = np.arange(np.floor(from_um / um), np.ceil(to_um / um) + 1)
    rows = np.clip(np.round(near)[:, None, :] + offsets[:, None], 0, smooth.shape[1] - 1).astype(np.intp)
    bright, dark = np.take_along_axis(inside, rows, 1), np.take_along_axis(outside, rows, 1)
    step = bright - dark
    best = step.argmax(axis=1)[:, None]
    height, level = (np.take_along_axis(a, best, 1)[:, 0] for a in (step, bright + dark))
    row = np.take_along_axis(rows, best, 1)[:, 0] - 0.5 + BIAS_UM / um
    relative = height / (np.abs(level) + 0.1)
    usual = [max(float(np.percentile(a[grid.valid], 75)), 1e-6) for a in (height, relative)]
    score = np.clip(height / usual[0], 0, None) * np.clip(relative / usual[1], 0, None)
    trust = 0.5 + 0.5 * np.tanh((score - TRUST_HALF) / (2 * TRUST_WIDTH))
    return row, np.where(grid.valid[:, None], trust, 0.0)
