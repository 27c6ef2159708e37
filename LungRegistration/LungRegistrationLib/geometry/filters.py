"""Separable filters on (1, C, z, y, x) tensors, with the border value continued: box, Gaussian, central differences."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F


def pad_border(volume: torch.Tensor, width: int) -> torch.Tensor:
    return F.pad(volume, [width] * 6, mode="replicate")


def along(volume: torch.Tensor, weights: list[float], axis: int) -> torch.Tensor:
    """Correlate with a short odd kernel along a tensor axis (2 = z, 3 = y, 4 = x)."""
    radius = len(weights) // 2
    size = volume.shape[axis]
    pad = [0, 0, 0, 0, 0, 0]
    pad[2 * (4 - axis)] = pad[2 * (4 - axis) + 1] = radius
    padded = F.pad(volume, pad, mode="replicate")
    out = padded.narrow(axis, 0, size) * weights[0]
    for k in range(1, len(weights)):
        if weights[k] != 0:
            out.add_(padded.narrow(axis, k, size), alpha=weights[k])
    return out


def box(volume: torch.Tensor, radius: int) -> torch.Tensor:
    """Mean over a cube of 2 radius + 1 voxels."""
    width = 2 * radius + 1
    for axis in (2, 3, 4):
        volume = along(volume, [1.0 / width] * width, axis)
    return volume


def gaussian(volume: torch.Tensor, sigma_voxels: float) -> torch.Tensor:
    """Gaussian of standard deviation `sigma_voxels`, cut at three of them, the border value continued; none for sigma 0.

    One matrix product per axis: as fast for wide windows as for narrow ones.
    """
    if sigma_voxels <= 0:
        return volume
    kz, ky, kx = (_gaussian_matrix(n, sigma_voxels).to(volume.device) for n in volume.shape[2:])
    volume = ky @ (volume @ kx.T)
    return (kz @ volume.flatten(3)).reshape(volume.shape)


def downsampled(volume: torch.Tensor, factor: int) -> torch.Tensor:
    """A volume (N, C, z, y, x) on a grid of `factor` times fewer voxels per axis, rounded down, over the same box.

    The centers of the corner voxels stay where they are. Smoothed before by a Gaussian whose standard deviation is half the new
    voxel's width, then interpolated linearly: one matrix product per axis.
    """
    if factor == 1:
        return volume
    kz, ky, kx = (_downsampling_matrix(n, factor).to(volume.device) for n in volume.shape[2:])
    volume = ky @ (volume @ kx.T)
    return (kz @ volume.flatten(3)).unflatten(3, volume.shape[3:])


@lru_cache(maxsize=64)
def _downsampling_matrix(size: int, factor: int) -> torch.Tensor:
    positions = torch.linspace(0, size - 1, size // factor, dtype=torch.float64)
    offsets = torch.arange(size) - positions[:, None]
    return (1 - offsets.abs()).clamp_min(0).float() @ _gaussian_matrix(size, factor / 2)


@lru_cache(maxsize=64)
def _gaussian_matrix(size: int, sigma: float) -> torch.Tensor:
    radius = max(1, math.ceil(3 * sigma))
    offsets = torch.arange(-radius, radius + 1)
    kernel = torch.exp(-0.5 * (offsets / sigma).double() ** 2)
    kernel /= kernel.sum()
    rows = torch.arange(size)
    columns = (rows[:, None] + offsets).clamp(0, size - 1)
    matrix = torch.zeros((size, size), dtype=torch.float64)
    matrix.scatter_add_(1, columns, kernel.expand(size, -1))
    return matrix.float()


def gradient(volume: torch.Tensor, spacing_mm: tuple[float, float, float]) -> list[torch.Tensor]:
    """Central differences per mm along x, y, z; each as the volume; zero slope is continued at the border."""
    return [along(volume, [-0.5 / spacing_mm[a], 0.0, 0.5 / spacing_mm[a]], 4 - a) for a in range(3)]
