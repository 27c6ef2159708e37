"""The field that a network sees in a pair, in mm on the lattice of its input."""

from __future__ import annotations

from contextlib import AbstractContextManager

import torch
from torch import nn

from ..geometry.voxel_fields import full_precision, in_mm, resized
from .preprocessing import NetworkInput


def predicted(network: nn.Module, seen: NetworkInput) -> torch.Tensor:
    """The network's field u, (1, 3, z, y, x) float32, LPS mm: fixed(x) looks like moving(x + u(x)). Half precision on a GPU.

    Raises:
        InputError: the network cannot take the size.
    """
    with torch.no_grad(), half_precision(seen.fixed.device, torch.float16):
        return field_mm(network, seen)


def field_mm(network: nn.Module, seen: NetworkInput) -> torch.Tensor:
    """The same with gradients, and in the precision that is set; a field of a coarser level is interpolated to the lattice."""
    field = full_precision(network(seen.fixed, seen.moving)[0])
    return in_mm(resized(field, seen.lattice.shape), seen.lattice.spacing_mm)


def half_precision(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Mixed precision on CUDA; nothing elsewhere."""
    return torch.autocast("cuda", dtype=dtype, enabled=device.type == "cuda")
