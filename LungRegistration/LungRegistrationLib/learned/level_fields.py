"""The fields that a network makes on its way from coarse to fine, as images that take fixed to moving points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import SimpleITK as sitk
import torch

from ..geometry.inversion import inverse_field
from ..geometry.lattice import Lattice
from ..geometry.tensors import field_to_image, lattice_points
from ..geometry.voxel_fields import in_mm
from ..geometry.warp import sample
from ..search.compact_field import direct_image
from ..search.frame import Frame, whole_box_mm

UPSAMPLED = {"rrn": 2}  # fields at the fine end that are the next coarser one, interpolated


def level_fields(method: str, fields: Sequence[torch.Tensor], lattice: Lattice, frame: Frame, swapped: bool) -> list[sitk.Image]:
    """The network's fields, coarse to fine, as displacements in LPS mm with the linear part: u(x) = A (x + s(x)) + b - x.

    Each has the spacing of its level and covers the whole fixed image: beyond the lungs' box its border's value holds.

    Args:
        fields: what the network returns, the finest first, (1, 3, z, y, x) in voxels.
        lattice: of the network's input.
        frame: of the pair as the network saw it.
        swapped: the network saw the user's moving image as the fixed one: the fields are inverted.
    """
    images = []
    for field in reversed(fields[UPSAMPLED.get(method, 0) :]):
        level = _level_lattice(lattice, field.shape[2:])
        scale = _spacing(method, field.shape[2:], lattice, level)
        images.append(_image(in_mm(field.detach().float(), scale), level, frame, swapped))
    return images


def _level_lattice(lattice: Lattice, shape: Sequence[int]) -> Lattice:
    """So many points (z, y, x) over the same box."""
    nx, ny, nz = shape[::-1]
    extent = lattice.upper_mm - lattice.lower_mm
    sx, sy, sz = (float(extent[a] / max(n - 1, 1)) for a, n in enumerate((nx, ny, nz)))
    return Lattice(lattice.origin_mm, (sx, sy, sz), (nx, ny, nz))


def _spacing(method: str, shape: Sequence[int], lattice: Lattice, level: Lattice) -> tuple[float, ...]:
    """Millimeters that one voxel of displacement stands for, as the network itself carries the level on to the next.

    RRN doubles the values from level to level (original code); the others count voxels of each level's own grid.
    """
    if method != "rrn":
        return level.spacing_mm
    factor = lattice.shape[0] // shape[0]
    return tuple(factor * s for s in lattice.spacing_mm)


def _image(field_mm: torch.Tensor, level: Lattice, frame: Frame, swapped: bool) -> sitk.Image:
    if swapped:
        target = Lattice.over_box(*whole_box_mm(frame.moving), level.spacing_mm)
        matrix_and_offset = frame.matrix_and_offset()
        return field_to_image(inverse_field(field_mm[0], level, *matrix_and_offset, target, lambda fraction: None), target)
    whole = _extended(level, *whole_box_mm(frame.fixed))
    values = sample(field_mm, level, lattice_points(whole, field_mm.device).reshape(-1, 3))
    return direct_image(frame, (values.reshape(3, *whole.shape), whole))


def _extended(lattice: Lattice, lower_mm: np.ndarray, upper_mm: np.ndarray) -> Lattice:
    """The same points and further ones, until a box is covered."""
    spacing = np.asarray(lattice.spacing_mm)
    before = np.maximum(np.ceil((lattice.lower_mm - lower_mm) / spacing - 1e-6), 0).astype(int)
    after = np.maximum(np.ceil((upper_mm - lattice.upper_mm) / spacing - 1e-6), 0).astype(int)
    x, y, z = (float(v) for v in lattice.lower_mm - before * spacing)
    nx, ny, nz = (int(n) for n in np.asarray(lattice.size) + before + after)
    return Lattice((x, y, z), lattice.spacing_mm, (nx, ny, nz))
