"""The estimators of the recursive refinement network: features in, displacement field (voxels) out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.warp import channels_last

SLOPE = 0.05  # of the leaky ReLU, original code
DILATIONS = (1, 2, 4, 8, 16, 1)  # RRN, section 2.1


class DenseEstimator(nn.Module):
    """Dense block: every 3x3x3 convolution sees the input and all outputs before it; the field comes from the last output.

    Args:
        inputs: channels of the input.
        channels: outputs of the convolutions, each with bias and leaky ReLU.
    """

    def __init__(self, inputs: int, channels: Sequence[int]):
        super().__init__()
        seen = [inputs + sum(channels[:i]) for i in range(len(channels))]
        self.convolutions = nn.ModuleList(nn.Conv3d(i, o, 3, padding=1) for i, o in zip(seen, channels, strict=True))
        self.head = nn.Conv3d(channels[-1], 3, 3, padding=1)

    def forward(self, parts: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
        """The last output, called context, (N, channels[-1], z, y, x), and the field (N, 3, z, y, x).

        Args:
            parts: what the input consists of, (N, any, z, y, x) each; the last one's precision counts.
        """
        x = joined(parts, parts[-1].dtype)
        for convolution in self.convolutions[:-1]:
            x = torch.cat([x, F.leaky_relu(convolution(x), SLOPE, inplace=True)], dim=1)
        context = F.leaky_relu(self.convolutions[-1](x), SLOPE, inplace=True)
        return context, self.head(context)


def joined(parts: list[torch.Tensor], dtype: torch.dtype) -> torch.Tensor:
    """Features side by side in one precision, channels last in memory."""
    return channels_last(torch.cat([part.to(dtype) for part in parts], dim=1))


class DilatedEstimator(nn.Module):
    """Final estimator with a wide view: 3x3x3 convolutions of growing dilation, each with leaky ReLU but the last.

    Args:
        inputs: channels of the input.
        channels: outputs of the six convolutions before the one to the field.
    """

    def __init__(self, inputs: int, channels: Sequence[int]):
        super().__init__()
        before = (inputs, *channels[:-1])
        self.convolutions = nn.ModuleList(
            nn.Conv3d(i, o, 3, padding=d, dilation=d) for i, o, d in zip(before, channels, DILATIONS, strict=True)
        )
        self.head = nn.Conv3d(channels[-1], 3, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What is added to the field, (N, 3, z, y, x)."""
        for convolution in self.convolutions:
            x = F.leaky_relu(convolution(x), SLOPE, inplace=True)
        return self.head(x)
