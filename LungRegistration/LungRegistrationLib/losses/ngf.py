"""Normalized gradient fields (Haber & Modersitzki, MICCAI 2006): edges lie on edges, whatever their contrast."""

from __future__ import annotations

import torch

from ..geometry.filters import gradient


def normalized_gradient(volume: torch.Tensor, spacing_mm: tuple[float, float, float], edge: float) -> torch.Tensor:
    """grad / sqrt(|grad|^2 + edge^2), (1, 3, z, y, x), of a volume (1, 1, z, y, x).

    Args:
        edge: slope (HU/mm) from which on a gradient counts as an edge.
    """
    g = torch.cat(gradient(volume, spacing_mm), dim=1)
    return g / (g.square().sum(dim=1, keepdim=True) + edge**2).sqrt()


def ngf_loss(
    fixed: torch.Tensor,
    warped: torch.Tensor,
    spacing_mm: tuple[float, float, float],
    edge: float | torch.Tensor,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Mean of 1 - (<grad f, grad w> + edge^2)^2 / ((|grad f|^2 + edge^2)(|grad w|^2 + edge^2)): 0 for identical images.

    Hering et al. 2021, section 3.2.1; edge^2 is added once, as in Haber & Modersitzki.

    Args:
        fixed, warped: (N, 1, z, y, x), HU.
        edge: slope (HU/mm) from which on a gradient counts as an edge; one for all, or one for each volume (N), as
            `automatic_edge` gives it.
        mask: (N, 1, z, y, x); only where it is not 0 is anything added, but the mean is still over the whole volume, which keeps
            the proportion to the other terms of the paper's loss.
    """
    f = torch.cat(gradient(fixed, spacing_mm), dim=1)
    w = torch.cat(gradient(warped, spacing_mm), dim=1)
    e = torch.as_tensor(edge, dtype=f.dtype, device=f.device).square().view(-1, 1, 1, 1)
    inner = (f * w).sum(dim=1) + e
    distance = 1 - inner**2 / ((f.square().sum(dim=1) + e) * (w.square().sum(dim=1) + e))
    return (distance if mask is None else distance * (mask[:, 0] != 0)).mean()


def automatic_edge(
    volume: torch.Tensor, spacing_mm: tuple[float, float, float], noise: float = 1.0, mask: torch.Tensor | None = None
) -> torch.Tensor:
    """Edge parameter (N): noise times the mean length of the gradient (HU/mm) of (N, 1, z, y, x) volumes, in a mask if given.

    Haber & Modersitzki, MICCAI 2006. For CT, 0.1 to 10 is mostly good (Hering et al. 2021, who take 1 without this rule).
    """
    length = torch.cat(gradient(volume, spacing_mm), dim=1).square().sum(dim=1, keepdim=True).sqrt()
    inside = torch.ones_like(length) if mask is None else (mask != 0).to(length.dtype)
    return noise * (length * inside).sum((1, 2, 3, 4)) / inside.sum((1, 2, 3, 4))


def gradient_tensor(volume: torch.Tensor, spacing_mm: tuple[float, float, float], edge: float) -> torch.Tensor:
    """The six entries of n n^T (off-diagonals times sqrt 2), (1, 6, z, y, x), of the normalized gradient n.

    Their squared difference is |n_f|^4 + |n_w|^4 - 2 (n_f . n_w)^2: the NGF distance as a sum of squares.
    """
    n = normalized_gradient(volume, spacing_mm, edge)
    x, y, z = n[:, 0:1], n[:, 1:2], n[:, 2:3]
    root2 = 2**0.5
    return torch.cat([x * x, y * y, z * z, root2 * x * y, root2 * x * z, root2 * y * z], dim=1)
