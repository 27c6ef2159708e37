"""Affine maps of pictures: as a spatial transformer takes them (theta), and as the paper's equation 4 writes them (M).

theta (N, 2, 3) takes points (x, y) of the FIXED picture to the moving one, both from -1 (center of the first pixel) to 1 (center
of the last one). M (2, 3) takes pixels (column, row) of the MOVING picture to the fixed one. Each is the other's
inverse, in other units.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from CorrespondCoreLib.errors import InputError

IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0))


def warp(moving: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
    """The moving pictures (N, C, rows, columns) as the fixed ones see them, bilinear, 0 beyond the border.

    Args:
        theta: (N, 2, 3), fixed to moving.
    """
    points = F.affine_grid(theta, list(moving.shape), align_corners=True)
    return F.grid_sample(moving, points, mode="bilinear", padding_mode="zeros", align_corners=True)


def pixel_matrix(theta: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """M (2, 3), moving to fixed pixels (paper, equation 4), of a theta (2, 3).

    Args:
        size: columns, rows, of both pictures.

    Raises:
        InputError: the map cannot be inverted.
    """
    units = _pixels_to_units(size)
    fixed_to_moving = np.linalg.inv(units) @ _square(theta) @ units
    if not abs(np.linalg.det(fixed_to_moving)) > 1e-9:
        raise InputError("The affine map folds the picture onto a line and cannot be inverted. Align by hand or in pose mode.")
    return np.linalg.inv(fixed_to_moving)[:2]


def theta_of(matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """theta (2, 3) of an M (2, 3); the inverse of `pixel_matrix`."""
    units = _pixels_to_units(size)
    return (units @ np.linalg.inv(_square(matrix)) @ np.linalg.inv(units))[:2]


def _square(matrix: np.ndarray) -> np.ndarray:
    return np.vstack([np.asarray(matrix, dtype=float), [0.0, 0.0, 1.0]])


def _pixels_to_units(size: tuple[int, int]) -> np.ndarray:
    columns, rows = size
    return np.array([[2 / (columns - 1), 0, -1], [0, 2 / (rows - 1), -1], [0, 0, 1]])
