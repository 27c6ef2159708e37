"""Image projection network (Li et al., IEEE TMI 2020): 3D convolutions, and pooling along the beam alone."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from .contract import EnfaceNetwork, Sizes

FEATURES, CONVOLUTIONS = 64, 3
POOLS = (5, 4, 2, 2, 2)


class ImageProjectionNetwork(EnfaceNetwork):
    """Five projection learning modules of three 3x3x3 convolutions and a pooling; 1,554,434 parameters.

    The two classes' results pass a ReLU, as in the original code; their difference, lesion minus background, is the logit whose
    sigmoid is the softmax of the two.

    Args:
        features: of every convolution.
        pools: sizes of the poolings along the beam; their product is the depth that the network takes.
    """

    strides = ((1, 1),)
    bytes_per_voxel = 1500

    def __init__(self, features: int = FEATURES, pools: Sequence[int] = POOLS):
        super().__init__()
        self.pools = tuple(pools)
        self.sizes = Sizes(b_scans=1, a_scans=1, depth=math.prod(pools), exact_depth=True)
        self.reach = (CONVOLUTIONS * len(pools),) * 2
        count = CONVOLUTIONS * len(pools)
        self.convolutions = nn.ModuleList(nn.Conv3d(features if k else 1, features, 3, padding=1) for k in range(count))
        self.head = nn.Conv3d(features, 2, 3, padding=1)
        self.keep_channels_last()

    def project(self, volume: torch.Tensor) -> list[torch.Tensor]:
        x = volume
        for k, convolution in enumerate(self.convolutions):
            x = F.relu_(convolution(x))
            if k % CONVOLUTIONS == CONVOLUTIONS - 1:
                x = F.max_pool3d(x, (1, self.pools[k // CONVOLUTIONS], 1))
        return [x]

    def decode(self, maps: list[torch.Tensor]) -> torch.Tensor:
        background, lesion = F.relu(self.head(maps[0])).split(1, dim=1)
        return lesion - background
