"""Gray values and size of frames as the networks see them, and maps back on the frames' own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

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


@dataclass(frozen=True)
class Letterbox:
    """How frames of (rows, columns) fit into a square of `side` pixels: scaled alike in both directions, and padded.

    Attributes:
        inner: rows, columns of the scaled frame in the square. before: padding above it, and left of it.
    """

    shape: tuple[int, int]
    side: int

    @property
    def inner(self) -> tuple[int, int]:
        rows, columns = (max(1, round(n * self.side / max(self.shape))) for n in self.shape)
        return rows, columns

    @property
    def before(self) -> tuple[int, int]:
        return (self.side - self.inner[0]) // 2, (self.side - self.inner[1]) // 2

    def boxed(self, frames: torch.Tensor) -> torch.Tensor:
        """(N, 1, rows, columns) to (N, 1, side, side); the border is repeated in the padding."""
        if self.inner != self.shape:
            frames = F.interpolate(frames, self.inner, mode="bilinear", align_corners=False, antialias=True)
        (top, left), (rows, columns) = self.before, self.inner
        sides = (left, self.side - left - columns, top, self.side - top - rows)
        return F.pad(frames, sides, mode="replicate") if any(sides) else frames

    def unboxed(self, maps: torch.Tensor) -> torch.Tensor:
        """(N, 1, side, side) to (N, 1, rows, columns)."""
        (top, left), (rows, columns) = self.before, self.inner
        maps = maps[..., top : top + rows, left : left + columns]
        if self.inner == self.shape:
            return maps
        return F.interpolate(maps, self.shape, mode="bilinear", align_corners=False, antialias=True)
