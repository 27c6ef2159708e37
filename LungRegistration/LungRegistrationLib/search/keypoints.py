"""Keypoints: Foerstner points of the fixed lung, matched in the moving image by block search with a forward-backward check.

Foerstner & Guelch 1987; for lungs: Ruehaak et al. 2017, Hansen & Heinrich 2021 (corrField).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ..geometry.filters import gaussian, gradient
from ..geometry.lattice import Lattice
from .discrete_search import block_costs

GRADIENT_MM = 1.4  # smoothing before the gradient
TENSOR_MM = 2.0  # window of the structure tensor
DISTANCE_MM = 4.5  # least distance of two points along an axis
BLOCK_AXIS = (0, 2, 4)  # a block is 3 x 3 x 3 voxels, two apart
SEARCH_MM = 6.0
BACK_ERROR_MM = 2.0  # a match whose way back ends farther from its start is dropped
NEARNESS = 4e-3  # per mm^2: of equally good matches the one nearer to the present field wins


@dataclass
class Matches:
    """Points of the fixed image and their displacements in the frame of the pre-aligned pair, (N, 3) mm each."""

    fixed_mm: torch.Tensor
    displacement_mm: torch.Tensor


def foerstner_points(volume: torch.Tensor, mask: torch.Tensor, lattice: Lattice, count: int) -> torch.Tensor:
    """Voxel indices (N, 3) as (z, y, x) of the `count` most distinctive points of a CT (1, 1, z, y, x) in a mask (z, y, x).

    Distinctiveness is 1 / trace of the inverse structure tensor: high where the position is well determined in all directions.
    """
    spacing = lattice.spacing_mm
    g = gradient(gaussian(volume, GRADIENT_MM / spacing[0]), spacing)
    xx, yy, zz, xy, xz, yz = (
        gaussian(g[i] * g[j], TENSOR_MM / spacing[0]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    )
    minors = yy * zz - yz * yz, xx * zz - xz * xz, xx * yy - xy * xy
    det = xx * minors[0] - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    distinct = det / (minors[0] + minors[1] + minors[2] + 1e-3)
    reach = max(1, round(DISTANCE_MM / spacing[0]))
    highest = F.max_pool3d(distinct, 2 * reach + 1, stride=1, padding=reach)
    points = ((distinct == highest)[0, 0] & mask).nonzero()
    strength = distinct[0, 0][tuple(points.T)]
    return points[strength.argsort(descending=True, stable=True)[:count]]


def match(
    fixed: torch.Tensor,
    moving: torch.Tensor,
    points: torch.Tensor,
    guess_mm: torch.Tensor,
    lattice: Lattice,
    step: Callable[[float], None],
) -> Matches:
    """Displacements of points, kept where the search back from the match ends at the point again.

    Args:
        fixed, moving: features (1, C, z, y, x) on one isotropic lattice.
        points: voxel indices (N, 3) as (z, y, x).
        guess_mm: displacements (N, 3) as (x, y, z) around which to search.
    """
    h = lattice.spacing_mm[0]
    half = max(BLOCK_AXIS) // 2
    radius = round(SEARCH_MM / h)
    guess = guess_mm.flip(1) / h
    forward = _best(fixed, moving, points - half, guess, radius, NEARNESS * h**2)
    step(0.5)
    landed = (points + forward).round().long()
    rest = points + forward - landed
    backward = _best(moving, fixed, landed - half, -guess, radius, 0.0)  # by the images alone, else chance would agree
    error = (landed + rest + backward - points).norm(dim=1) * h
    good = error < BACK_ERROR_MM
    origin = guess_mm.new_tensor(lattice.origin_mm)
    displacement = 0.5 * (forward - backward).flip(1) * h
    return Matches((points.flip(1) * h + origin)[good], displacement[good])


def _best(
    f: torch.Tensor,
    m: torch.Tensor,
    corner: torch.Tensor,
    guess: torch.Tensor,
    radius: int,
    nearness: float,
) -> torch.Tensor:
    """Displacement of least cost in voxels (n, 3) as (z, y, x), between voxels by a parabola along each axis."""
    base = guess.round().long()
    width = 2 * radius + 1
    costs = block_costs(f, m, corner, base, radius, BLOCK_AXIS).view(-1, width, width, width)
    reach = torch.arange(-radius, radius + 1, device=costs.device)
    preferred = costs.clone()
    for axis in range(3):
        distance = reach + (base - guess)[:, axis, None]
        shape = [-1, 1, 1, 1]
        shape[axis + 1] = width
        preferred += nearness * distance.square().view(shape)
    best = preferred.flatten(1).argmin(dim=1)
    index = torch.stack([best // width**2, best // width % width, best % width], dim=1)
    inner = index.clamp(1, width - 2)
    rows = torch.arange(len(best), device=costs.device)
    offset = torch.zeros(index.shape, device=costs.device)
    for axis in range(3):
        unit = torch.zeros(3, dtype=torch.long, device=costs.device)
        unit[axis] = 1
        low, mid, high = (costs[(rows, *(inner + k * unit).T)] for k in (-1, 0, 1))
        offset[:, axis] = (0.5 * (low - high) / (low - 2 * mid + high).clamp_min(1e-6)).clamp(-0.5, 0.5)
    offset *= (index == inner).all(dim=1, keepdim=True)
    return base + index - radius + offset
