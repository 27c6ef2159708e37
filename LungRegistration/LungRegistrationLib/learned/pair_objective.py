"""The loss of a field on one pair, with what each network was made to minimize."""

from __future__ import annotations

from collections.abc import Callable

import torch

from ..geometry.tensors import mask_to_tensor
from ..geometry.voxel_fields import in_voxels
from ..geometry.warp import warp
from ..losses.mask_alignment import one_hot
from ..losses.objectives import AnatomicalObjective, Anatomy, CorrelationObjective
from ..search.frame import Frame, Pair
from .preprocessing import NetworkInput

LEVELS = 3  # of the multilevel network: the finest level's barrier, and keypoints count

Objective = Callable[[torch.Tensor], dict[str, torch.Tensor]]  # field (1, 3, z, y, x), mm -> weighted terms


def pair_objective(in_hu: bool, seen: NetworkInput, frame: Frame, pair: Pair) -> Objective:
    """Weighted terms by name of a field on a pair; their sum is the loss.

    Of networks that see HU, as virnet does: edges in the fixed lungs, curvature, volume change, masks (each label that both masks
    have), and the pair's landmarks as keypoints. Of those that see a window as 0..1, as rrn and voxelmorph do: local correlation
    and total variation.
    """
    lattice = seen.lattice
    spacing = lattice.spacing_mm

    def warped(field: torch.Tensor) -> torch.Tensor:
        return warp(seen.moving, in_voxels(field, spacing))

    if not in_hu:
        correlation = CorrelationObjective()
        return lambda field: correlation.terms(seen.fixed, warped(field), field, spacing)
    anatomical, anatomy = AnatomicalObjective(), _anatomy(seen, frame, pair)
    return lambda field: anatomical.terms(seen.fixed, warped(field), field, lattice, 1, LEVELS, anatomy)


def _anatomy(seen: NetworkInput, frame: Frame, pair: Pair) -> Anatomy:
    fixed = mask_to_tensor(frame.fixed_mask, seen.lattice, frame.device)
    moving = mask_to_tensor(frame.moving_mask, seen.lattice, frame.device, frame.linear)
    values = sorted({int(v) for v in fixed.unique()} & {int(v) for v in moving.unique()} - {0})
    if len(values) < 2:  # lungs, not lobes
        fixed, moving, values = (fixed > 0).float(), (moving > 0).float(), [1]
    points: list[torch.Tensor | None] = [None, None]
    if pair.landmarks is not None:
        on_fixed, on_moving = pair.landmarks[0], frame.to_frame(pair.landmarks[1])
        points = [torch.as_tensor(p, dtype=torch.float32, device=frame.device) for p in (on_fixed, on_moving)]
    return Anatomy((fixed > 0).float(), one_hot(fixed, values), one_hot(moving, values), points[0], points[1])
