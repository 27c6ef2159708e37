"""Fit to one pair: Adam on the network's own objective, of the field or of the network's weights.

Fitting the weights to the pairs that are then judged is what He et al. 2021 publish for RRN.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError

from ..geometry.bspline import ControlGrid
from .pair_objective import Objective
from .prediction import field_mm, half_precision
from .preprocessing import NetworkInput

FIELD_RATE_MM = 0.2
WEIGHT_RATES = {"rrn": 1e-4, "virnet": 1e-3, "voxelmorph": 1e-4}  # the papers'


@dataclass(frozen=True)
class Fitted:
    """What a fit has found.

    Attributes:
        field_mm: the field of the lowest loss, (1, 3, z, y, x).
        losses: before the first step and after each of them.
        terms_before, terms_after: the weighted terms at the start and of the lowest loss.
    """

    field_mm: torch.Tensor
    losses: list[float]
    terms_before: dict[str, float]
    terms_after: dict[str, float]


def fit_field_to_pair(
    start_mm: torch.Tensor,
    seen: NetworkInput,
    objective: Objective,
    control_spacing_mm: float,
    steps: int,
    rate_mm: float,
    step: Callable[[float], None],
) -> Fitted:
    """Add to a field (1, 3, z, y, x) in mm the cubic B-spline that lowers the objective.

    Raises:
        InputError: the loss is no longer a number.
    """
    lattice = seen.lattice
    grid = ControlGrid.over_box(lattice.lower_mm, lattice.upper_mm, control_spacing_mm)
    added = torch.zeros((3, *grid.shape), device=start_mm.device, requires_grad=True)
    return _descend([added], lambda: start_mm + grid.evaluate(added, lattice)[None], objective, steps, rate_mm, step)


def fit_weights_to_pair(
    network: nn.Module, seen: NetworkInput, objective: Objective, steps: int, rate: float, step: Callable[[float], None]
) -> Fitted:
    """Train a network, in place, on this pair alone. On a GPU its layers compute in bfloat16 where the GPU can.

    Raises:
        InputError: the loss is no longer a number, or the network cannot take the size.
    """
    device = seen.fixed.device

    def field() -> torch.Tensor:
        if device.type == "cuda" and not torch.cuda.is_bf16_supported():
            return field_mm(network, seen)
        with half_precision(device, torch.bfloat16):
            return field_mm(network, seen)

    return _descend([p for p in network.parameters() if p.requires_grad], field, objective, steps, rate, step)


def _descend(
    parameters: Sequence[torch.Tensor],
    field_of: Callable[[], torch.Tensor],
    objective: Objective,
    steps: int,
    rate: float,
    step: Callable[[float], None],
) -> Fitted:
    optimizer = torch.optim.Adam(parameters, lr=rate)
    losses: list[float] = []
    before: dict[str, float] = {}
    best, best_field, best_terms = math.inf, torch.empty(0), before
    for k in range(steps + 1):
        step(k / (steps + 1))
        field = field_of()
        terms = objective(field)
        loss = torch.stack(list(terms.values())).sum()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise InputError(f"The fit to the pair diverged at step {k}: choose a learning rate below {rate:g}.")
        values = {name: float(term.detach()) for name, term in terms.items()}
        before = before or values
        if losses[-1] < best:
            best, best_field, best_terms = losses[-1], field.detach(), values
        if k < steps:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return Fitted(best_field, losses, before, best_terms)
