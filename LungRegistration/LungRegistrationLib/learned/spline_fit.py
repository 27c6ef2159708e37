"""A network's dense field as a B-spline of about its own fineness, so that one path hands out the fields of all methods."""

from __future__ import annotations

import numpy as np
import torch

from ..geometry.bspline import ControlGrid, SplineField
from ..geometry.lattice import Lattice
from ..geometry.tensors import lattice_points
from ..geometry.warp import sample

CONTROL_VOXELS = 1.5  # control points this many voxels apart: what is lost is below the network's own resolution


def fitted_spline(field_mm: torch.Tensor, lattice: Lattice) -> tuple[SplineField, dict[str, float]]:
    """The spline closest to a field (1, 3, z, y, x) in mm, and mean, p95 and max (mm) of their distance at the lattice's points.

    Beyond the lattice the border's value holds.
    """
    h = CONTROL_VOXELS * lattice.voxel_volume_mm3 ** (1 / 3)
    grid = ControlGrid.over_box(lattice.lower_mm, lattice.upper_mm, h)
    nx, ny, nz = (2 * n - 1 for n in grid.box.size)
    dense = Lattice(grid.lower_mm, (h / 2, h / 2, h / 2), (nx, ny, nz))
    points = lattice_points(dense, field_mm.device).reshape(-1, 3)
    values = sample(field_mm, lattice, points).reshape(3, *dense.shape)
    del points
    spline = SplineField(grid, grid.fit(values, dense))
    distance = (spline.on(lattice) - field_mm[0]).norm(dim=0).flatten().cpu().numpy()
    figures = {"mean": distance.mean(), "p95": np.percentile(distance, 95), "max": distance.max()}
    return spline, {name: float(value) for name, value in figures.items()}
