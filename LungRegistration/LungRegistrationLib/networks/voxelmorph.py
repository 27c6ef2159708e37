"""VoxelMorph, the baseline of both papers: one U-Net from the two images to the field.

Balakrishnan et al., "VoxelMorph: A Learning Framework for Deformable Medical Image Registration", IEEE TMI 38(8), 2019; layers as
in the default configuration of its public code, without integration of velocities. Components are (x, y, z) here.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.voxel_fields import full_precision
from ..geometry.warp import channels_last
from .input_check import check_pair

SLOPE = 0.2
HEAD_STD = 1e-5  # of the last convolution's first weights: training starts from about the identity


class VoxelMorph(nn.Module):
    """3x3x3 convolutions with leaky ReLU; max pooling down, nearest neighbor up, skip connections.

    Args:
        encoder: outputs of the encoder, from full size down; one convolution and one pooling each.
        decoder: outputs of the decoder, from the coarsest size up; one convolution and one upsampling each.
        last: outputs of further convolutions at full size.
    """

    def __init__(
        self,
        encoder: Sequence[int] = (16, 32, 32, 32),
        decoder: Sequence[int] = (32, 32, 32, 32),
        last: Sequence[int] = (32, 16, 16),
    ):
        super().__init__()
        after_skip = [d + e for d, e in zip(decoder, reversed(encoder), strict=True)]
        self.encoder = _convolutions(2, encoder)
        self.decoder = nn.ModuleList(
            nn.Conv3d(i, o, 3, padding=1) for i, o in zip((encoder[-1], *after_skip[:-1]), decoder, strict=True)
        )
        self.last = _convolutions(after_skip[-1], last)
        self.head = nn.Conv3d(last[-1], 3, 3, padding=1)
        nn.init.normal_(self.head.weight, std=HEAD_STD)
        assert self.head.bias is not None
        nn.init.zeros_(self.head.bias)

    @property
    def multiple(self) -> int:
        """Every side of the images must be a multiple of so many voxels."""
        return 2 ** len(self.encoder)

    def forward(self, fixed: torch.Tensor, moving: torch.Tensor) -> list[torch.Tensor]:
        """The field, in a list: (N, 3, z, y, x), components (x, y, z), in voxels.

        Args:
            fixed, moving: (N, 1, z, y, x), in 0..1; sides are multiples of 16.

        Raises:
            InputError: see `check_pair`.
        """
        check_pair("VoxelMorph", fixed, moving, self.multiple)
        x = channels_last(torch.cat([moving, fixed], dim=1))
        skipped: list[torch.Tensor] = []
        for convolution in self.encoder:
            skipped.append(_activated(convolution, x))
            x = F.max_pool3d(skipped[-1], 2)
        for convolution in self.decoder:
            x = F.interpolate(_activated(convolution, x), scale_factor=2, mode="nearest")
            x = torch.cat([x, skipped.pop()], dim=1)
        for convolution in self.last:
            x = _activated(convolution, x)
        return [full_precision(self.head(x))]


def _convolutions(inputs: int, outputs: Sequence[int]) -> nn.ModuleList:
    return nn.ModuleList(nn.Conv3d(i, o, 3, padding=1) for i, o in zip((inputs, *outputs[:-1]), outputs, strict=True))


def _activated(convolution: nn.Module, x: torch.Tensor) -> torch.Tensor:
    return F.leaky_relu(convolution(x), SLOPE, inplace=True)
