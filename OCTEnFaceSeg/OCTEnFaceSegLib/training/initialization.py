"""First weights of a network, as the original code draws them."""

from __future__ import annotations

import torch
from torch import nn

DEVIATION = 0.02


def initialize(network: nn.Module, seed: int) -> None:
    """Convolutions by Glorot's normal rule, biases 0, scales of batch normalizations from N(1, 0.02)."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.Conv3d)):
                area = module.weight[0, 0].numel()
                deviation = (2.0 / (area * (module.weight.shape[0] + module.weight.shape[1]))) ** 0.5
                module.weight.copy_(deviation * torch.randn(module.weight.shape, generator=generator))
                if module.bias is not None:
                    module.bias.zero_()
            elif isinstance(module, nn.BatchNorm3d):
                module.weight.copy_(1 + DEVIATION * torch.randn(module.weight.shape, generator=generator))
