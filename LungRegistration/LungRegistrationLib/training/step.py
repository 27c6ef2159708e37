"""The loss of one pair: what the network makes of it, at the level that is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from CorrespondCoreLib.errors import InputError

from ..geometry.filters import downsampled
from ..geometry.lattice import Lattice
from ..geometry.voxel_fields import float32_only, in_mm, resized
from ..geometry.warp import warp
from ..losses.mask_alignment import one_hot
from ..losses.objectives import AnatomicalObjective, Anatomy, CorrelationObjective
from .pairs import TrainingPair

Objective = CorrelationObjective | AnatomicalObjective


@dataclass(frozen=True)
class PairTensors:
    """A pair on the device, with keypoints in the fixed frame.

    Attributes:
        fixed, moving, fixed_labels, moving_labels: (1, 1, z, y, x).
    """

    pair: TrainingPair
    fixed: torch.Tensor
    moving: torch.Tensor
    fixed_labels: torch.Tensor
    moving_labels: torch.Tensor

    @classmethod
    def of(cls, pair: TrainingPair, device: torch.device) -> PairTensors:
        arrays = (pair.fixed, pair.moving, pair.fixed_labels, pair.moving_labels)
        return cls(pair, *(torch.from_numpy(array).to(device)[None, None] for array in arrays))


def make_objective(options: dict[str, Any]) -> Objective:
    """The objective of a configuration.

    Raises:
        InputError: it has options that do not exist.
    """
    options = dict(options)
    kind = {"correlation": CorrelationObjective, "anatomical": AnatomicalObjective}[options.pop("name")]
    try:
        return kind(**options)
    except TypeError as error:
        raise InputError(f"Entry objective has an option that does not exist: {error}.") from error


def term_names(objective: Objective) -> list[str]:
    """Names of the terms that an objective can have, in order."""
    if isinstance(objective, CorrelationObjective):
        return ["similarity", objective.smoothness]
    return ["similarity", "curvature", "volume_change", "masks", "keypoints"]


def loss_terms(network: nn.Module, objective: Objective, data: PairTensors, level: int, levels: int) -> dict[str, torch.Tensor]:
    """Weighted terms by name, float32; their sum is the loss. The network may run in half precision, the loss does not.

    Args:
        network: takes (fixed, moving), gives fields, the finest first.
        level, levels: the images are compared at 1/2^(level - 1) of their size, the moving one warped at full size before.
    """
    field = network(data.fixed, data.moving)[0]
    with float32_only(field):
        factor = 2 ** (level - 1)
        warped = downsampled(warp(data.moving, resized(field, data.moving.shape[2:])), factor)
        fixed = downsampled(data.fixed, factor)
        lattice = level_lattice(data.pair.lattice, fixed)
        field_mm = in_mm(field, lattice.spacing_mm)
        if isinstance(objective, CorrelationObjective):
            return objective.terms(fixed, warped, field_mm, lattice.spacing_mm)
        return objective.terms(fixed, warped, field_mm, lattice, level, levels, _anatomy(data, factor))


def level_lattice(lattice: Lattice, volume: torch.Tensor) -> Lattice:
    """Where the voxels of a downsampled volume (N, C, z, y, x) are: the corners' centers stay."""
    size = (volume.shape[4], volume.shape[3], volume.shape[2])
    ratios = [(n - 1) / (m - 1) for n, m in zip(lattice.size, size, strict=True)]
    x, y, z = (s * r for s, r in zip(lattice.spacing_mm, ratios, strict=True))
    return Lattice(lattice.origin_mm, (x, y, z), size)


def _anatomy(data: PairTensors, factor: int) -> Anatomy:
    fixed, moving = (
        downsampled(one_hot(labels, range(1, data.pair.labels + 1)), factor) for labels in (data.fixed_labels, data.moving_labels)
    )
    lung = (downsampled((data.fixed_labels > 0).float(), factor) > 0.5).float()
    if data.pair.keypoints is None:
        return Anatomy(lung, fixed, moving)
    points = data.pair.keypoints[0], in_fixed_frame(data.pair, data.pair.keypoints[1])
    keypoints = (torch.as_tensor(p, dtype=torch.float32, device=lung.device) for p in points)
    return Anatomy(lung, fixed, moving, *keypoints)


def in_fixed_frame(pair: TrainingPair, moving_mm: np.ndarray) -> np.ndarray:
    """Where the linear part x -> A x + b takes moving points (N, 3) from: A^-1 (y - b)."""
    return (moving_mm - pair.offset) @ np.linalg.inv(pair.matrix).T
