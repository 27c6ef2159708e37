"""Size of frames as the networks see them, and maps back on the frames' own pixels."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .resizing import fitted


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
        return fitted(self.shape, self.side)

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
