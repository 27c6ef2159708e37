"""Smoothing of a motion in time that keeps the heart's beat and leaves out frames that jumped."""

from __future__ import annotations

import numpy as np

_JUMP_MM = 5.0
_JUMP_SPREADS = 4.0


def smoothed(values: np.ndarray, times_s: np.ndarray, weights: np.ndarray, period_s: float) -> np.ndarray:
    """Whittaker's smoother: (T, D) values that follow the given ones where weights (T,) are, with little acceleration.

    Minimises sum w (z - y)^2 + (period / 2)^4 sum z''^2: of a swing that lasts pi periods, half is left, of one that lasts three
    times as long nearly all. Where the weight is 0 the curve runs through smoothly. Times need not be regular.
    """
    values, times = np.asarray(values, dtype=float), np.asarray(times_s, dtype=float)
    if len(values) < 3 or period_s == 0:
        return _filled(values, times, weights)
    second = _second_derivative(times)
    stiffness = max(period_s / 2, 1e-3) ** 4
    system = np.diag(np.asarray(weights, dtype=float)) + stiffness * second.T @ second
    return np.linalg.solve(system + 1e-12 * np.eye(len(times)), weights[:, None] * values)


def jumps(values_mm: np.ndarray, times_s: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """(T,) bool: valid frames whose values (T, D) lie far from the line between their valid neighbours.

    Far is 5 mm, or four robust standard deviations of such distances where these are larger.
    """
    result = np.zeros(len(values_mm), dtype=bool)
    index = np.nonzero(valid)[0]
    if len(index) < 3:
        return result
    before, here, after = index[:-2], index[1:-1], index[2:]
    fraction = ((times_s[here] - times_s[before]) / (times_s[after] - times_s[before]))[:, None]
    between = values_mm[before] * (1 - fraction) + values_mm[after] * fraction
    distance = np.linalg.norm(values_mm[here] - between, axis=1)
    far = distance > max(_JUMP_MM, _JUMP_SPREADS * 1.4826 * float(np.median(distance)))
    peak = distance >= np.maximum(np.append(0, distance[:-1]), np.append(distance[1:], 0))
    result[here[far & peak]] = True  # neighbours of a jump are far from their neighbours too
    return result


def _filled(values: np.ndarray, times: np.ndarray, weights: np.ndarray) -> np.ndarray:
    known = np.asarray(weights) > 0
    if not known.any():
        return np.zeros_like(values)
    return np.column_stack([np.interp(times, times[known], column[known]) for column in values.T])


def _second_derivative(times: np.ndarray) -> np.ndarray:
    """(T - 2, T) divided differences."""
    matrix = np.zeros((len(times) - 2, len(times)))
    before, after = np.diff(times)[:-1], np.diff(times)[1:]
    rows = np.arange(len(times) - 2)
    matrix[rows, rows] = 2 / (before * (before + after))
    matrix[rows, rows + 1] = -2 / (before * after)
    matrix[rows, rows + 2] = 2 / (after * (before + after))
    return matrix
