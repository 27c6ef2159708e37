"""Smoothness of dense fields by first differences: total variation (RRN, eq. 5), and the squares that its original code has.

Fields are (N, 3, z, y, x) in mm; slopes are mm of displacement per mm.
"""

from __future__ import annotations

import torch


def slopes(field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]) -> list[torch.Tensor]:
    """Forward differences per mm along x, y, z; each one voxel shorter along its axis."""
    return [field_mm.diff(dim=4 - a) / spacing_mm[a] for a in range(3)]


def total_variation_loss(field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]) -> torch.Tensor:
    """Mean absolute slope, over components, voxels and axes: kinks cost no more than ramps, so that lungs may slide."""
    return torch.stack([s.abs().mean() for s in slopes(field_mm, spacing_mm)]).mean()


def diffusion_loss(field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]) -> torch.Tensor:
    """Mean squared slope, over components, voxels and axes (original code of RRN, VoxelMorph)."""
    return torch.stack([s.square().mean() for s in slopes(field_mm, spacing_mm)]).mean()
