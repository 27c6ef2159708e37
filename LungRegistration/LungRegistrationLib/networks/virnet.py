"""Multilevel registration network: one U-Net per level of a Gaussian pyramid, fields combined by composition.

Hering et al., "CNN-based lung CT registration with multiple anatomical constraints", Med Image Anal 72, 2021, section 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError

from ..geometry.filters import downsampled
from ..geometry.voxel_fields import composed, float32_only, full_precision, resized
from ..geometry.warp import warp
from .input_check import check_pair
from .unet import UNet


class MultilevelRegistrationNetwork(nn.Module):
    """Level L sees the images at 1/2^(L-1) of their size; each finer level sees the moving image warped by those before.

    Warping is done at full size, then the result is smoothed and downsampled. Level 1 is the finest, as in the paper.

    Args:
        levels: L, 1 to 3.
        finest: the level at which `forward` stops; above 1 while the finer levels are not trained.
        channels: features of the U-Nets' levels.

    Example:
        network = MultilevelRegistrationNetwork(levels=3)
        for level in (3, 2, 1):
            network.begin_level(level)  # then train network.parameters() that require a gradient
    """

    def __init__(self, levels: int = 3, finest: int = 1, channels: Sequence[int] = (16, 32, 64, 128)):
        super().__init__()
        if not 1 <= finest <= levels <= 3:
            raise InputError(f"The multilevel registration network has 1 to 3 levels, not {finest} to {levels}.")
        self.finest = finest
        self.networks = nn.ModuleList(UNet(channels=channels) for _ in range(levels))
        self.networks.apply(_xavier)

    @property
    def levels(self) -> int:
        return len(self.networks)

    @property
    def multiple(self) -> int:
        """Every side of the images must be a multiple of so many voxels: 2^(3 + L - 1)."""
        return 2 ** (self.network(1).poolings + self.levels - 1)

    def network(self, level: int) -> UNet:
        """The U-Net of a level (1: finest)."""
        return self.networks[level - 1]  # type: ignore[return-value]

    def begin_level(self, level: int, from_coarser: bool = True) -> None:
        """Make a level the one that is trained: it starts from the weights of the coarser one, all others are frozen.

        `forward` then stops at this level. The coarsest keeps its own start, Xavier uniform.

        Args:
            from_coarser: False where the level has weights of its own to start from.
        """
        if not 1 <= level <= self.levels:
            raise InputError(f"There is no level {level}; levels are 1 (finest) to {self.levels}.")
        if from_coarser and level < self.levels:
            self.network(level).load_state_dict(self.network(level + 1).state_dict())
        self.finest = level
        for number in range(1, self.levels + 1):
            self.network(number).requires_grad_(number == level)

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> list[torch.Tensor]:
        """The total fields after each level, the finest first; a level l has 1/2^(l-1) of the images' size.

        Args:
            fixed, moving: (N, 1, z, y, x), in HU, linearly pre-aligned; sides are multiples of 2^(3 + L - 1).

        Returns:
            Fields (N, 3, z, y, x), components (x, y, z), each in voxels of its own grid.

        Raises:
            InputError: see `check_pair`.
        """
        check_pair("The multilevel registration network", fixed, moving, self.multiple)
        fields: list[torch.Tensor] = []
        for level in range(self.levels, self.finest - 1, -1):
            field = full_precision(self.network(level)(self._pair(fixed, moving, fields, 2 ** (level - 1))))
            fields.insert(0, composed(field, fields[0]) if fields else field)
        return fields

    @staticmethod
    def _pair(fixed: torch.Tensor, moving: torch.Tensor, fields: list[torch.Tensor], factor: int) -> torch.Tensor:
        """What a level sees: the moving image, warped by the total field so far, beside the fixed one, (N, 2, z, y, x)."""
        with float32_only(moving):
            if fields:
                moving = warp(moving, resized(fields[0], moving.shape[2:]))
            return torch.cat([downsampled(moving, factor), downsampled(fixed, factor)], dim=1)


def _xavier(module: nn.Module) -> None:
    if isinstance(module, (nn.Conv3d, nn.ConvTranspose3d)):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
