"""How far a predicted map carries the vessel from where it belongs."""

from __future__ import annotations

import torch


def place_error(theta: torch.Tensor, true: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
    """Mean distance between two maps over the fixed vessel, in half sides of the picture (1 is from its middle to its edge).

    Args:
        theta, true: (N, 2, 3), fixed to moving (see `networks.transformer`).
        fixed: (N, 1, rows, columns), 0..1.
    """
    rows, columns = fixed.shape[2:]
    y, x = (torch.linspace(-1, 1, n, dtype=fixed.dtype, device=fixed.device) for n in (rows, columns))
    places = torch.stack([*torch.meshgrid(y, x, indexing="ij")[::-1], torch.ones_like(fixed[0, 0])]).flatten(1)
    apart = ((theta - true) @ places).square().sum(dim=1).add(1e-8).sqrt()
    weight = fixed.flatten(1)
    return ((apart * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1.0)).mean()
