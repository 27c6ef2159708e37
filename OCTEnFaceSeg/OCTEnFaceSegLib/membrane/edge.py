"""Edges at which Bruch's membrane lies, under the pigment epithelium and where it is lost, and how far they are to be trusted."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .band_path import mean_between, rows_of
from .work_grid import WorkGrid

INSIDE_UM, GAP_UM, OUTSIDE_UM = 15.0, 4.0, 22.0
BIAS_UM = 4.0  # the membrane lies this far below the steepest place, by phantoms and by an expert's line on a real eye
BAND_UM = 15.0
TRUST_HALF, TRUST_WIDTH = 0.27, 0.05
ABOVE_UM, BELOW_UM = 22.0, 32.0
BARE_NEAR_COLUMNS, BARE_NEAR_BSCANS = 2.0, 0.5  # over which trust is averaged: atrophy is wider than a speckle
BARE_TRUST = 0.35  # of a full step, in atrophy


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
    smooth = _smooth(grid)
    inside = mean_between(smooth, -rows_of(INSIDE_UM, um), 0)
    outside = mean_between(smooth, rows_of(GAP_UM, um), rows_of(OUTSIDE_UM, um))
    row, _, level = _steepest(inside, outside, near, from_um / um, to_um / um)
    height = _band_step(smooth, row, um)
    relative = height / (np.abs(level) + 0.1)
    usual = [max(float(np.percentile(a[grid.valid], 75)), 1e-6) for a in (height, relative)]
    score = np.clip(height / usual[0], 0, None) * np.clip(relative / usual[1], 0, None)
    trust = np.clip(0.5 + 0.62 * np.tanh((score - TRUST_HALF) / (2 * TRUST_WIDTH)), 0, 1)
    return row + BIAS_UM / um, np.where(grid.valid[:, None], trust, 0.0)


def bare_edge(grid: WorkGrid, near: np.ndarray, within_um: float, trust: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The steepest change from dark to bright near rows: the choroid's beginning where the pigment epithelium is lost.

    Args:
        trust: of the lower edge. Where it is high all around, the epithelium is there and its upper edge must not be taken.

    Returns:
        Row of the membrane and trust, at most BARE_TRUST, both (B-scans, columns).
    """
    um = grid.row_um
    smooth = _smooth(grid)
    above, below = mean_between(smooth, -rows_of(ABOVE_UM, um), 0), mean_between(smooth, 0, rows_of(BELOW_UM, um))
    row, height, level = _steepest(below, above, near, -within_um / um, within_um / um)
    bare = ndimage.gaussian_filter(1 - trust, (BARE_NEAR_BSCANS, BARE_NEAR_COLUMNS), mode="nearest")
    bare = np.clip(2 * bare - 1, 0, 1) * (trust < 0.5)
    seen = np.clip(4 * height / (np.abs(level) + 0.1) - 0.3, 0, 1)
    return row, np.where(grid.valid[:, None], BARE_TRUST * bare * seen, 0.0)


def _band_step(smooth: np.ndarray, row: np.ndarray, um: float) -> np.ndarray:
    """Step at rows beyond the trend of what lies above and below: large for a thin bright band, small for light that fades."""
    at = np.clip(np.round(row + 0.5), 0, smooth.shape[1] - 1).astype(np.intp)[:, None, :]
    size, gap = rows_of(BAND_UM, um), round(GAP_UM / um)
    windows = [(-2 * size - gap, -size - gap), (-size, 0), (gap, gap + size), (gap + size, gap + 2 * size)]
    higher, inside, outside, lower = (np.take_along_axis(mean_between(smooth, *rows), at, 1)[:, 0] for rows in windows)
    return inside - outside - 0.5 * (higher - inside) - 0.5 * (outside - lower)


def _smooth(grid: WorkGrid) -> np.ndarray:
    return ndimage.gaussian_filter1d(grid.intensity, 0.8, axis=2, mode="nearest")


def _steepest(
    bright: np.ndarray, dark: np.ndarray, near: np.ndarray, first: float, last: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row of the largest bright - dark within rows first to last of given rows, that difference, and the sum there."""
    offsets = np.arange(np.floor(first), np.ceil(last) + 1)
    rows = np.clip(np.round(near)[:, None, :] + offsets[:, None], 0, bright.shape[1] - 1).astype(np.intp)
    one, other = np.take_along_axis(bright, rows, 1), np.take_along_axis(dark, rows, 1)
    best = (one - other).argmax(axis=1)[:, None]
    row, step, level = (np.take_along_axis(a, best, 1)[:, 0] for a in (rows, one - other, one + other))
    return row - 0.5, step, level
