"""Displacement fields as networks know them: (N, 3, z, y, x), components (x, y, z), in voxels of the field's own grid.

Grids of different size over one box share the centers of their corner voxels (align_corners=True), so that a displacement of
one voxel on a grid of n voxels is one of (m - 1) / (n - 1) voxels on a grid of m.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F

from .warp import displaced_grid, grid_values


def in_mm(field_voxels: torch.Tensor, spacing_mm: Sequence[float]) -> torch.Tensor:
    """The same field in mm, for a grid with spacing (x, y, z)."""
    return field_voxels * field_voxels.new_tensor(spacing_mm).view(1, 3, 1, 1, 1)


def in_voxels(field_mm: torch.Tensor, spacing_mm: Sequence[float]) -> torch.Tensor:
    """A field in mm in voxels of its grid, which has spacing (x, y, z)."""
    return field_mm / field_mm.new_tensor(spacing_mm).view(1, 3, 1, 1, 1)


def full_precision(field: torch.Tensor) -> torch.Tensor:
    """The same field in float32 at least: half precision, in which networks may compute, would round displacements."""
    return field.to(torch.promote_types(field.dtype, torch.float32))


def float32_only(near: torch.Tensor) -> AbstractContextManager[Any]:
    """Within it nothing is computed in half precision on the device of a tensor: for images, fields and losses."""
    kind = near.device.type
    return torch.autocast(kind, enabled=False) if kind in ("cuda", "cpu") else nullcontext()


def resized(field_voxels: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    """The field on a grid of another shape (z, y, x) over the same box, trilinear, in voxels of that grid."""
    if tuple(field_voxels.shape[2:]) == tuple(shape):
        return field_voxels
    fine = F.interpolate(field_voxels, size=tuple(shape), mode="trilinear", align_corners=True)
    return fine * _voxels_per_voxel(field_voxels, fine)


def composed(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """The field that displaces by `first`, then by `second`: u(x) = first(x) + second(x + first(x)), on the grid of `first`.

    `second` may be given on another grid over the same box; beyond it, its border's value holds.
    """
    return first + grid_values(second, displaced_grid(first)) * _voxels_per_voxel(second, first)


def _voxels_per_voxel(source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """How many voxels of the target's grid one voxel of the source's is, (1, 3, 1, 1, 1)."""
    ratios = [(target.shape[4 - a] - 1) / max(source.shape[4 - a] - 1, 1) for a in range(3)]
    return source.new_tensor(ratios).view(1, 3, 1, 1, 1)
