"""Curvature of dense fields (Fischer & Modersitzki, J Math Imaging Vis 18, 2003; Hering et al. 2021, eq. 2)."""

from __future__ import annotations

import torch


def curvature_loss(field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]) -> torch.Tensor:
    """Mean over the inner voxels of the squared Laplacians of the three components: 0 for affine fields.

    Args:
        field_mm: (N, 3, z, y, x) in mm, at least three voxels along each axis.
        spacing_mm: of the grid, (x, y, z).

    Returns:
        A scalar in 1/mm^2.
    """
    laplacian = torch.zeros_like(field_mm[:, :, 1:-1, 1:-1, 1:-1])
    for a in range(3):
        inner = field_mm
        for other in (axis for axis in (2, 3, 4) if axis != 4 - a):
            inner = inner.narrow(other, 1, inner.shape[other] - 2)
        laplacian = laplacian + inner.diff(n=2, dim=4 - a) / spacing_mm[a] ** 2
    return laplacian.square().sum(dim=1).mean()
