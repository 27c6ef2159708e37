"""Discrete displacement search with coupled convex optimization and inverse consistency: large motion without local minima.

Costs: squared MIND-SSC differences of small blocks for all displacements on a lattice. Regularization: the displacement of least
cost and its smoothed neighborhood are drawn together step by step (Heinrich et al., MICCAI 2014; Siebert et al. 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ..geometry.filters import gaussian
from ..geometry.lattice import Lattice
from ..geometry.tensors import lattice_points
from ..geometry.warp import sample

COUPLINGS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)  # weight of the neighborhood, rising, per mm^2 of squared distance
BLOCK = 2  # a cell is a block of 2 x 2 x 2 feature voxels
CHUNK_FLOATS = 40_000_000


@dataclass
class CellField:
    """Displacements (3, z, y, x) in mm at the centers of cells."""

    cells: Lattice
    displacement_mm: torch.Tensor

    def at(self, points_mm: torch.Tensor) -> torch.Tensor:
        """(N, 3) displacement at points (N, 3)."""
        return sample(self.displacement_mm[None], self.cells, points_mm).T

    def on(self, lattice: Lattice) -> torch.Tensor:
        """(3, z, y, x) displacement on a lattice."""
        points = lattice_points(lattice, self.displacement_mm.device).reshape(-1, 3)
        return self.at(points).T.reshape(3, *lattice.shape)


def cell_lattice(lattice: Lattice) -> Lattice:
    """Centers of the blocks of a feature lattice."""
    h = lattice.spacing_mm[0]
    x, y, z = (o + 0.5 * (BLOCK - 1) * h for o in lattice.origin_mm)
    nx, ny, nz = (max(n // BLOCK, 2) for n in lattice.size)
    return Lattice((x, y, z), (BLOCK * h, BLOCK * h, BLOCK * h), (nx, ny, nz))


def search(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    mask: torch.Tensor,
    lattice: Lattice,
    range_mm: float,
    start: CellField | None,
) -> CellField:
    """Displacements fixed -> moving of all cells, regular and of low cost.

    Args:
        fixed, moving: features (1, C, z, y, x) on one isotropic lattice.
        mask: (1, 1, z, y, x), where the fixed image counts; elsewhere the field is continued from there.
        range_mm: largest displacement tried around `start` (around zero if None), along each axis.
    """
    cells = cell_lattice(lattice)
    spacing = lattice.spacing_mm[0]
    radius = max(1, round(range_mm / spacing))
    inside = F.avg_pool3d(mask, BLOCK, stride=BLOCK)[..., : cells.size[2], : cells.size[1], : cells.size[0]]
    active = (inside[0, 0] > 0.3).nonzero()
    if len(active) == 0:
        return CellField(cells, torch.zeros((3, *cells.shape), device=fixed.device))
    centers = lattice_points(cells, fixed.device)[tuple(active.T)]
    base = torch.zeros_like(centers) if start is None else start.at(centers)
    base_steps = (base / spacing).round().long()
    costs = block_costs(fixed, moving, active * BLOCK, base_steps.flip(1), radius, range(BLOCK))
    offsets = torch.arange(-radius, radius + 1, device=fixed.device, dtype=torch.float32) * spacing
    z, y, x = torch.meshgrid(offsets, offsets, offsets, indexing="ij")
    candidates = torch.stack([x, y, z], dim=-1).reshape(-1, 3)
    return CellField(cells, _coupled(costs, candidates, base_steps * spacing, active, cells))


def inverse_consistent(forward: CellField, backward: CellField, iterations: int = 15) -> tuple[CellField, CellField]:
    """Fields drawn towards each other's inverse: u <- (u - v(x + u)) / 2 and the same for v (Christensen & Johnson 2001)."""
    u, v = forward, backward
    points_u = lattice_points(u.cells, u.displacement_mm.device).reshape(-1, 3)
    points_v = lattice_points(v.cells, v.displacement_mm.device).reshape(-1, 3)
    for _ in range(iterations):
        u_values, v_values = u.displacement_mm.reshape(3, -1), v.displacement_mm.reshape(3, -1)
        new_u = 0.5 * (u_values - v.at(points_u + u_values.T).T)
        new_v = 0.5 * (v_values - u.at(points_v + v_values.T).T)
        u = CellField(u.cells, new_u.reshape(u.displacement_mm.shape))
        v = CellField(v.cells, new_v.reshape(v.displacement_mm.shape))
    return u, v


def block_costs(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    corner: torch.Tensor,
    base: torch.Tensor,
    radius: int,
    block_axis: Sequence[int],
) -> torch.Tensor:
    """Mean squared feature difference (n, (2 radius + 1)^3) of n blocks for all displacements of up to `radius` voxels.

    Args:
        corner, base: first voxel of each block and the displacement around which to search, (n, 3) voxels (z, y, x).
        block_axis: the voxels of a block along each axis, counted from its corner.

    |f - m|^2 = |f|^2 + |m|^2 - 2 f.m: the products of a block's voxels with the whole search region are one matrix product.
    """
    channels = fixed.shape[1]
    width, region = 2 * radius + 1, 2 * radius + 1 + max(block_axis)
    f, m = (v[0].movedim(0, -1).contiguous() for v in (fixed, moving))
    limits = torch.tensor(m.shape[:3], device=m.device) - 1
    stride = torch.tensor([m.shape[1] * m.shape[2], m.shape[2], 1], device=m.device)
    square = m.square().sum(dim=-1).flatten()
    m = m.reshape(-1, channels)
    corners = torch.stack(torch.meshgrid(*[torch.tensor(list(block_axis), device=m.device)] * 3, indexing="ij"), dim=-1).reshape(
        -1, 3
    )
    reach = torch.arange(region, device=m.device)
    costs = torch.empty((len(corner), width**3), device=m.device)
    chunk = max(1, CHUNK_FLOATS // (region**3 * (channels + len(corners))))
    for first in range(0, len(corner), chunk):
        own = corner[first : first + chunk]
        low = own + base[first : first + chunk] - radius
        z, y, x = ((low[:, a, None] + reach).clamp_min(0).clamp_max(limits[a]) * stride[a] for a in range(3))
        index = (z[:, :, None, None] + y[:, None, :, None] + x[:, None, None, :]).reshape(len(own), -1)
        block = torch.stack([f[tuple((own + c).clamp_min(0).minimum(limits).T)] for c in corners], dim=2)  # (n, C, block)
        terms = square[index][..., None] - 2 * torch.bmm(m[index.flatten()].view(len(own), -1, channels), block)
        terms = terms.view(len(own), region, region, region, len(corners))
        total = block.square().sum(dim=(1, 2)).view(-1, 1, 1, 1).repeat(1, width, width, width)
        for k, (a, b, c) in enumerate(corners.tolist()):
            total += terms[:, a : a + width, b : b + width, c : c + width, k]
        costs[first : first + chunk] = total.reshape(len(own), -1) / (channels * len(corners))
    return costs


def _coupled(
    costs: torch.Tensor, candidates: torch.Tensor, base: torch.Tensor, active: torch.Tensor, cells: Lattice
) -> torch.Tensor:
    """Alternate between the best candidate given the smooth field and the smooth field given the candidates; (3, z, y, x) mm."""
    where = tuple(active.T)
    presence = torch.zeros((1, 1, *cells.shape), device=costs.device)
    presence[0, 0][where] = 1.0
    squares = candidates.square().sum(dim=1)
    best = costs.argmin(dim=1)
    weight = gaussian(presence, 1.0).clamp_min(1e-6)
    smooth = candidates.new_zeros((1, 3, *cells.shape))
    for coupling in COUPLINGS:
        smooth[0][(slice(None), *where)] = (candidates[best] + base).T
        wanted = (gaussian(smooth, 1.0) / weight)[0][(slice(None), *where)].T - base
        best = torch.addmm(costs + coupling * squares, wanted, candidates.T, alpha=-2 * coupling).argmin(dim=1)
    smooth[0][(slice(None), *where)] = (candidates[best] + base).T
    return continued(smooth, presence, 1.0)[0]


def continued(field: torch.Tensor, presence: torch.Tensor, sigma_cells: float) -> torch.Tensor:
    """Gaussian mean of a field (1, 3, z, y, x) over the cells that are present; far from them, of ever wider neighborhoods."""
    result, known = torch.zeros_like(field), torch.zeros_like(presence)
    sigma = sigma_cells
    while sigma <= 16 * sigma_cells:
        weight = gaussian(presence, sigma)
        mean = gaussian(field * presence, sigma) / weight.clamp_min(1e-6)
        trust = ((weight / 0.05).clamp_max(1.0)) * (1 - known)
        result += trust * mean
        known += trust
        sigma *= 2
    return result / known.clamp_min(1e-6)
