"""The fields that a network sees in a pair, and the finest of them in mm on the lattice of its input."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager

import torch
from torch import nn

from ..geometry.voxel_fields import full_precision, in_mm, resized
from .preprocessing import NetworkInput


def predicted(network: nn.Module, seen: NetworkInput) -> list[torch.Tensor]:
    """The network's fields, the finest first, (1, 3, z, y, x) float32, each in voxels. Half precision on a GPU.

    Raises:
        InputError: the network cannot take the size.
    """
    with torch.no_grad(), half_precision(seen.fixed.device, torch.float16):
        return [full_precision(field) for field in network(seen.fixed, seen.moving)]


def finest_mm(fields: Sequence[torch.Tensor], seen: NetworkInput) -> torch.Tensor:
    """The finest field u, (1, 3, z, y, x), LPS mm: fixed(x) looks like moving(x + u(x)).

    One of a coarser level than the input is interpolated to the input's lattice.
    """
    return in_mm(resized(full_precision(fields[0]), seen.lattice.shape), seen.lattice.spacing_mm)


def half_precision(device: torch.device, dtype: torch.dtype) -> AbstractContextManager[None]:
    """Mixed precision on CUDA; nothing elsewhere."""
    return torch.autocast("cuda", dtype=dtype, enabled=device.type == "cuda")
