"""Image projection network V2 (Li et al., OCTA-500): projection learning modules, then a 2D U-Net on the en-face plane."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from .contract import EnfaceNetwork, Sizes
from .original_ipnv2 import original_name
from .originals import own_state_dict

FEATURES, LEVELS = 64, 4
POOLS = (8, 5, 4)


class ImageProjectionNetworkV2(EnfaceNetwork):
    """Three modules that pool the depth and convolve, beside one convolution over the whole depth; 2,244,162 parameters.

    The logit is the difference of the two classes, lesion minus background: its sigmoid is their softmax. The map of the modules
    comes before the map of the convolution over the whole depth in the channels of the plane's first convolution.

    Args:
        features: of every convolution.
        pools: sizes of the poolings along the beam; their product is the depth that the network takes.
    """

    strides = ((1, 1),)
    bytes_per_voxel = 1100

    def __init__(self, features: int = FEATURES, pools: Sequence[int] = POOLS):
        super().__init__()
        depth = math.prod(pools)
        self.pools = tuple(pools)
        self.sizes = Sizes(b_scans=2**LEVELS, a_scans=2**LEVELS, depth=depth, exact_depth=True)
        self.reach = (1 + 2 * len(pools),) * 2
        self.first = nn.Conv3d(1, features, 3, padding=1)
        self.modules3d = nn.ModuleList(
            nn.Sequential(*(nn.Conv3d(features, features, 3, padding=1) for _ in range(2))) for _ in pools
        )
        self.skip = nn.Conv3d(features, features, (depth, 1, 1))
        self.merge = PlaneBlock(2 * features, features)
        self.encoder = nn.ModuleList(PlaneBlock(features, features) for _ in range(LEVELS + 1))
        self.decoder = nn.ModuleList(PlaneBlock(2 * features, features) for _ in range(LEVELS))
        self.head = nn.Conv2d(features, 2, 1)
        self.keep_channels_last()

    def project(self, volume: torch.Tensor) -> list[torch.Tensor]:
        x = F.relu_(self.first(volume.transpose(2, 3)))  # (N, C, depth, B-scan, A-scan)
        skip = self.skip(x)
        for k, pool in enumerate(self.pools):
            first, second = self.modules3d[k].children()
            x = F.relu_(second(F.relu_(first(F.max_pool3d(x, (pool, 1, 1))))))
        return [torch.cat([x, skip], dim=1).transpose(2, 3)]

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        y = self.encoder[0](self.merge(maps[0].squeeze(3)))
        skips = []
        for block in self.encoder[1:]:
            skips.append(y)
            y = block(F.max_pool2d(y, 2))
        for block in self.decoder:
            up = F.interpolate(y, scale_factor=2.0, mode="bilinear", align_corners=True)
            y = block(torch.cat([skips.pop(), up], dim=1))
        background, lesion = self.head(y).split(1, dim=1)
        return (lesion - background).unsqueeze(3)

    @classmethod
    def from_original_state_dict(cls, state_dict: Mapping[str, torch.Tensor]) -> ImageProjectionNetworkV2:
        """The network with the weights of a checkpoint of the original code, for one input volume.

        Raises:
            InputError: names the entries that are missing, unknown, or of another shape.
        """
        network = cls()
        network.load_state_dict(own_state_dict(state_dict, network, original_name))
        return network.eval()


class PlaneBlock(nn.Module):
    """Two 3x3 convolutions with ReLU on the en-face plane."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, B-scan, A-scan) to (N, outputs, B-scan, A-scan)."""
        return F.relu_(self.second(F.relu_(self.first(x))))
