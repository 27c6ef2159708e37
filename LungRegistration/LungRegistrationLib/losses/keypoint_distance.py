"""Keypoint loss: the field takes keypoints of the fixed image to their partners (Hering et al. 2021, section 3.2.5)."""

from __future__ import annotations

import torch

from ..geometry.lattice import Lattice
from ..geometry.warp import sample


def keypoint_loss(field_mm: torch.Tensor, lattice: Lattice, fixed_mm: torch.Tensor, moving_mm: torch.Tensor) -> torch.Tensor:
    """Mean squared distance (mm^2) between fixed keypoints displaced by the field and the moving ones.

    Args:
        field_mm: (1, 3, z, y, x) in mm, on `lattice`; trilinear between its points.
        fixed_mm, moving_mm: (N, 3) in the lattice's frame (LPS mm).
    """
    displaced = fixed_mm + sample(field_mm, lattice, fixed_mm).T
    return (displaced - moving_mm).square().sum(dim=1).mean()
