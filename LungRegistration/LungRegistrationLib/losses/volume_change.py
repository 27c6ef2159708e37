"""Volume-change control: psi(det J) = (det J - 1)^2 / det J, continued linearly below a small volume (Hering et al. 2021, eq. 6).

psi(1) = 0, psi(z) = psi(1 / z): halving and doubling cost the same (Ruehaak et al. 2017). The linear part is finite for folded
fields, so that the fit can start from one and leave it.
"""

from __future__ import annotations

import torch

from ..geometry.bspline import ControlGrid
from .total_variation import slopes

THRESHOLD = 0.2  # below this det J the penalty is continued linearly


def extended_barrier(det: torch.Tensor, threshold: float = THRESHOLD) -> torch.Tensor:
    """psi_t: (z - 1)^2 / z from t on, and its tangent at t below."""
    t = threshold
    z = det.clamp_min(t)
    return torch.where(det >= t, (z - 1) ** 2 / z, (t - 2 + 1 / t) + (1 - 1 / t**2) * (det - t))


def barrier_slope(det: torch.Tensor, threshold: float = THRESHOLD) -> torch.Tensor:
    """d psi_t / d det."""
    return 1 - det.clamp_min(threshold) ** -2


def level_threshold(level: int, levels: int) -> float:
    """t at a level of a multilevel network (1: finest): 0.2 at the coarsest, halved for each finer one (Hering et al. 2021)."""
    return THRESHOLD / 2 ** (levels - level)


def volume_change_loss(
    field_mm: torch.Tensor, spacing_mm: tuple[float, float, float], threshold: float = THRESHOLD
) -> torch.Tensor:
    """Mean of psi_t(det J) over a dense field (N, 3, z, y, x) in mm: 0 for the identity, finite for folded fields."""
    return extended_barrier(jacobian_determinant(field_mm, spacing_mm), threshold).mean()


def jacobian_determinant(field_mm: torch.Tensor, spacing_mm: tuple[float, float, float]) -> torch.Tensor:
    """det(I + grad u) by forward differences, (N, z - 1, y - 1, x - 1), of a field (N, 3, z, y, x) in mm.

    Forward differences see a field that jumps to and fro from voxel to voxel, which central differences pass over.
    """
    z, y, x = (n - 1 for n in field_mm.shape[2:])
    columns = [s[:, :, :z, :y, :x].movedim(1, 0) for s in slopes(field_mm, spacing_mm)]
    identity = torch.eye(3, dtype=field_mm.dtype, device=field_mm.device).view(3, 3, 1, 1, 1, 1)
    a, b, c = (column + identity[i] for i, column in enumerate(columns))
    return (a * torch.linalg.cross(b, c, dim=0)).sum(dim=0)


class VolumeChange:
    """Integral of psi(det(I + grad s)) over the control grid of a B-spline field s, with its gradient."""

    def __init__(self, grid: ControlGrid, weight: float):
        h = grid.spacing_mm
        self.grid = grid
        self.factor = weight * h**3
        self.lattice = grid.box

    def energy_and_gradient(self, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Energy, its gradient (3, z, y, x) and an upper bound of its second derivatives per control point (1, z, y, x)."""
        columns = [self.grid.evaluate(c, self.lattice, derivative=a) for a in range(3)]
        for a in range(3):
            columns[a][a] += 1
        det, cofactors = determinant_and_cofactors(columns)
        slope = barrier_slope(det)
        gradient = torch.zeros_like(c)
        for a in range(3):
            gradient += self.grid.adjoint(slope * cofactors[a], self.lattice, derivative=a)
        curvature = 2 * det.clamp_min(THRESHOLD) ** -3
        bound = self.grid.adjoint((curvature * sum(k.square().sum(dim=0) for k in cofactors))[None], self.lattice)
        return (
            self.factor * extended_barrier(det).sum(),
            self.factor * gradient,
            self.factor * bound / self.grid.spacing_mm**2,
        )


def determinant_and_cofactors(columns: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """det of the matrices with columns d/dx, d/dy, d/dz (each (3, ...)), and d det / d column for each of them."""
    a, b, c = columns
    cofactors = [torch.linalg.cross(b, c, dim=0), torch.linalg.cross(c, a, dim=0), torch.linalg.cross(a, b, dim=0)]
    return (a * cofactors[0]).sum(dim=0), cofactors
