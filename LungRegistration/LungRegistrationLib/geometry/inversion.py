"""The inverse of a displacement field, by quasi-Newton steps that also converge where space is strongly stretched."""

from __future__ import annotations

from collections.abc import Callable

import torch

from .lattice import Lattice
from .tensors import lattice_points
from .warp import sample

TOLERANCE_MM = 0.01
ITERATIONS = 25
SURE_ITERATIONS = 10  # after them, points are given up where more than ...
FEW = 0.05  # ... this share of them is not yet there: a field that folds or nearly does has no inverse to be found
CHUNK = 400_000


Displacement = Callable[[torch.Tensor], torch.Tensor]  # points (N, 3) -> displacements (N, 3), mm


def invert(displacement: Displacement, targets_mm: torch.Tensor) -> torch.Tensor:
    """Points x (N, 3) with x + s(x) = target, all in mm.

    Broyden's method with one 3 x 3 matrix per point, started from the identity (the fixed-point iteration x <- target - s(x)
    of Chen et al., Med Phys 35, 2008, is its first step). Where the field folds there is no such point, or several: what is found
    there is the nearest so far; how far off inverses are is measured by `volume_checks.inverse_consistency_mm`.
    """
    x = targets_mm - displacement(targets_mm)
    f = x + displacement(x) - targets_mm
    inverse = torch.eye(3, device=x.device).expand(len(x), 3, 3).clone()
    active = (f.norm(dim=1) > TOLERANCE_MM).nonzero()[:, 0]
    for k in range(ITERATIONS):
        if len(active) == 0 or (k >= SURE_ITERATIONS and len(active) > FEW * len(x)):
            break
        b, fa = inverse[active], f[active]
        dx = -(b @ fa[..., None])[..., 0]
        dx = dx * (10.0 / dx.norm(dim=1, keepdim=True).clamp_min(10.0))
        new_x = x[active] + dx
        new_f = new_x + displacement(new_x) - targets_mm[active]
        b_df = (b @ (new_f - fa)[..., None])[..., 0]
        dx_b = (dx[:, None] @ b)[:, 0]
        denominator = (dx * b_df).sum(dim=1)
        safe = torch.where(denominator.abs() > 1e-6, denominator, torch.full_like(denominator, 1e-6))
        inverse[active] = b + (dx - b_df)[..., None] * dx_b[:, None] / safe[:, None, None]
        x[active], f[active] = new_x, new_f
        active = active[new_f.norm(dim=1) > TOLERANCE_MM]
    return x


def inverse_field(
    field_mm: torch.Tensor,
    lattice: Lattice,
    matrix: torch.Tensor,
    offset: torch.Tensor,
    target: Lattice,
    step: Callable[[float], None],
) -> torch.Tensor:
    """Displacements (3, z, y, x) on `target` that undo y = A (x + s(x)) + b: x - y at the points y of `target`."""
    back = torch.linalg.inv(matrix)
    volume = field_mm[None]
    out = torch.empty((3, *target.shape), device=field_mm.device)
    depth = max(1, CHUNK // (target.size[0] * target.size[1]))
    for first in range(0, target.size[2], depth):
        step(first / target.size[2])
        last = min(first + depth, target.size[2])
        y = lattice_points(target.slab(first, last), field_mm.device).reshape(-1, 3)
        x = invert(lambda p: sample(volume, lattice, p).T, (y - offset) @ back.T)
        out[:, first:last] = (x - y).T.reshape(3, last - first, *target.shape[1:])
    return out
