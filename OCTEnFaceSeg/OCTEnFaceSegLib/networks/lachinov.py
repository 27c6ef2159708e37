"""Projective skip connections (Lachinov et al., MICCAI 2021), as the feature projection network's original code has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from .contract import EnfaceNetwork, Sizes
from .original_lachinov import original_name, unused_shapes
from .originals import own_state_dict

CHANNELS, BLOCKS = (32, 64, 128, 256), (1, 1, 2, 4)
SQUEEZE = 8
IN_B_SCAN, ENFACE, HALVING = (1, 3, 3), (3, 1, 3), (1, 2, 2)


class ProjectiveSkipNetwork(EnfaceNetwork):
    """Encoder of residual bottlenecks that halves depth and A-scans, decoder that widens the A-scans alone; 1,513,697 parameters.

    Skips are averaged along the beam to the depth of the coarsest level, which the decoder keeps; its mean is the map. Instance
    normalization sees the whole volume, so that tiles would change the result. Axes (B-scan, depth, A-scan), as everywhere.

    Args:
        channels: features of each level, the finest first; multiples of 8.
        blocks: residual bottlenecks of each level.
    """

    sizes = Sizes(b_scans=1, a_scans=8, depth=8)
    strides = ((1, 1),)
    reach = None
    bytes_per_voxel = 1100

    def __init__(self, channels: Sequence[int] = CHANNELS, blocks: Sequence[int] = BLOCKS):
        super().__init__()
        self.first = nn.Conv3d(1, channels[0], ENFACE, padding=(1, 0, 1))
        self.first_norm = nn.InstanceNorm3d(channels[0], affine=True)
        self.encoder = nn.ModuleList(_bottlenecks(c, IN_B_SCAN, n) for c, n in zip(channels, blocks, strict=True))
        pairs = list(zip(channels, channels[1:], strict=False))
        self.down = nn.ModuleList(nn.Conv3d(fine, coarse, HALVING, HALVING, bias=False) for fine, coarse in pairs)
        self.up = nn.ModuleList(nn.Conv3d(coarse, fine, 1, bias=False) for fine, coarse in pairs)
        self.fuse = nn.ModuleList(nn.Conv3d(2 * fine, fine, 3, padding=1, bias=False) for fine, _ in pairs)
        self.fuse_norm = nn.ModuleList(nn.InstanceNorm3d(fine, affine=True) for fine, _ in pairs)
        self.decoder = nn.ModuleList(_bottlenecks(c, ENFACE, n) for c, n in zip(channels[:-1], blocks[:-1], strict=True))
        self.head = nn.Conv3d(channels[0], 1, ENFACE, padding=(1, 0, 1))

    def project(self, volume: torch.Tensor) -> list[torch.Tensor]:
        x = self.encoder[0](self.first_norm(self.first(volume)))
        skips = []
        for k, (down, blocks) in enumerate(zip(self.down, self.encoder[1:], strict=True)):
            along = 2 ** (len(self.down) - k)
            skips.append(F.avg_pool3d(x, (1, along, 1)))
            x = blocks(down(x))
        for k in reversed(range(len(self.up))):
            x = F.interpolate(self.up[k](x), scale_factor=(1.0, 1.0, 2.0), mode="trilinear", align_corners=False)
            x = self.decoder[k](self.fuse_norm[k](self.fuse[k](torch.cat([skips.pop(), x], dim=1))))
        return [x.mean(dim=3, keepdim=True)]

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        return self.head(maps[0])

    @classmethod
    def from_original_state_dict(cls, state_dict: Mapping[str, torch.Tensor]) -> ProjectiveSkipNetwork:
        """The network with the weights of a checkpoint of the original code; its unused coarsest decoder level is left out.

        Raises:
            InputError: names the entries that are missing, unknown, or of another shape.
        """
        network = cls()
        network.load_state_dict(own_state_dict(state_dict, network, original_name, unused_shapes()))
        return network.eval()


class Bottleneck(nn.Module):
    """1x1x1 convolution to an eighth of the channels, one with the given kernel, 1x1x1 back; then the input is added."""

    def __init__(self, channels: int, kernel: tuple[int, int, int]):
        super().__init__()
        inner = channels // SQUEEZE
        b, d, a = (k // 2 for k in kernel)
        self.squeeze = nn.Conv3d(channels, inner, 1, bias=False)
        self.squeeze_norm = nn.InstanceNorm3d(inner, affine=True)
        self.convolution = nn.Conv3d(inner, inner, kernel, padding=(b, d, a), bias=False)
        self.convolution_norm = nn.InstanceNorm3d(inner, affine=True)
        self.widen = nn.Conv3d(inner, channels, 1, bias=False)
        self.widen_norm = nn.InstanceNorm3d(channels, affine=True)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, channels, ...) to the same shape."""
        y = F.relu_(self.squeeze_norm(self.squeeze(x)))
        y = F.relu_(self.convolution_norm(self.convolution(y)))
        return x + self.widen_norm(self.widen(y))


def _bottlenecks(channels: int, kernel: tuple[int, int, int], count: int) -> nn.Module:
    return nn.Sequential(*(Bottleneck(channels, kernel) for _ in range(count)))
