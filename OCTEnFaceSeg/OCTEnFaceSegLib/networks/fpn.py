"""Feature projection network (Morano et al., MICCAI 2023): a 3D encoder, a projection along the beam per level, a 2D decoder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from .blocks import ResidualBlock
from .contract import EnfaceNetwork, Sizes
from .original_fpn import original_name
from .originals import own_state_dict

CHANNELS = (16, 32, 64, 128, 256)
POOLS = ((1, 2, 2), (1, 2, 2), (2, 2, 2), (2, 2, 2))  # after each level but the last: B-scan, A-scan, depth
IN_B_SCAN, ACROSS_B_SCANS, ENFACE = (1, 3, 3), (3, 1, 1), (3, 3, 1)
ALONG, ALONG_STRIDE = (1, 1, 3), (1, 1, 2)


class FeatureProjectionNetwork(EnfaceNetwork):
    """The network of the paper, as its original code has it; 4,369,553 parameters.

    Inside, the axes are (B-scan, A-scan, depth).

    Args:
        channels: features of the five levels, the finest first.

    Attributes:
        last_kernel: length of the last convolution along the beam; what is left of the depth after it is averaged.
    """

    last_kernel = 4
    sizes = Sizes(b_scans=4, a_scans=16, depth=64)
    strides = ((1, 1), (1, 2), (1, 4), (2, 8), (4, 16))
    reach = (9, 124)  # one B-scan and four A-scans of every level, times its stride
    bytes_per_voxel = 220

    def __init__(self, channels: Sequence[int] = CHANNELS):
        super().__init__()
        self.encoder = nn.ModuleList(_encoder_level(i, o) for i, o in zip((1, *channels), channels, strict=False))
        levels = len(channels)
        self.projections = nn.ModuleList(_projection(c, levels - 1 - k, self.last_kernel) for k, c in enumerate(channels))
        pairs = zip(channels[:0:-1], channels[-2::-1], strict=True)
        self.decoder = nn.ModuleList(ResidualBlock(low + here, here, [ENFACE, ENFACE]) for low, here in pairs)
        self.head = nn.Conv3d(channels[0], 1, 1)
        self.keep_channels_last()

    def project(self, volume: torch.Tensor) -> list[torch.Tensor]:
        x = volume.transpose(3, 4).contiguous(memory_format=torch.channels_last_3d)
        maps = []
        for k, (level, projection) in enumerate(zip(self.encoder, self.projections, strict=True)):
            x = level(F.max_pool3d(x, POOLS[k - 1]) if k else x)
            maps.append(projection(x).mean(dim=4, keepdim=True).transpose(3, 4))
        return maps

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        y = maps[-1].transpose(3, 4)
        for block, skip, pool in zip(self.decoder, maps[-2::-1], POOLS[::-1], strict=True):
            up = F.interpolate(y, scale_factor=(float(pool[0]), float(pool[1]), 1.0), mode="nearest")
            y = block(torch.cat([skip.transpose(3, 4), up], dim=1))
        return self.head(y).transpose(3, 4)

    @classmethod
    def from_original_state_dict(cls, state_dict: Mapping[str, torch.Tensor]) -> FeatureProjectionNetwork:
        """The network with the weights of a checkpoint of the original code, in evaluation mode.

        Raises:
            InputError: names the entries that are missing, unknown, or of another shape.
        """
        network = cls()
        network.load_state_dict(own_state_dict(state_dict, network, original_name))
        return network.eval()


def _encoder_level(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        ResidualBlock(inputs, outputs, [IN_B_SCAN, IN_B_SCAN]),
        ResidualBlock(outputs, outputs, [IN_B_SCAN, IN_B_SCAN, ACROSS_B_SCANS], shortcut="identity"),
    )


def _projection(channels: int, halvings: int, last_kernel: int) -> nn.Module:
    """Halvings of the depth with a shortcut, then one convolution without padding."""
    last = ResidualBlock(channels, channels, [(1, 1, last_kernel)], paddings=[(0, 0, 0)], shortcut="none")
    if not halvings:
        return nn.Sequential(last)
    return nn.Sequential(ResidualBlock(channels, channels, [ALONG] * halvings, [ALONG_STRIDE] * halvings), last)
