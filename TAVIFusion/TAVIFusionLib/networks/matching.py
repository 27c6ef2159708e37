"""Matching network of the paper (section II-C): two masks in, the affine map between them out."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from CorrespondCoreLib.errors import InputError

from .contract import FrameNetwork
from .transformer import IDENTITY

FILTERS = (32, 64, 64, 128, 128, 128, 128, 256, 256)  # paper
COMPACT = (16, 32, 32, 64, 64, 96, 96, 192, 192)
HIDDEN = 1024  # paper
FIRST_POOLED, EVERY = 3, 2  # pooling after convolutions 3, 5, 7 and 9: "every other time" from the third one on


class AffineMatchingNetwork(FrameNetwork):
    """Predicts where the moving mask (the projected model) lies in the fixed one (the vessel); identity before any training.

    With the defaults, the paper's network: 68,577,318 parameters, of which 98 % are in the first fully connected layer. Compact,
    with average pooling in place of flattening, it has 759,926 and takes any multiple of 16; two channels with the place of every
    pixel are added to its input, since the pooling forgets places.

    Args:
        filters: of the nine convolutions.
        pooling: "flatten" (paper), for pictures of 256 x 256; or "global".
        hidden: neurons of the first fully connected layer.
    """

    inputs = 2
    multiple = 16

    def __init__(self, filters: Sequence[int] = FILTERS, pooling: str = "flatten", hidden: int = HIDDEN):
        super().__init__()
        if pooling not in ("flatten", "global"):
            raise InputError(f'The pooling of a matching network is "flatten" or "global", not "{pooling}".')
        self.is_global = pooling == "global"
        self.side = None if self.is_global else 256
        channels = [self.inputs + 2 * self.is_global, *filters]
        kernels = [5, *[3] * (len(filters) - 1)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(i, o, k, padding=k // 2) for i, o, k in zip(channels, filters, kernels, strict=False)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(count) for count in filters)
        features = filters[-1] * (1 if self.is_global else (256 // self.multiple) ** 2)
        self.hidden = nn.Linear(features, hidden)
        self.last = nn.Linear(hidden, 6)
        nn.init.zeros_(self.last.weight)
        with torch.no_grad():
            self.last.bias.copy_(torch.tensor(IDENTITY).flatten())
        self.keep_channels_last()

    def forward(self, moving: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
        """theta (N, 2, 3), fixed to moving (see `transformer`), of masks or probabilities (N, 1, rows, columns).

        Raises:
            InputError: shape or type does not fit.
        """
        pictures = torch.cat([moving, fixed], dim=1)
        self.check(pictures)
        x = torch.cat([pictures, _places(pictures)], dim=1) if self.is_global else pictures
        x = x.contiguous(memory_format=torch.channels_last)
        for k, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True), start=1):
            x = F.relu(norm(convolution(x)))
            if k >= FIRST_POOLED and (k - FIRST_POOLED) % EVERY == 0:
                x = F.max_pool2d(x, 2)
        x = x.mean(dim=(2, 3)) if self.is_global else x.flatten(1)
        return self.last(F.relu(self.hidden(x))).view(-1, 2, 3)


def compact_matching_network() -> AffineMatchingNetwork:
    """The variant that is small enough to be shipped: below 3 MB in half precision."""
    return AffineMatchingNetwork(COMPACT, "global", 256)


def _places(pictures: torch.Tensor) -> torch.Tensor:
    """(N, 2, rows, columns): x and y of every pixel, -1 to 1."""
    count, _, rows, columns = pictures.shape
    y = torch.linspace(-1, 1, rows, dtype=pictures.dtype, device=pictures.device)
    x = torch.linspace(-1, 1, columns, dtype=pictures.dtype, device=pictures.device)
    return torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1]).expand(count, 2, rows, columns)
