"""What images are compared by: feature maps whose squared difference is the distance (MIND-SSC, local correlation, NGF)."""

from __future__ import annotations

import torch

from ..geometry.filters import gaussian
from ..geometry.lattice import Lattice
from .lncc import standardized
from .mind import mind_ssc
from .ngf import gradient_tensor

NOISE_HU = 40.0  # local standard deviation that counts as noise
EDGE_HU_PER_MM = 30.0  # slope that counts as an edge
WINDOW_MM = 5.0  # standard deviation of the window of local correlation
DENOISE_MM = 1.0  # smoothing before gradients and local statistics
WEIGHT = {"mind": 12.0, "lncc": 0.5, "ngf": 4.0}  # makes one regularization weight fit all of them


def features(volume: torch.Tensor, lattice: Lattice, kind: str) -> torch.Tensor:
    """Feature maps (1, C, z, y, x) of a CT (1, 1, z, y, x) in HU; the distance is the mean squared difference of channels."""
    spacing = lattice.spacing_mm
    if kind == "mind":
        return mind_ssc(volume) * WEIGHT[kind] ** 0.5
    smooth = gaussian(volume, DENOISE_MM / spacing[0])
    if kind == "lncc":
        return standardized(smooth, WINDOW_MM / spacing[0], NOISE_HU) * WEIGHT[kind] ** 0.5
    return gradient_tensor(smooth, spacing, EDGE_HU_PER_MM) * (6 * WEIGHT[kind]) ** 0.5
