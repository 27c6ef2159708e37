"""Siamese feature pyramid of the recursive refinement network: one set of weights for both images."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.warp import channels_last

SLOPE = 0.1  # of the leaky ReLU, original code
PER_LEVEL = 3  # convolutions


class FeaturePyramid(nn.Module):
    """Levels of three 3x3x3 convolutions, each with bias and leaky ReLU; the first of a level halves the size.

    Args:
        channels: features of each level, the finest (half the image's size) first.
    """

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        inputs = (1, *channels[:-1])
        self.levels = len(channels)
        self.convolutions = nn.ModuleList(
            nn.Conv3d(c if i else before, c, 3, stride=1 if i else 2, padding=1)
            for before, c in zip(inputs, channels, strict=True)
            for i in range(PER_LEVEL)
        )

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        """Features of all levels but the first, which no field is estimated from; the finest (1/4) first.

        Args:
            image: (N, 1, z, y, x), in -1..1.
        """
        features = []
        x = image
        for i, convolution in enumerate(self.convolutions, start=1):
            x = F.leaky_relu(channels_last(convolution(x)), SLOPE, inplace=True)
            if i % PER_LEVEL == 0:
                features.append(x)
        return features[1:]
