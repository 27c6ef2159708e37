"""Values of a tensor image at points: the one place that calls grid_sample (align_corners=True: -1 and 1 are voxel centers).

Points come as LPS mm on a lattice, or as displacements in voxels, which is what networks know.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .lattice import Lattice


def to_grid(points_mm: torch.Tensor, lattice: Lattice) -> torch.Tensor:
    """Points (..., 3) in LPS mm as grid_sample coordinates: -1 is the center of the first voxel, 1 that of the last."""
    lower = points_mm.new_tensor(lattice.origin_mm)
    scale = points_mm.new_tensor([2.0 / ((n - 1) * s) for n, s in zip(lattice.size, lattice.spacing_mm, strict=True)])
    return (points_mm - lower) * scale - 1


def sample(volume: torch.Tensor, lattice: Lattice, points_mm: torch.Tensor) -> torch.Tensor:
    """Trilinear values (C, N) of a volume (1, C, z, y, x) at points (N, 3) in LPS mm; the border's value outside."""
    return grid_values(volume, to_grid(points_mm, lattice)[None, :, None, None])[0, :, :, 0, 0]


def warp(volume: torch.Tensor, field_voxels: torch.Tensor, outside: str = "border", align_corners: bool = True) -> torch.Tensor:
    """volume(x + u(x)), trilinear, (N, C, z, y, x).

    Args:
        volume: (N, C, z, y, x).
        field_voxels: u, (N, 3, z, y, x), components (x, y, z) in voxels.
        outside: "border" continues the border's value, "zeros" sets zero.
        align_corners: False reads the same coordinates as if -1 and 1 were the outer faces of the border voxels. That is what
            the original code of the recursive refinement network does: voxel c is then read at c n / (n - 1) - 0.5.
    """
    return grid_values(volume, displaced_grid(field_voxels), outside, align_corners)


def displaced_grid(field_voxels: torch.Tensor) -> torch.Tensor:
    """x + u(x) as grid_sample coordinates (N, z, y, x, 3) of a field u (N, 3, z, y, x), components (x, y, z) in voxels.

    At least in float32: in half precision, coordinates would be off by a part of a voxel.
    """
    dtype = torch.promote_types(field_voxels.dtype, torch.float32)
    coordinates = []
    for a in range(3):
        n = field_voxels.shape[4 - a]
        shape = [1, 1, 1]
        shape[2 - a] = n
        index = torch.arange(n, dtype=dtype, device=field_voxels.device).view(shape)
        coordinates.append((index + field_voxels[:, a]).mul_(2).div_(max(n - 1, 1)).sub_(1))
    return torch.stack(coordinates, dim=-1)


def grid_values(volume: torch.Tensor, grid: torch.Tensor, outside: str = "border", align_corners: bool = True) -> torch.Tensor:
    """Trilinear values (N, C, a, b, c) of a volume (N, C, z, y, x) at grid_sample coordinates (N, a, b, c, 3).

    On the CPU grid_sample runs one thread per batch entry: a single volume's points are split over the threads.
    """
    rows = grid.shape[1]
    parts = 1 if grid.is_cuda or len(grid) > 1 else max(1, min(torch.get_num_threads(), rows))
    if parts > 1:
        missing = -rows % parts
        if missing:
            grid = torch.cat([grid, grid[:, :1].expand(-1, missing, -1, -1, -1)], dim=1)
        grid = grid.view(parts, -1, *grid.shape[2:])
        volume = volume.expand(parts, -1, -1, -1, -1)
    values = F.grid_sample(volume.to(grid.dtype), grid, mode="bilinear", padding_mode=outside, align_corners=align_corners)
    if parts > 1:
        values = values.transpose(0, 1).reshape(1, values.shape[1], -1, *values.shape[3:])[:, :, :rows]
    return values.to(volume.dtype)


def channels_last(volume: torch.Tensor) -> torch.Tensor:
    """The same (1, C, z, y, x) volume with the channels of a voxel side by side in memory: sampled twice as fast."""
    return volume.contiguous(memory_format=torch.channels_last_3d)
