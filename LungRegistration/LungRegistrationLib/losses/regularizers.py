"""Smoothness of a control-point field: curvature, diffusion, total variation, as energy, gradient and matrix.

All are c^T D^T W D c with derivatives D on the control grid; total variation re-weights W at each step (IRLS).
Curvature: Fischer & Modersitzki, J Math Imaging Vis 18, 2003. Total variation: Vishnevskiy et al., IEEE TMI 36(2), 2017.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

SCALE = {"curvature": 100.0, "diffusion": 1.0, "total_variation": 0.1}  # makes the weight 1 fit each of them
TV_EPS = 0.02  # slope below which total variation acts like diffusion


class Regularizer:
    """Energy weight * scale * integral |D u|^2 (or |D u|) over mm^3; zero displacement beyond the control grid."""

    def __init__(self, kind: str, weight: float, spacing_mm: float, share: torch.Tensor | float = 1.0):
        """`share`: part of the weight that counts at each control point, (z, y, x), or the same for all."""
        self.kind = kind
        self.share = torch.as_tensor(share)
        self.h = spacing_mm
        self.factor = weight * SCALE[kind] * spacing_mm**3
        self._weight: torch.Tensor | None = None

    def energy(self, c: torch.Tensor) -> torch.Tensor:
        """Scalar energy of coefficients (3, z, y, x) in mm."""
        if self.kind == "curvature":
            return self.factor * (self.share * laplacian(c, self.h).square()).sum()
        square = self._square_gradient(c)
        if self.kind == "diffusion":
            return self.factor * (self.share * square).sum()
        return self.factor * (self.share * ((square + TV_EPS**2).sqrt() - TV_EPS)).sum()

    def prepare(self, c: torch.Tensor) -> None:
        """Take the weights of total variation from the present field; nothing to do for the others."""
        if self.kind == "total_variation":
            self._weight = 0.5 / (self._square_gradient(c) + TV_EPS**2).sqrt()

    def apply(self, c: torch.Tensor) -> torch.Tensor:
        """Matrix times coefficients: half the Hessian; at the field of `prepare` twice this is the gradient of the energy."""
        if self.kind == "curvature":
            return self.factor * laplacian(self.share * laplacian(c, self.h), self.h)
        out = torch.zeros_like(c)
        for axis in (1, 2, 3):
            slope = self.share * self._difference(c, axis)
            if self._weight is not None:
                slope *= self._weight
            out -= slope / self.h
            out.narrow(axis, 1, c.shape[axis] - 1).add_(slope.narrow(axis, 0, c.shape[axis] - 1) / self.h)
        return self.factor * out

    def diagonal(self, c: torch.Tensor) -> torch.Tensor:
        """Diagonal of the matrix (about, near the border), broadcastable to the coefficients."""
        if self.kind == "curvature":
            return self.factor * 42 * self.share.to(c) / self.h**4
        diagonal = self.factor * 6 * self.share.to(c) / self.h**2
        return diagonal if self._weight is None else diagonal * self._weight

    def _difference(self, c: torch.Tensor, axis: int) -> torch.Tensor:
        """(c[i + 1] - c[i]) / h along an axis, zero beyond the grid."""
        after = [0] * 6
        after[2 * (3 - axis) + 1] = 1
        return F.pad(c, after).diff(dim=axis) / self.h

    def _square_gradient(self, c: torch.Tensor) -> torch.Tensor:
        """Sum of squared differences of all components, (z, y, x)."""
        return torch.stack([self._difference(c, axis).square().sum(dim=0) for axis in (1, 2, 3)]).sum(dim=0)


def laplacian(c: torch.Tensor, h: float) -> torch.Tensor:
    """Seven-point Laplacian per mm^2 of (3, z, y, x), zero beyond the grid."""
    p = F.pad(c, [1] * 6)
    inner = p[:, 1:-1, 1:-1, 1:-1]
    out = -6 * inner
    out += p[:, 2:, 1:-1, 1:-1]
    out += p[:, :-2, 1:-1, 1:-1]
    out += p[:, 1:-1, 2:, 1:-1]
    out += p[:, 1:-1, :-2, 1:-1]
    out += p[:, 1:-1, 1:-1, 2:]
    out += p[:, 1:-1, 1:-1, :-2]
    return out / h**2
