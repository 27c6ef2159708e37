"""Cubic B-spline vector field on a control grid: evaluated on a lattice by three matrix products, with its adjoint.

Rueckert et al., IEEE Trans Med Imaging 18(8), 1999. Coefficients are (3, nz, ny, nx) tensors in mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import ArrayLike

from .lattice import Lattice


@dataclass(frozen=True)
class ControlGrid:
    """Control points over a box, one more than needed at each side; tuples are (x, y, z)."""

    lower_mm: tuple[float, float, float]
    spacing_mm: float
    size: tuple[int, int, int]

    @classmethod
    def over_box(cls, lower_mm: ArrayLike, upper_mm: ArrayLike, spacing_mm: float) -> ControlGrid:
        extent = np.asarray(upper_mm, float) - np.asarray(lower_mm, float)
        x, y, z = (int(v) for v in np.ceil(extent / spacing_mm - 1e-6) + 3)
        return cls(tuple(float(v) for v in np.asarray(lower_mm)), float(spacing_mm), (x, y, z))  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.size[2], self.size[1], self.size[0]

    @property
    def box(self) -> Lattice:
        """The control points within the box, on which every basis function is complete."""
        h = self.spacing_mm
        nx, ny, nz = (n - 2 for n in self.size)
        return Lattice(self.lower_mm, (h, h, h), (nx, ny, nz))

    @property
    def points(self) -> Lattice:
        """All control points."""
        h = self.spacing_mm
        x, y, z = (lower - h for lower in self.lower_mm)
        return Lattice((x, y, z), (h, h, h), self.size)

    def matrices(self, lattice: Lattice, device: torch.device, derivative: int | None = None) -> list[torch.Tensor]:
        """Per axis (x, y, z) the matrix (lattice points, control points) of basis values; slopes per mm along `derivative`."""
        return [
            torch.as_tensor(
                _basis(self, axis, lattice.origin_mm[axis], lattice.spacing_mm[axis], lattice.size[axis], axis == derivative)
            ).to(device)
            for axis in range(3)
        ]

    def evaluate(self, coefficients: torch.Tensor, lattice: Lattice, derivative: int | None = None) -> torch.Tensor:
        """The field (C, z, y, x) on a lattice, or its derivative along one axis (0 = x)."""
        bx, by, bz = self.matrices(lattice, coefficients.device, derivative)
        return _product(coefficients, bx, by, bz)

    def adjoint(self, values: torch.Tensor, lattice: Lattice, derivative: int | None = None) -> torch.Tensor:
        """Transpose of `evaluate`: values (C, z, y, x) on the lattice gathered to the control points (C, nz, ny, nx)."""
        bx, by, bz = self.matrices(lattice, values.device, derivative)
        return _product(values, bx.T, by.T, bz.T)

    def fit(self, values: torch.Tensor, lattice: Lattice) -> torch.Tensor:
        """Coefficients of the field closest (least squares along each axis) to values (3, z, y, x) on a lattice over the box."""
        bx, by, bz = (
            torch.linalg.pinv(b.double().cpu(), rcond=1e-4).float().to(values.device)
            for b in self.matrices(lattice, values.device)
        )
        return _product(values, bx, by, bz)

    def point_weights(self, points_mm: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Indices (N, 64) into the flattened control points and basis values (N, 64) at points (N, 3) in LPS mm.

        Points outside the control grid get the basis values of its border.
        """
        position = (points_mm - points_mm.new_tensor(self.lower_mm)) / self.spacing_mm
        limit = points_mm.new_tensor([n - 3 for n in self.size])
        position = torch.minimum(position.clamp_min(0), limit)
        cell = torch.minimum(position.floor(), limit - 1).clamp_min(0)
        weights = _cubic(position - cell)  # (N, 3, 4)
        index = cell.long()[:, :, None] + torch.arange(4, device=points_mm.device)
        nx, ny, _ = self.size
        flat = (index[:, 2, :, None, None] * ny + index[:, 1, None, :, None]) * nx + index[:, 0, None, None, :]
        value = weights[:, 2, :, None, None] * weights[:, 1, None, :, None] * weights[:, 0, None, None, :]
        return flat.reshape(-1, 64), value.reshape(-1, 64)


@dataclass
class SplineField:
    """A displacement field (mm): a control grid with its coefficients (3, nz, ny, nx)."""

    grid: ControlGrid
    coefficients: torch.Tensor

    def at(self, points_mm: torch.Tensor) -> torch.Tensor:
        """(N, 3) displacement at points (N, 3)."""
        index, basis = self.grid.point_weights(points_mm)
        return (self.coefficients.reshape(3, -1)[:, index] * basis).sum(dim=-1).T

    def on(self, lattice: Lattice) -> torch.Tensor:
        """(3, z, y, x) displacement on a lattice."""
        return self.grid.evaluate(self.coefficients, lattice)


def _cubic(t: torch.Tensor) -> torch.Tensor:
    """The four cubic B-spline basis values at the fraction t of a cell, (..., 4)."""
    s = 1 - t
    return torch.stack([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3], dim=-1) / 6


@lru_cache(maxsize=64)
def _basis(grid: ControlGrid, axis: int, origin_mm: float, spacing_mm: float, count: int, slope: bool) -> np.ndarray:
    position = (origin_mm + spacing_mm * np.arange(count) - grid.lower_mm[axis]) / grid.spacing_mm
    cells = grid.size[axis] - 3
    cell = np.clip(np.floor(position), 0, max(cells - 1, 0)).astype(int)
    t = np.clip(position - cell, 0.0, 1.0)
    s = 1 - t
    if slope:
        inside = (position >= 0) & (position <= cells)
        values = np.stack([-(s**2), 3 * t**2 - 4 * t, -(3 * s**2 - 4 * s), t**2]) / (2 * grid.spacing_mm) * inside
    else:
        values = np.stack([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3]) / 6
    matrix = np.zeros((count, grid.size[axis]), np.float32)
    for k in range(4):
        matrix[np.arange(count), cell + k] = values[k]
    return matrix


def _product(values: torch.Tensor, bx: torch.Tensor, by: torch.Tensor, bz: torch.Tensor) -> torch.Tensor:
    """Separable product over the last three axes of (C, z, y, x), the axis that shrinks most (or grows least) first."""
    channels = values.shape[0]
    if bx.shape[0] <= bx.shape[1]:  # gather: the long axis x is contiguous
        values = values @ bx.T
        values = by @ values
        return (bz @ values.reshape(channels, values.shape[1], -1)).reshape(channels, bz.shape[0], by.shape[0], bx.shape[0])
    values = (bz @ values.reshape(channels, values.shape[1], -1)).reshape(channels, bz.shape[0], *values.shape[2:])
    values = by @ values
    return values @ bx.T
