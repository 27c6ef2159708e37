"""How well a network registers pairs that it was not trained on: landmarks, folding, overlap."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from CorrespondCoreLib.metrics import dice

from ..geometry.voxel_fields import in_mm, resized
from ..geometry.warp import sample, warp
from ..losses.mask_alignment import one_hot
from ..losses.volume_change import jacobian_determinant
from .pairs import TrainingPair
from .step import Objective, PairTensors, loss_terms

FIGURES = ("tre_before_mm", "tre_prealigned_mm", "tre_mm", "folding_percent", "dice_before", "dice")


@torch.no_grad()
def judged(network: nn.Module, pair: TrainingPair, device: torch.device) -> dict[str, float]:
    """The figures of one pair; nan where it has no landmarks.

    TRE: mean distance at the landmarks, before, after the linear part, after the network's field, which is read between voxels by
    trilinear interpolation. Folding: percent of the voxels of the fixed lungs with det J <= 0, by forward differences. Dice: mean
    over the labels; moving labels are warped linearly and cut at one half, before by the linear part alone.
    """
    data = PairTensors.of(pair, device)
    fields = network(data.fixed, data.moving)
    field = resized(fields[0], data.fixed.shape[2:])
    field_mm = in_mm(field, pair.lattice.spacing_mm)
    inside = data.fixed_labels[:, 0, :-1, :-1, :-1] > 0
    det = jacobian_determinant(field_mm, pair.lattice.spacing_mm)[inside]
    fixed, moving = (one_hot(labels, range(1, pair.labels + 1)) for labels in (data.fixed_labels, data.moving_labels))
    return {
        **_landmark_errors(pair, field_mm),
        "folding_percent": 100 * float((det <= 0).float().mean()),
        "dice_before": _mean_dice(fixed, moving),
        "dice": _mean_dice(fixed, warp(moving, field, outside="zeros")),
    }


@torch.no_grad()
def validate(
    network: nn.Module, objective: Objective, pairs: Iterable[TrainingPair], device: torch.device, level: int = 1, levels: int = 1
) -> dict[str, float]:
    """The means of the figures and of the loss over pairs; the network is in evaluation mode meanwhile.

    Args:
        level, levels: see `loss_terms`.
    """
    was_training = network.training
    network.eval()
    rows = []
    for pair in pairs:
        terms = loss_terms(network, objective, PairTensors.of(pair, device), level, levels)
        rows.append({"loss": sum(term.item() for term in terms.values()), **judged(network, pair, device)})
    network.train(was_training)
    return {name: _mean([row[name] for row in rows]) for name in ("loss", *FIGURES)}


def _landmark_errors(pair: TrainingPair, field_mm: torch.Tensor) -> dict[str, float]:
    if pair.landmarks is None:
        return dict.fromkeys(FIGURES[:3], math.nan)
    fixed_mm, moving_mm = pair.landmarks
    points = torch.as_tensor(fixed_mm, dtype=torch.float32, device=field_mm.device)
    displaced = fixed_mm + sample(field_mm, pair.lattice, points).T.double().cpu().numpy()
    mapped = (fixed_mm, fixed_mm @ pair.matrix.T + pair.offset, displaced @ pair.matrix.T + pair.offset)
    errors = (float(np.linalg.norm(m - moving_mm, axis=1).mean()) for m in mapped)
    return dict(zip(FIGURES, errors, strict=False))


def _mean_dice(fixed: torch.Tensor, moving: torch.Tensor) -> float:
    a, b = ((labels[0] > 0.5).cpu().numpy() for labels in (fixed, moving))
    return _mean([dice(x, y) for x, y in zip(a, b, strict=True)])


def _mean(values: list[float]) -> float:
    finite = [v for v in values if not math.isnan(v)]
    return float(np.mean(finite)) if finite else math.nan
