"""A smooth surface over the scan, with a movement of each B-scan of its own, fitted to depths of different weight."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import BSpline

KNOT_MM = 0.9
STIFFNESS = 0.02


class SmoothSurface:
    """Tensor product of cubic B-splines plus, for each B-scan, an offset and a slope.

    Args:
        x_mm: (columns,) and z_mm: (B-scans,).
        stiffness: weight of the squared second differences of the coefficients, relative to one unit of data weight per knot.
    """

    def __init__(self, x_mm: np.ndarray, z_mm: np.ndarray, knot_mm: float = KNOT_MM, stiffness: float = STIFFNESS):
        self._bx, self._bz = _basis(x_mm, knot_mm), _basis(z_mm, knot_mm)
        x = (x_mm - x_mm.mean()) / max(np.ptp(x_mm) / 2, 1e-6)
        self._own = np.stack([np.ones_like(x), x], axis=1)
        nx, nz = self._bx.shape[1], self._bz.shape[1]
        dx, dz = np.diff(np.eye(nx), 2, axis=0), np.diff(np.eye(nz), 2, axis=0)
        self._stiff = stiffness * (np.kron(np.eye(nz), dx.T @ dx) + np.kron(dz.T @ dz, np.eye(nx)))

    def fit(self, depth: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Surface (B-scans, columns) that fits depth with weight, both of that shape, in the least squares sense.

        B-scans without weight take the movement of their neighbours.
        """
        bx, bz, own = self._bx, self._bz, self._own
        bscans, splines, each = len(bz), bz.shape[1] * bx.shape[1], own.shape[1]
        density = max(weight.sum() / splines, 1e-9)
        size = splines + each * bscans
        matrix, right = np.zeros((size, size)), np.zeros(size)
        xx = np.einsum("bw,wi,wj->bij", weight, bx, bx, optimize=True)
        xo = np.einsum("bw,wi,wj->bij", weight, bx, own, optimize=True)
        oo = np.einsum("bw,wi,wj->bij", weight, own, own, optimize=True)
        smooth = np.einsum("bk,bl,bij->kilj", bz, bz, xx, optimize=True).reshape(splines, splines)
        matrix[:splines, :splines] = smooth + density * (self._stiff + 1e-9 * np.eye(splines))
        cross = np.einsum("bk,bij->kibj", bz, xo, optimize=True).reshape(splines, -1)
        matrix[:splines, splines:], matrix[splines:, :splines] = cross, cross.T
        for b in range(bscans):
            at = slice(splines + each * b, splines + each * (b + 1))
            matrix[at, at] = oo[b] + 1e-3 * density * np.eye(each)
        weighted = weight * depth
        right[:splines] = np.einsum("bk,bw,wi->ki", bz, weighted, bx, optimize=True).ravel()
        right[splines:] = np.einsum("bw,wj->bj", weighted, own).ravel()
        solution = np.linalg.solve(matrix, right)
        moved = _filled(solution[splines:].reshape(bscans, each), weight.sum(axis=1) > 0.02 * weight.sum(axis=1).max())
        return np.asarray(bz @ solution[:splines].reshape(bz.shape[1], -1) @ bx.T + moved @ own.T)


def _basis(mm: np.ndarray, knot_mm: float) -> np.ndarray:
    """(points, splines): cubic B-splines with even knots over the points."""
    first, extent = float(mm[0]), max(float(np.ptp(mm)), 1e-6)
    pieces = max(round(extent / knot_mm), 2)
    step = extent / pieces
    knots = first + step * np.arange(-3, pieces + 4)
    inside = np.clip(mm, first, first + extent * (1 - 1e-9))
    return BSpline.design_matrix(inside, knots, 3).toarray()


def _filled(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Rows that are not known, interpolated between those that are."""
    if known.all() or not known.any():
        return values
    at = np.arange(len(values))
    return np.stack([np.interp(at, at[known], column[known]) for column in values.T], axis=1)
