"""Local cost volume: how well each voxel's fixed feature fits the moving features around the same place.

The 2 r + 1 costs along the last axis are a band of the product of two matrices, a row of fixed features times the row of
moving features it is compared with. So a few rows at a time suffice; neither the (2 r + 1)^3 shifted products nor shifted copies
are ever stored, nor kept for the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch.autograd.function import once_differentiable

CPU_ELEMENTS = 1 << 20  # of a matrix product at a time: stays in the cache
GPU_ELEMENTS = 1 << 27


def local_cost_volume(fixed: torch.Tensor, moving: torch.Tensor, radius: int = 2) -> torch.Tensor:
    """Channel means of fixed(x) * moving(x + d) for all offsets d of a cube (RRN, eq. 3; the mean is the original code's).

    Args:
        fixed, moving: features (N, C, z, y, x); the moving ones are zero beyond the grid.
        radius: offsets reach so many voxels along each axis.

    Returns:
        (N, (2 radius + 1)^3, z, y, x), channels last in memory. Offset (dz, dy, dx) is channel
        ((dz + radius) (2 radius + 1) + dy + radius) (2 radius + 1) + dx + radius.
    """
    return _LocalCostVolume.apply(fixed, moving, radius).movedim(-1, 1)


class _LocalCostVolume(torch.autograd.Function):
    """Costs (N, z, y, x, offsets) of features (N, C, z, y, x)."""

    @staticmethod
    def forward(ctx: Any, fixed: torch.Tensor, moving: torch.Tensor, radius: int) -> torch.Tensor:
        ctx.save_for_backward(fixed, moving)
        ctx.radius = radius
        rows, padded = _channels_inside(fixed, moving, radius)
        width = 2 * radius + 1
        costs = rows.new_empty((*rows.shape[:4], width**3))
        for n, first, last in _slabs(rows):
            for k, dz, dy in _row_offsets(width):
                partners = padded[n, first + dz : last + dz, dy : dy + rows.shape[2]]
                products = (rows[n, first:last] @ partners.transpose(-1, -2)).contiguous()
                costs[n, first:last, ..., k : k + width] = _band(products, width)
        return costs.div_(fixed.shape[1])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, None]:
        fixed, moving = ctx.saved_tensors
        r = ctx.radius
        width = 2 * r + 1
        rows, padded = _channels_inside(fixed, moving, r)
        costs = (gradient / fixed.shape[1]).to(rows.dtype)
        of_rows, of_padded = torch.zeros_like(rows), torch.zeros_like(padded)
        y, x = rows.shape[2:4]
        for n, first, last in _slabs(rows):
            matrix = rows.new_zeros((last - first, y, x, x + 2 * r))
            for k, dz, dy in _row_offsets(width):
                place = (n, slice(first + dz, last + dz), slice(dy, dy + y))
                _band(matrix, width).copy_(costs[n, first:last, ..., k : k + width])
                of_rows[n, first:last] += matrix @ padded[place]
                of_padded[place] += matrix.transpose(-1, -2) @ rows[n, first:last]
        of_moving = of_padded[:, r : padded.shape[1] - r, r : r + y, r : r + x]
        return of_rows.movedim(-1, 1), of_moving.movedim(-1, 1), None


def _channels_inside(fixed: torch.Tensor, moving: torch.Tensor, radius: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Both with the channels of a voxel side by side, (N, z, y, x, C); the moving features in a frame of zeros."""
    padded = F.pad(moving.movedim(1, -1), [0, 0] + [radius] * 6)
    return fixed.movedim(1, -1).contiguous(), padded.contiguous()


def _slabs(rows: torch.Tensor) -> Iterator[tuple[int, int, int]]:
    """(sample, first slice, last slice + 1) of parts whose matrix products fit the limit."""
    n, z, y, x = rows.shape[:4]
    thickness = max(1, (GPU_ELEMENTS if rows.is_cuda else CPU_ELEMENTS) // (y * x * x))
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
