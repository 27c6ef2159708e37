"""Control-grid refinement: a cubic B-spline field fitted by preconditioned Gauss-Newton steps, coarse to fine.

Energy (all integrals over mm^3): squared feature differences in the fixed lung + surface distance + points + regularizer +
volume-change control. Its gradient is exact; the second derivatives are gathered to the control points (row sums of the
Gauss-Newton matrix, an upper bound), so that a step is a small sparse system solved by conjugate gradients.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ..geometry.bspline import ControlGrid
from ..geometry.filters import gradient
from ..geometry.lattice import Lattice
from ..geometry.tensors import lattice_points
from ..geometry.warp import channels_last, sample
from ..losses.regularizers import Regularizer
from ..losses.volume_change import VolumeChange

CG_STEPS = 12


class FeatureTerm:
    """integral over the points of mean_c (moving_c(x + s) - fixed_c(x))^2, where x + s is in the moving image's field of view."""

    def __init__(
        self,
        fixed: torch.Tensor,
        moving: torch.Tensor,
        points: torch.Tensor,
        lattice: Lattice,
        grid: ControlGrid,
        weight: float = 1.0,
        covered: torch.Tensor | None = None,
    ):
        """Features are (1, C, z, y, x) on `lattice`; `points` is a mask (z, y, x) of the lattice points that count.

        `covered`: (1, 1, z, y, x), 1 in the moving image's field of view.
        """
        self.lattice, self.grid = lattice, grid
        self.where = points.flatten().nonzero()[:, 0]
        self.positions = lattice_points(lattice, fixed.device).reshape(-1, 3)[self.where]
        self.values = fixed.reshape(fixed.shape[1], -1)[:, self.where]
        self.moving = channels_last(moving)
        self.covered = covered
        self.scale = weight * lattice.voxel_volume_mm3 / fixed.shape[1]
        self.curvature = self._gather(2 * self.scale * self._square_slopes(fixed))

    def energy_and_gradient(self, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        s = self.grid.evaluate(c, self.lattice).reshape(3, -1)[:, self.where].T
        position = (self.positions + s).requires_grad_(True)
        difference = sample(self.moving, self.lattice, position) - self.values
        square = difference.square().sum(dim=0)
        if self.covered is not None:
            square = square * sample(self.covered, self.lattice, position.detach())[0]
        energy = self.scale * square.sum()
        energy.backward()
        assert position.grad is not None
        return energy.detach(), self._gather(position.grad.T)

    def _square_slopes(self, fixed: torch.Tensor) -> torch.Tensor:
        """Squared slopes along x, y, z, summed over the channels one by one, at the points, (3, N)."""
        total = fixed.new_zeros((3, len(self.where)))
        for channel in range(fixed.shape[1]):
            for axis, slope in enumerate(gradient(fixed[:, channel : channel + 1], self.lattice.spacing_mm)):
                total[axis] += slope.flatten()[self.where].square()
        return total

    def _gather(self, values: torch.Tensor) -> torch.Tensor:
        full = values.new_zeros((3, self.lattice.size[0] * self.lattice.size[1] * self.lattice.size[2]))
        full[:, self.where] = values
        return self.grid.adjoint(full.reshape(3, *self.lattice.shape), self.lattice)


class PointTerm:
    """sum_k weight_k rho(|s(x_k) - d_k|) with the robust rho of Geman & McClure: false matches lose their pull."""

    def __init__(
        self, positions: torch.Tensor, displacements: torch.Tensor, weights: torch.Tensor, grid: ControlGrid, scale_mm: float
    ):
        """Positions and displacements are (N, 3) mm, weights (N,) in mm^3 / mm^2; `scale_mm` is where the pull is largest."""
        self.grid, self.wanted, self.weights, self.scale = grid, displacements, weights, scale_mm
        self.index, self.basis = grid.point_weights(positions)
        self.curvature = self._gather((2 * weights)[:, None].expand(-1, 3))

    def energy_and_gradient(self, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        s = (c.reshape(3, -1)[:, self.index] * self.basis).sum(dim=-1).T
        residual = s - self.wanted
        square = residual.square().sum(dim=1)
        trust = 1 / (1 + square / self.scale**2)
        energy = (self.weights * square * trust).sum()
        return energy, self._gather((2 * self.weights * trust**2)[:, None] * residual)

    def _gather(self, values: torch.Tensor) -> torch.Tensor:
        out = values.new_zeros((3, self.grid.size[0] * self.grid.size[1] * self.grid.size[2]))
        for axis in range(3):
            out[axis].index_add_(0, self.index.flatten(), (self.basis * values[:, axis, None]).flatten())
        return out.reshape(3, *self.grid.shape)


@dataclass
class Problem:
    """All terms of one level."""

    terms: list[FeatureTerm | PointTerm]
    regularizer: Regularizer
    volume: VolumeChange

    @property
    def free(self) -> torch.Tensor:
        """1 for the control points that may move (z, y, x); three layers at the border stay, so that the field ends at zero."""
        free = torch.zeros(self.volume.grid.shape, device=self.terms[0].curvature.device)
        free[3:-3, 3:-3, 3:-3] = 1.0
        return free

    def evaluate(self, c: torch.Tensor) -> tuple[float, torch.Tensor, torch.Tensor]:
        """Energy, gradient and a diagonal bound of the second derivatives of everything but the regularizer."""
        energy, gradient_c, curvature = self.volume.energy_and_gradient(c)
        curvature = curvature.expand(3, -1, -1, -1).clone()
        for term in self.terms:
            e, g = term.energy_and_gradient(c)
            energy, gradient_c, curvature = energy + e, gradient_c + g, curvature + term.curvature
        energy = energy + self.regularizer.energy(c)
        return float(energy), gradient_c + 2 * self.regularizer.apply(c), curvature


def refine(problem: Problem, c: torch.Tensor, iterations: int, step: Callable[[float], None]) -> torch.Tensor:
    """Coefficients (3, z, y, x) of lower energy, after at most `iterations` steps."""
    free = problem.free
    c = c * free
    problem.regularizer.prepare(c)
    energy, slope, curvature = problem.evaluate(c)
    length = 1.0
    for i in range(iterations):
        step(i / iterations)
        change = _solve(problem.regularizer, curvature, slope, free)
        accepted = False
        for _ in range(3):
            trial = c - length * change
            new_energy, new_slope, new_curvature = problem.evaluate(trial)
            if new_energy < energy:
                accepted = True
                break
            length *= 0.5
        if not accepted:
            break
        gain = energy - new_energy
        c, energy, slope, curvature = trial, new_energy, new_slope, new_curvature
        length = min(1.0, length * 1.5)
        if gain < 1e-4 * abs(energy):
            break
        if problem.regularizer.kind == "total_variation":
            problem.regularizer.prepare(c)
            energy, slope, curvature = problem.evaluate(c)
    return c


def _solve(regularizer: Regularizer, curvature: torch.Tensor, slope: torch.Tensor, free: torch.Tensor) -> torch.Tensor:
    """Conjugate gradients for (curvature + 2 R) change = slope on the free control points, preconditioned by the diagonal."""
    diagonal = curvature + 2 * regularizer.diagonal(slope)
    diagonal = diagonal.clamp_min(1e-6 * float(diagonal.max()))
    x = torch.zeros_like(slope)
    r = slope * free
    z = r / diagonal
    p = z.clone()
    rz = (r * z).sum()
    for _ in range(CG_STEPS):
        ap = (curvature * p + 2 * regularizer.apply(p)) * free
        alpha = rz / (p * ap).sum().clamp_min(1e-30)
        x += alpha * p
        r -= alpha * ap
        z = r / diagonal
        rz_new = (r * z).sum()
        p = z + (rz_new / rz.clamp_min(1e-30)) * p
        rz = rz_new
    return x
