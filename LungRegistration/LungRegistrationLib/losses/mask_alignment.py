"""Mask alignment: lobes or lungs of the moving image lie on those of the fixed one (Hering et al. 2021, eq. 7)."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..geometry.voxel_fields import in_voxels
from ..geometry.warp import warp

LOBES = (1, 2, 3, 4, 5)


def one_hot(labels: torch.Tensor, values: Sequence[int] = LOBES) -> torch.Tensor:
    """One channel per label value, (N, len(values), z, y, x) float32 of 0 and 1, of a label map (N, 1, z, y, x)."""
    return torch.cat([(labels == value).float() for value in values], dim=1)


def mask_alignment_loss(
    fixed: torch.Tensor, moving: torch.Tensor, field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]
) -> torch.Tensor:
    """Half the mean over the volume of |b_moving(x + u(x)) - b_fixed(x)|^2.

    Linear interpolation of the moving masks gives the loss a slope at the borders of the labels.

    Args:
        fixed, moving: (N, labels, z, y, x), see `one_hot`.
        field_mm: u, (N, 3, z, y, x), mm.
        spacing_mm: of the grid, (x, y, z).
    """
    warped = warp(moving, in_voxels(field_mm, spacing_mm))
    return (warped - fixed).square().sum(dim=1).mean() / 2
