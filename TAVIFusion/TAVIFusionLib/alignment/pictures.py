"""Masks as pictures of another size, and under an affine map."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, zoom


def warped(moving: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """The moving picture (rows, columns) under M (2, 3), moving to fixed (column, row): float32, bilinear, 0 beyond."""
    turn, shift = rows_first(np.linalg.inv(np.vstack([matrix, [0, 0, 1]]))[:2])
    return affine_transform(np.asarray(moving, np.float32), turn, shift, order=1, mode="constant")


def rows_first(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(2, 2) and (2,) of places (row, column), as arrays have them, from M (2, 3) of pixels (column, row)."""
    return matrix[::-1, 1::-1], matrix[::-1, 2]


def resized(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """A mask at another size (columns, rows), float32 0 to 1; blurred before it is made smaller."""
    factors = np.array([size[1] / mask.shape[0], size[0] / mask.shape[1]])
    blurred = gaussian_filter(np.asarray(mask, np.float32), np.maximum(0, 0.5 / factors - 0.5))
    return zoom(blurred, factors, order=1, grid_mode=True, mode="nearest").clip(0, 1).astype(np.float32)


def full_matrix(matrix: np.ndarray, size: tuple[int, int], small: tuple[int, int]) -> np.ndarray:
    """M between pictures of `size` (columns, rows) from M between the same pictures at the size `small`."""
    scale = np.asarray(small) / np.asarray(size)
    shrink = np.array([[scale[0], 0, (scale[0] - 1) / 2], [0, scale[1], (scale[1] - 1) / 2], [0, 0, 1]])
    return (np.linalg.inv(shrink) @ np.vstack([matrix, [0, 0, 1]]) @ shrink)[:2]
