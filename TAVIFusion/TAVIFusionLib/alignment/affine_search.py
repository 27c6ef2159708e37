"""Affine maps between two masks without a network: by their moments, and by direct optimisation of soft Dice."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.optimize import minimize

from .pictures import full_matrix, resized

_SIDE = 128
_BLURS = (6.0, 2.5, 1.0)
_SMOOTH = 1.0


def moments_matrix(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """M (2, 3), moving to fixed (column, row), that carries centroid and second moments over without a turn of its own.

    A = C_fixed^(1/2) C_moving^(-1/2), the symmetric roots.
    """
    (center, spread), (target, wanted) = (_moments(mask) for mask in (moving, fixed))
    linear = _root(wanted, 0.5) @ _root(spread, -0.5)
    return np.column_stack([linear, target - linear @ center])


def direct_matrix(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """M (2, 3) of the highest soft Dice that descent finds from the moments' map and from a shift, coarse to fine.

    Soft Dice is 2 sum(m f) / (sum m + sum f) of blurred pictures; all six numbers of M are free.
    """
    size = moving.shape[::-1]
    small = (_SIDE, max(16, round(_SIDE * size[1] / size[0])))
    pictures = resized(moving, small), resized(fixed, small)
    shrunk = [full_matrix(start, small, size) for start in (moments_matrix(moving, fixed), _shift(moving, fixed))]
    found = [_descend(*pictures, start) for start in shrunk]
    return full_matrix(min(found, key=lambda each: each[0])[1], size, small)


def _descend(moving: np.ndarray, fixed: np.ndarray, matrix: np.ndarray) -> tuple[float, np.ndarray]:
    loss = 1.0
    for blur in _BLURS:
        objective = _SoftDice(gaussian_filter(moving, blur), gaussian_filter(fixed, blur))
        result = minimize(objective, objective.numbers(matrix), jac=True, method="L-BFGS-B", options={"maxiter": 60})
        loss, matrix = float(result.fun), objective.matrix(result.x)
    return loss, matrix


class _SoftDice:
    """1 - soft Dice and its gradient, of six numbers: the map from fixed to moving about the fixed picture's middle, whose linear
    part is in units of the picture's half width, so that all six weigh alike."""

    def __init__(self, moving: np.ndarray, fixed: np.ndarray):
        rows, columns = np.indices(fixed.shape, dtype=float)
        self._fixed, self._moving = fixed, moving
        self._gradients = np.gradient(moving)[::-1]
        self._middle = (np.array(fixed.shape[::-1]) - 1) / 2
        self._half = fixed.shape[1] / 2
        self._places = np.stack([columns.ravel(), rows.ravel()], axis=1) - self._middle

    def numbers(self, matrix: np.ndarray) -> np.ndarray:
        inverse = np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2]
        shift = inverse[:, :2] @ self._middle + inverse[:, 2] - self._middle
        return np.concatenate([(inverse[:, :2] - np.eye(2)).ravel() * self._half, shift])

    def matrix(self, numbers: np.ndarray) -> np.ndarray:
        linear, shift = np.eye(2) + numbers[:4].reshape(2, 2) / self._half, numbers[4:]
        inverse = np.column_stack([linear, self._middle + shift - linear @ self._middle])
        return np.linalg.inv(np.vstack([inverse, [0, 0, 1]]))[:2]

    def __call__(self, numbers: np.ndarray) -> tuple[float, np.ndarray]:
        linear = np.eye(2) + numbers[:4].reshape(2, 2) / self._half
        asked = (self._places @ linear.T + self._middle + numbers[4:])[:, ::-1].T
        seen = map_coordinates(self._moving, asked, order=1, mode="constant")
        slopes = [map_coordinates(gradient, asked, order=1, mode="constant") for gradient in self._gradients]
        fixed = self._fixed.ravel()
        total, shared = seen.sum() + fixed.sum() + _SMOOTH, 2 * (seen @ fixed) + _SMOOTH
        by_pixel = 2 * fixed / total - shared / total**2
        pulls = np.stack([by_pixel * slope for slope in slopes])
        gradient = np.concatenate([(pulls @ self._places / self._half).ravel(), pulls.sum(axis=1)])
        return 1 - shared / total, -gradient


def _shift(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    return np.column_stack([np.eye(2), _moments(fixed)[0] - _moments(moving)[0]])


def _moments(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centroid (column, row) and (2, 2) covariance of a mask's pixels, of at least a pixel's own size."""
    rows, columns = np.nonzero(mask)
    places = np.column_stack([columns, rows]).astype(float)
    center = places.mean(axis=0)
    away = places - center
    return center, away.T @ away / len(places) + np.eye(2) / 12


def _root(matrix: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * values**power) @ vectors.T
