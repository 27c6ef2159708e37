"""What every network asks of a pair, said in words before a layer fails."""

from __future__ import annotations

import torch

from CorrespondCoreLib.errors import InputError


def check_pair(network: str, fixed: torch.Tensor, moving: torch.Tensor, multiple: int, smallest_first: int = 1) -> None:
    """Make sure that a network can take a pair.

    Args:
        network: its name, for the message.
        fixed, moving: one channel each, (N, 1, z, y, x), floating point.
        multiple: every side must be a multiple of so many voxels.
        smallest_first: smallest size of the first spatial axis.

    Raises:
        InputError: shape, type or size does not fit.
    """
    for role, volume in (("fixed", fixed), ("moving", moving)):
        if volume.dim() != 5 or volume.shape[1] != 1 or not volume.is_floating_point():
            raise InputError(
                f"{network} takes volumes as (N, 1, z, y, x) floating-point tensors; the {role} one is {volume.dtype} of shape "
                f"{tuple(volume.shape)}."
            )
    if fixed.shape != moving.shape:
        raise InputError(
            f"{network} takes two volumes of one shape, not {tuple(fixed.shape)} (fixed) and {tuple(moving.shape)} (moving). "
            "Resample the moving volume on the fixed grid."
        )
    size = tuple(fixed.shape[2:])
    if any(n < multiple or n % multiple for n in size) or size[0] < smallest_first:
        least = f", the first at least {smallest_first}" if smallest_first > multiple else ""
        raise InputError(
            f"{network} takes volumes whose sides are multiples of {multiple} voxels{least}; this pair has "
            f"{' x '.join(map(str, size))} (z, y, x). Resample or pad it."
        )
