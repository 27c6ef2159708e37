"""The U-Net of the multilevel registration network (VIRNet, section 3.3)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.warp import channels_last

NORM_EPS = 1e-5


class UNet(nn.Module):
    """Encoder and decoder with skip connections; two convolutions per level, instance normalization, ReLU.

    Average pooling 2x2x2 on the way down, transposed convolution 2x2x2 on the way up, a 1x1x1 convolution to the result.

    Args:
        inputs, outputs: channels of the input and of the result.
        channels: features of each level, the finest first.
    """

    def __init__(self, inputs: int = 2, outputs: int = 3, channels: Sequence[int] = (16, 32, 64, 128)):
        super().__init__()
        finer = channels[-2::-1]  # of the decoder's levels, coarse to fine
        self.encoder = nn.ModuleList(Block(i, c) for i, c in zip((inputs, *channels[:-1]), channels, strict=True))
        self.up = nn.ModuleList(nn.ConvTranspose3d(i, c, 2, stride=2) for i, c in zip(channels[:0:-1], finer, strict=True))
        self.decoder = nn.ModuleList(Block(2 * c, c) for c in finer)
        self.head = nn.Conv3d(channels[0], outputs, 1)

    @property
    def poolings(self) -> int:
        return len(self.up)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, z, y, x) to (N, outputs, z, y, x); sides are multiples of 2^poolings."""
        x = self.encoder[0](channels_last(x))
        skipped: list[torch.Tensor] = []
        for block in self.encoder[1:]:
            skipped.append(x)
            x = block(halved(x))
        for up, block in zip(self.up, self.decoder, strict=True):
            x = block(up(x), skipped)
        return self.head(x)


class Block(nn.Module):
    """Two 3x3x3 convolutions, each with instance normalization and ReLU."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.first = nn.Conv3d(inputs, outputs, 3, padding=1)
        self.second = nn.Conv3d(outputs, outputs, 3, padding=1)

    def forward(self, x: torch.Tensor, skipped: list[torch.Tensor] | None = None) -> torch.Tensor:
        """Features (N, outputs, z, y, x).

        Args:
            x: (N, any, z, y, x).
            skipped: the last of these features is taken off the list and seen beside x. The two are never stored side by side:
                the first convolution is the sum of theirs.
        """
        if skipped:
            n = skipped[-1].shape[1]
            y = F.conv3d(skipped.pop(), self.first.weight[:, :n], self.first.bias, padding=1)
            y.add_(F.conv3d(x, self.first.weight[:, n:], padding=1))
        else:
            y = self.first(x)
        return normalized_relu(self.second(normalized_relu(y)))


def normalized_relu(x: torch.Tensor) -> torch.Tensor:
    """Instance normalization, then ReLU; on a CPU in place, where no gradient is needed."""
    if x.requires_grad or x.device.type != "cpu":
        return F.relu(_instance_norm(x), inplace=True)
    for sample in x.split(1):
        mean, variance = torch.batch_norm_update_stats(sample, None, None, 0.0)  # of one sample: those of instance normalization
        sample.sub_(mean.view(1, -1, 1, 1, 1)).mul_((variance + NORM_EPS).rsqrt().view(1, -1, 1, 1, 1)).relu_()
    return x


def _instance_norm(x: torch.Tensor) -> torch.Tensor:
    if x[0, 0].numel() == 1:
        return torch.zeros_like(x)  # a single voxel is its own mean
    if len(x) == 1:  # for one sample this is the same, and keeps the channels last in memory
        return F.batch_norm(x, None, None, training=True, eps=NORM_EPS)
    return channels_last(F.instance_norm(x, eps=NORM_EPS))


def halved(x: torch.Tensor) -> torch.Tensor:
    """Means of 2x2x2 voxels; plane by plane, then over pairs of planes: several times faster than avg_pool3d on a CPU."""
    n, c, z, y, w = x.shape
    planes = F.avg_pool2d(x.movedim(2, 1).reshape(n * z, c, y, w), 2)
    pairs = (planes[0::2] + planes[1::2]) / 2
    return channels_last(pairs.unflatten(0, (n, z // 2)).movedim(1, 2))
