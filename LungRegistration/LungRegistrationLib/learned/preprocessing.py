"""What a network sees of a pair: both CTs on one lattice of the network's size over the lungs; one code for all its uses.

The lattice's axes are LPS whatever the images' own are; its spacings differ between the axes, as in the papers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import torch

from CorrespondCoreLib.errors import InputError

from ..geometry.lattice import Lattice
from ..geometry.tensors import image_to_tensor
from ..search.frame import lungs_box_mm

CT_RANGE_HU = (-1024.0, 3071.0)  # of 12-bit scanners; what lies outside stands for "outside the field of view"


@dataclass(frozen=True)
class NetworkInput:
    """A pair as a network takes it.

    Attributes:
        fixed, moving: (1, 1, z, y, x), float32: 0..1 in the window, or HU without one. `moving` was resampled through `linear`.
        lattice: of both, in the fixed frame.
        linear: pre-alignment, fixed -> moving points. With the network's field u in mm, the whole map is A (x + u(x)) + b.
    """

    fixed: torch.Tensor
    moving: torch.Tensor
    lattice: Lattice
    linear: sitk.AffineTransform


def network_input(
    pair_fixed: sitk.Image,
    pair_moving: sitk.Image,
    fixed_mask: sitk.Image,
    moving_mask: sitk.Image,
    linear: sitk.AffineTransform,
    size_xyz: Sequence[int],
    window_hu: tuple[float, float] | None,
    device: torch.device | str,
) -> NetworkInput:
    """Crop a pair to the box of both lungs with a margin, and resample it to a network's size.

    Args:
        pair_fixed, pair_moving: CT in HU, any 3D grids.
        fixed_mask, moving_mask: non-zero in the lungs, on any grids.
        linear: pre-alignment, fixed -> moving points.
        size_xyz: voxels along x, y, z; which sizes a network can take is its own to check.
        window_hu: taken to 0..1, values beyond are clamped; None leaves HU, within what a CT can have.
        device: where the tensors go.

    Raises:
        InputError: a size below 2, or a window without width.
    """
    lattice = network_lattice(fixed_mask, moving_mask, linear, size_xyz)
    low, high = window_hu or CT_RANGE_HU
    if not low < high:
        raise InputError(f"The window's lower bound must be below the upper one, not {low:g} to {high:g} HU.")
    device = torch.device(device)
    fixed = image_to_tensor(pair_fixed, lattice, (low, high), device)
    moving = image_to_tensor(pair_moving, lattice, (low, high), device, linear)
    if window_hu is not None:
        fixed, moving = ((volume - low) / (high - low) for volume in (fixed, moving))
    return NetworkInput(fixed, moving, lattice, linear)


def network_lattice(
    fixed_mask: sitk.Image, moving_mask: sitk.Image, linear: sitk.AffineTransform, size_xyz: Sequence[int]
) -> Lattice:
    """The lattice of a size (x, y, z) whose corner voxels are the corners of the box of both lungs, seen in the fixed frame."""
    if len(size_xyz) != 3 or min(size_xyz) < 2:
        raise InputError(f"A network's size is three numbers of voxels from 2 on, not {list(size_xyz)}.")
    lower, upper = lungs_box_mm(fixed_mask, moving_mask, linear)
    sx, sy, sz = (float(v) for v in (upper - lower) / (np.asarray(size_xyz) - 1))
    x, y, z = (float(v) for v in lower)
    nx, ny, nz = (int(n) for n in size_xyz)
    return Lattice((x, y, z), (sx, sy, sz), (nx, ny, nz))
