"""Deep residual U-net of the paper (section II-B): gray frame to vessel."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from .contract import FrameNetwork

LEVELS = 4  # residual blocks of the encoder, each followed by 2 x 2 pooling (paper)


class ResidualBlock(nn.Module):
    """Two 3 x 3 convolutions with batch normalization and ReLU, and the input added before the last ReLU.

    The paper leaves open where the sum stands, and what is added when the number of channels changes: here a 1 x 1 convolution.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, rows, columns) to (N, outputs, rows, columns)."""
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class DeepResidualUNet(FrameNetwork):
    """The segmentation network of the paper; its filters, bridge and decoder are not given there and are ours.

    8,288,673 parameters at base 32, 2,074,833 at base 16: widths base x 1, 2, 4, 8, a bridge block of base x 16 after the fourth
    pooling, nearest-neighbor upsampling, concatenation, residual blocks in the decoder as well, and a 1 x 1 head.

    Args:
        base: channels of the first block.

    Attributes:
        bridge: the deepest block, 1/16 of the frame's rows and columns.
    """

    inputs = 1
    multiple = 2**LEVELS

    def __init__(self, base: int = 32):
        super().__init__()
        widths = [base * 2**level for level in range(LEVELS + 1)]
        self.encoder = nn.ModuleList(ResidualBlock(i, o) for i, o in zip([1, *widths], widths[:-1], strict=False))
        self.bridge = ResidualBlock(widths[-2], widths[-1])
        self.decoder = nn.ModuleList(
            ResidualBlock(low + here, here) for low, here in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.head = nn.Conv2d(base, 1, 1)
        self.keep_channels_last()

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Logits (N, 1, rows, columns) of frames (N, 1, rows, columns), normalized as `preprocessing.normalized` does it.

        Raises:
            InputError: shape or type does not fit.
        """
        self.check(frames)
        x = frames.contiguous(memory_format=torch.channels_last)
        skipped = []
        for block in self.encoder:
            x = block(x)
            skipped.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bridge(x)
        for block, skip in zip(self.decoder, reversed(skipped), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return self.head(x)
