"""Local cost volume: how well each voxel's fixed feature fits the moving features around the same place.

The 2 r + 1 costs along the last axis are a band of the product of two matrices, a row of fixed features times the row of
moving features it is compared with. So a few rows at a time suffice; neither the (2 r + 1)^3 shifted products nor shifted copies
are ever stored, nor kept for the gradient. Where memory runs out, fewer rows at a time are taken, with the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

CPU_ELEMENTS = 1 << 20  # of a matrix product at a time: stays in the cache
GPU_ELEMENTS = 1 << 27
SMALLER = 8  # times smaller parts when memory runs out

Result = TypeVar("Result")


@dataclass
class Parts:
    """How much is worked on at a time, in elements of a matrix product (None: what suits the device).

    shrunk: memory ran out, and less is taken at a time since.
    """

    elements: int | None = None
    shrunk: bool = False

    def limit(self, features: torch.Tensor) -> int:
        return self.elements or (GPU_ELEMENTS if features.is_cuda else CPU_ELEMENTS)

    def run(self, features: torch.Tensor, work: Callable[[], Result]) -> Result:
        """The result of work on features; repeated with smaller parts where memory ran out, down to one slice at a time."""
        while True:
            try:
                return work()
            except RuntimeError as error:  # torch.cuda.OutOfMemoryError is one
                smallest = features.shape[-2] * features.shape[-1] ** 2
                if "out of memory" not in str(error).lower() or self.limit(features) <= smallest:
                    raise
            self.elements, self.shrunk = max(self.limit(features) // SMALLER, smallest), True
            if features.is_cuda:
                torch.cuda.empty_cache()


def local_cost_volume(fixed: torch.Tensor, moving: torch.Tensor, radius: int = 2, parts: Parts | None = None) -> torch.Tensor:
    """Channel means of fixed(x) * moving(x + d) for all offsets d of a cube (RRN, eq. 3; the mean is the original code's).

    Args:
        fixed, moving: features (N, C, z, y, x); the moving ones are zero beyond the grid.
        radius: offsets reach so many voxels along each axis.
        parts: how much at a time; keeps what was found out about the memory.

    Returns:
        (N, (2 radius + 1)^3, z, y, x), channels last in memory. Offset (dz, dy, dx) is channel
        ((dz + radius) (2 radius + 1) + dy + radius) (2 radius + 1) + dx + radius.
    """
    return _LocalCostVolume.apply(fixed, moving, radius, parts or Parts()).movedim(-1, 1)


class _LocalCostVolume(torch.autograd.Function):
    """Costs (N, z, y, x, offsets) of features (N, C, z, y, x)."""

    @staticmethod
    def forward(ctx: Any, fixed: torch.Tensor, moving: torch.Tensor, radius: int, parts: Parts) -> torch.Tensor:
        ctx.save_for_backward(fixed, moving)
        ctx.radius, ctx.parts = radius, parts
        return parts.run(fixed, lambda: _costs(fixed, moving, radius, parts.limit(fixed)))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None, None]:
        fixed, moving = ctx.saved_tensors
        work = lambda: _gradients(fixed, moving, gradient, ctx.radius, ctx.parts.limit(fixed))  # noqa: E731
        return (*ctx.parts.run(fixed, work), None, None)


def _costs(fixed: torch.Tensor, moving: torch.Tensor, radius: int, elements: int) -> torch.Tensor:
    """(N, z, y, x, offsets)"""
    rows, padded = _channels_inside(fixed, moving, radius)
    width = 2 * radius + 1
    costs = rows.new_empty((*rows.shape[:4], width**3))
    for n, first, last in _slabs(rows, elements):
        for k, dz, dy in _row_offsets(width):
            partners = padded[n, first + dz : last + dz, dy : dy + rows.shape[2]]
            products = (rows[n, first:last] @ partners.transpose(-1, -2)).contiguous()
            costs[n, first:last, ..., k : k + width] = _band(products, width)
    return costs.div_(fixed.shape[1])


def _gradients(
    fixed: torch.Tensor, moving: torch.Tensor, gradient: torch.Tensor, r: int, elements: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the fixed and of the moving features, from that of the costs (N, z, y, x, offsets)."""
    width = 2 * r + 1
    rows, padded = _channels_inside(fixed, moving, r)
    costs = (gradient / fixed.shape[1]).to(rows.dtype)
    of_rows, of_padded = torch.zeros_like(rows), torch.zeros_like(padded)
    y, x = rows.shape[2:4]
    for n, first, last in _slabs(rows, elements):
        matrix = rows.new_zeros((last - first, y, x, x + 2 * r))
        for k, dz, dy in _row_offsets(width):
            place = (n, slice(first + dz, last + dz), slice(dy, dy + y))
            _band(matrix, width).copy_(costs[n, first:last, ..., k : k + width])
            of_rows[n, first:last] += matrix @ padded[place]
            of_padded[place] += matrix.transpose(-1, -2) @ rows[n, first:last]
    of_moving = of_padded[:, r : padded.shape[1] - r, r : r + y, r : r + x]
    return of_rows.movedim(-1, 1), of_moving.movedim(-1, 1)


def _channels_inside(fixed: torch.Tensor, moving: torch.Tensor, radius: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Both with the channels of a voxel side by side, (N, z, y, x, C); the moving features in a frame of zeros."""
    padded = F.pad(moving.movedim(1, -1), [0, 0] + [radius] * 6)
    return fixed.movedim(1, -1).contiguous(), padded.contiguous()


def _slabs(rows: torch.Tensor, elements: int) -> Iterator[tuple[int, int, int]]:
    """(sample, first slice, last slice + 1) of parts whose matrix products have at most so many elements."""
    n, z, y, x = rows.shape[:4]
    thickness = max(1, elements // (y * x * x))
    for sample in range(n):
        for first in range(0, z, thickness):
            yield sample, first, min(first + thickness, z)


def _row_offsets(width: int) -> Iterator[tuple[int, int, int]]:
    """(first channel, dz, dy) of each pair of rows; offsets count from 0."""
    for dz in range(width):
        for dy in range(width):
            yield (dz * width + dy) * width, dz, dy


def _band(products: torch.Tensor, width: int) -> torch.Tensor:
    """The entries (i, i + d), d = 0 .. width - 1, of matrices (a, b, x, x + width - 1), as a view (a, b, x, width)."""
    a, b, x, columns = products.shape
    return products.as_strided((a, b, x, width), (b * x * columns, x * columns, columns + 1, 1))
