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
from .prediction import finest_mm, half_precision
from .preprocessing import NetworkInput

FIELD_RATE_MM = 0.2
Watch = Callable[[int, float, torch.Tensor], None]  # step, loss, field (1, 3, z, y, x) in mm
WEIGHT_RATES = {"rrn": 1e-4, "virnet": 1e-3, "voxelmorph": 1e-4}  # the papers'


@dataclass(frozen=True)
class Fitted:
    """What a fit has found.

    Attributes:
        field_mm: the field of the lowest loss, (1, 3, z, y, x).
        terms_before, terms_after: the weighted terms at the start and of the lowest loss.
        levels: what the network returned where its weights were fitted: fields in voxels, the finest first; else empty.
    """

    field_mm: torch.Tensor
    terms_before: dict[str, float]
    terms_after: dict[str, float]
    levels: list[torch.Tensor]


def fit_field_to_pair(
    start_mm: torch.Tensor,
    seen: NetworkInput,
    objective: Objective,
    control_spacing_mm: float,
    steps: int,
    rate_mm: float,
    step: Callable[[float], None],
    watch: Watch | None = None,
) -> Fitted:
    """Add to a field (1, 3, z, y, x) in mm the cubic B-spline that lowers the objective.

    Raises:
        InputError: the loss is no longer a number.
    """
    lattice = seen.lattice
    grid = ControlGrid.over_box(lattice.lower_mm, lattice.upper_mm, control_spacing_mm)
    added = torch.zeros((3, *grid.shape), device=start_mm.device, requires_grad=True)

    def field() -> tuple[torch.Tensor, list[torch.Tensor]]:
        return start_mm + grid.evaluate(added, lattice)[None], []

    return _descend([added], field, objective, steps, rate_mm, step, watch)


def fit_weights_to_pair(
    network: nn.Module,
    seen: NetworkInput,
    objective: Objective,
    steps: int,
    rate: float,
    step: Callable[[float], None],
    watch: Watch | None = None,
) -> Fitted:
    """Train a network, in place, on this pair alone. On a GPU its layers compute in bfloat16 where the GPU can.

    Raises:
        InputError: the loss is no longer a number, or the network cannot take the size.
    """
    device = seen.fixed.device

    def field() -> tuple[torch.Tensor, list[torch.Tensor]]:
        if device.type == "cuda" and not torch.cuda.is_bf16_supported():
            levels = network(seen.fixed, seen.moving)
        else:
            with half_precision(device, torch.bfloat16):
                levels = network(seen.fixed, seen.moving)
        return finest_mm(levels, seen), levels

    return _descend([p for p in network.parameters() if p.requires_grad], field, objective, steps, rate, step, watch)


def _descend(
    parameters: Sequence[torch.Tensor],
    field_of: Callable[[], tuple[torch.Tensor, list[torch.Tensor]]],
    objective: Objective,
    steps: int,
    rate: float,
    step: Callable[[float], None],
    watch: Watch | None,
) -> Fitted:
    """Args: field_of: field in mm, and the network's fields that it comes from."""
    optimizer = torch.optim.Adam(parameters, lr=rate)
    before: dict[str, float] = {}
    best, best_field, best_terms, best_levels = math.inf, torch.empty(0), before, list[torch.Tensor]()
    for k in range(steps + 1):
        step(k / (steps + 1))
        field, levels = field_of()
        terms = objective(field)
        loss = torch.stack(list(terms.values())).sum()
        value = float(loss.detach())
        if not math.isfinite(value):
            raise InputError(f"The fit to the pair diverged at step {k}: choose a learning rate below {rate:g}.")
        values = {name: float(term.detach()) for name, term in terms.items()}
        before = before or values
        if watch is not None:
            watch(k, value, field)
        if value < best:
            best, best_field, best_terms, best_levels = value, field.detach(), values, [level.detach() for level in levels]
        if k < steps:
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return Fitted(best_field, before, best_terms, best_levels)
