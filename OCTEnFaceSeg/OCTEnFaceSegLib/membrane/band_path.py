"""First guess: a path along the bright band of the outer retina in each B-scan."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .work_grid import WorkGrid

LEAST_UM, MOST_UM = 110.0, 620.0  # of the retina's thickness, with room for atrophy and for drusen
STEP_ROWS, STEP_COST = 4, 0.03
NO_TISSUE_ABOVE = 3.0  # darkness above counts more than the step: choroid under atrophy may be brighter than the retina


def mean_between(intensity: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean over rows z + first .. z + last - 1 for each row z; rows beyond the ends are those at the ends."""
    summed = np.cumsum(np.pad(intensity, ((0, 0), (1, 0), (0, 0))), axis=1, dtype=np.float64)
    rows = intensity.shape[1]
    low, high = (np.clip(np.arange(rows) + offset, 0, rows) for offset in (first, last))
    low, high = np.minimum(low, rows - 1), np.maximum(high, 1)
    return np.asarray((summed[:, high] - summed[:, low]) / np.maximum(high - low, 1)[:, None], np.float32)


def retina_surface(grid: WorkGrid) -> np.ndarray:
    """Row (B-scans, columns) at which the vitreous ends: the greatest step from dark to bright."""
    um = grid.row_um
    above = mean_between(grid.intensity, -rows_of(160, um), 0)
    step = mean_between(grid.intensity, 0, rows_of(70, um)) - NO_TISSUE_ABOVE * np.maximum(above, 0)
    found = best_path(step, STEP_ROWS, STEP_COST)
    return ndimage.median_filter(found, (3, 9), mode="nearest")


def bright_band(grid: WorkGrid) -> np.ndarray:
    """Row (B-scans, columns) of the middle of the band of photoreceptors and pigment epithelium, where they are.

    The band is brighter than the 60 um above and than what lies 40 um below, and it lies deeper than the retina is thin.
    """
    um = grid.row_um
    band = mean_between(grid.intensity, -rows_of(35, um), rows_of(25, um))
    above = mean_between(grid.intensity, -rows_of(100, um), -rows_of(45, um))
    below = mean_between(grid.intensity, rows_of(40, um), rows_of(140, um))
    score = band - 0.5 * above - 0.5 * below
    surface = retina_surface(grid)
    row = np.arange(score.shape[1])[None, :, None]
    outside = (row < surface[:, None] + LEAST_UM / um) | (row > surface[:, None] + MOST_UM / um)
    return best_path(np.where(outside, score - 2.0, score), STEP_ROWS, STEP_COST)


def best_path(score: np.ndarray, most_rows: int, cost: float) -> np.ndarray:
    """Rows (B-scans, columns) of the path with the largest sum in each B-scan of score (B-scans, rows, columns).

    From column to column a path moves by at most `most_rows` rows, each at `cost`.
    """
    bscans, rows, columns = score.shape
    moves = np.arange(-most_rows, most_rows + 1)
    came = np.zeros((columns, bscans, rows), np.int8)
    total = score[:, :, 0].astype(np.float32)
    padded = np.full((bscans, rows + 2 * most_rows), -np.inf, np.float32)
    for c in range(1, columns):
        padded[:, most_rows : most_rows + rows] = total
        best = np.full((bscans, rows), -np.inf, np.float32)
        for index, move in enumerate(moves):
            candidate = padded[:, index : index + rows] - np.float32(cost * abs(move))
            better = candidate > best
            best[better] = candidate[better]
            came[c][better] = move
        total = best + score[:, :, c]
    path = np.empty((bscans, columns), np.int64)
    path[:, -1] = total.argmax(axis=1)
    every = np.arange(bscans)
    for c in range(columns - 1, 0, -1):
        path[:, c - 1] = path[:, c] + came[c, every, path[:, c]]
    return path


def rows_of(um: float, row_um: float) -> int:
    """Rows that a distance spans, at least one."""
    return max(round(um / row_um), 1)
