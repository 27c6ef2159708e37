"""Convolution with batch normalization, and the residual block that is made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

Triple = tuple[int, int, int]


class NormalizedConvolution(nn.Module):
    """A 3D convolution without bias, then batch normalization.

    In evaluation mode without gradients the normalization is folded into the convolution, which spares a pass over the features.
    """

    def __init__(self, inputs: int, outputs: int, kernel: Triple, stride: Triple = (1, 1, 1), padding: Triple = (0, 0, 0)):
        super().__init__()
        self.convolution = nn.Conv3d(inputs, outputs, kernel, stride, padding, bias=False)
        self.normalization = nn.BatchNorm3d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, x, y, z) to (N, outputs, x', y', z')."""
        if self.training or torch.is_grad_enabled():
            return self.normalization(self.convolution(x))
        norm, conv = self.normalization, self.convolution
        assert norm.running_mean is not None and norm.running_var is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        weight = conv.weight * scale.view(-1, 1, 1, 1, 1)
        return F.conv3d(x, weight, norm.bias - norm.running_mean * scale, conv.stride, conv.padding)


class ResidualBlock(nn.Module):
    """Convolutions with batch normalization and ReLU; the shortcut is added before the last ReLU.

    Args:
        inputs, outputs: channels.
        kernels: of the convolutions, one after the other.
        strides, paddings: likewise; 1 and "same" by default.
        shortcut: "identity", "projection" (1x1x1 convolution with the same total stride, and batch normalization) or "none".
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernels: Sequence[Triple],
        strides: Sequence[Triple] | None = None,
        paddings: Sequence[Triple] | None = None,
        shortcut: str = "projection",
    ):
        super().__init__()
        strides = strides or [(1, 1, 1)] * len(kernels)
        paddings = paddings or [(a // 2, b // 2, c // 2) for a, b, c in kernels]
        channels = [inputs, *[outputs] * len(kernels)]
        self.convolutions = nn.ModuleList(
            NormalizedConvolution(i, o, k, s, p)
            for i, o, k, s, p in zip(channels, channels[1:], kernels, strides, paddings, strict=False)
        )
        self.shortcut: nn.Module | None = None
        if shortcut == "projection":
            a, b, c = (math.prod(steps) for steps in zip(*strides, strict=True))
            self.shortcut = NormalizedConvolution(inputs, outputs, (1, 1, 1), (a, b, c))
        self._residual = shortcut != "none"

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(N, inputs, x, y, z) to (N, outputs, x', y', z')."""
        y = x
        for k, convolution in enumerate(self.convolutions):
            y = convolution(F.relu_(y) if k else y)
        if self._residual:
            y = y.add_(x if self.shortcut is None else self.shortcut(x))
        return F.relu_(y)
