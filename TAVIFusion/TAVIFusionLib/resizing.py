"""Pictures at another size, as `torch.nn.functional.interpolate(mode="bilinear", antialias=True)` makes them. No torch."""

from __future__ import annotations

import numpy as np


def fitted(shape: tuple[int, int], side: int) -> tuple[int, int]:
    """Rows and columns of a picture whose longer side becomes `side`, scaled alike in both directions."""
    rows, columns = (max(1, round(n * side / max(shape))) for n in shape)
    return rows, columns


def resized(picture: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(rows, columns) float32 at the size `shape`: a triangle filter, as wide as the larger of both pixels."""
    if picture.shape == shape:
        return picture
    down, across = (_weights(old, new) for old, new in zip(picture.shape, shape, strict=True))
    return (down @ picture @ across.T).astype(np.float32)


def _weights(old: int, new: int) -> np.ndarray:
    """(new, old): what each old pixel gives to each new one."""
    scale = old / new
    centers = (np.arange(new) + 0.5) * scale
    weights = np.clip(1 - np.abs(np.arange(old) + 0.5 - centers[:, None]) / max(scale, 1.0), 0, None)
    return weights / weights.sum(axis=1, keepdims=True)
