"""What every network from a volume to an en-face map shares: its two halves, and which sizes it takes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError


@dataclass(frozen=True)
class Sizes:
    """The volumes that a network takes.

    Attributes:
        b_scans, a_scans: their numbers must be multiples of these.
        depth: smallest number of voxels along the beam, or the only one.
        exact_depth: it is the only one.
    """

    b_scans: int
    a_scans: int
    depth: int
    exact_depth: bool = False

    def legal(self, enface_shape: tuple[int, int]) -> tuple[int, int]:
        """The smallest legal (B-scans, A-scans) that hold a map of this shape."""
        return -(-enface_shape[0] // self.b_scans) * self.b_scans, -(-enface_shape[1] // self.a_scans) * self.a_scans


class EnfaceNetwork(nn.Module, ABC):
    """A network whose first half projects the volume along the beam, and whose second half works on en-face maps.

    Attributes:
        sizes: the volumes that it takes.
        strides: of the maps between the two halves, (B-scans, A-scans) of the volume per pixel.
        reach: how far (B-scans, A-scans) a value of these maps sees beyond its own pixel; None where every value sees the whole
            volume (statistics over it), so that tiles would change the result.
        bytes_per_voxel: measured peak memory of the inference in float32 on a CPU, per voxel of the volume.
    """

    sizes: Sizes
    strides: Sequence[tuple[int, int]]
    reach: tuple[int, int] | None
    bytes_per_voxel: int

    @abstractmethod
    def project(self, volume: torch.Tensor) -> list[torch.Tensor]:
        """Maps (N, C, B-scan / stride, 1, A-scan / stride) of a volume (N, 1, B-scan, depth, A-scan), one for each stride."""

    @abstractmethod
    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """Logits (N, 1, B-scan, 1, A-scan) from the maps."""

    def forward(self, volume: torch.Tensor) -> torch.Tensor:
        """Logits (N, 1, B-scan, 1, A-scan) of a volume (N, 1, B-scan, depth, A-scan), z-scored per B-scan.

        Raises:
            InputError: shape, type or size does not fit.
        """
        self.check(volume)
        return self.decode(self.project(volume))

    def keep_channels_last(self) -> None:
        """Store the 3D convolutions' weights with the channels last, so that features are, too: a third faster on a CPU."""
        for parameter in self.parameters():
            if parameter.dim() == 5:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last_3d)

    def check(self, volume: torch.Tensor) -> None:
        """Raise InputError, in words, where the network cannot take a volume."""
        name, sizes = type(self).__name__, self.sizes
        if volume.dim() != 5 or volume.shape[1] != 1 or not volume.is_floating_point():
            raise InputError(
                f"{name} takes volumes as (N, 1, B-scan, depth, A-scan) floating-point tensors, not {volume.dtype} of shape "
                f"{tuple(volume.shape)}."
            )
        b_scans, depth, a_scans = volume.shape[2:]
        if b_scans == 0 or a_scans == 0 or sizes.legal((b_scans, a_scans)) != (b_scans, a_scans):
            raise InputError(
                f"{name} takes multiples of {sizes.b_scans} B-scans and of {sizes.a_scans} A-scans, not {b_scans} and {a_scans}. "
                "Pad the volume, and crop the map."
            )
        if depth < sizes.depth or (sizes.exact_depth and depth > sizes.depth):
            raise InputError(
                f"{name} takes volumes of {'exactly' if sizes.exact_depth else 'at least'} {sizes.depth} voxels along the beam, "
                f"not {depth}. Resample the volume."
            )
