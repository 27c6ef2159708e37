"""How long a network will take: from the same work on a small copy of the pair."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

from ..geometry.lattice import Lattice
from ..network_settings import NetworkSettings
from ..search.frame import Frame, Pair
from .instance_optimization import fit_field_to_pair, fit_weights_to_pair
from .pair_objective import pair_objective
from .prediction import predicted
from .preprocessing import NetworkInput

SIDE_SHARE = 4  # the small copy has a side of about this part
SMALLEST_SIDE = 48  # RRN's smallest
STEP_SHARE = 0.75  # of a fit of one step, which evaluates twice and goes back once, is what each further step takes


def estimated_seconds(
    in_hu: bool, network: nn.Module | None, seen: NetworkInput, frame: Frame, pair: Pair, settings: NetworkSettings
) -> float:
    """About how long prediction and fit will take on the device that `seen` lies on; the network stays as it is.

    Args:
        in_hu: sets the objective, see `pair_objective`.
        network: None where a field is fitted without one.
    """
    small = _small(seen, 1 if network is None else network.multiple)  # type: ignore[arg-type]
    ratio = seen.fixed.numel() / small.fixed.numel()
    total = 0.0 if network is None else ratio * _seconds(lambda: predicted(network, small), small)
    if settings.instance_optimization == "none":
        return total
    objective = pair_objective(in_hu, small, frame, pair)
    if network is None or settings.instance_optimization == "field":
        start = torch.zeros((1, 3, *small.lattice.shape), device=frame.device)
        spacing = settings.control_spacing_mm
        one = _seconds(lambda: fit_field_to_pair(start, small, objective, spacing, 1, 1e-6, _silent), small)
    else:
        trial = copy.deepcopy(network)
        one = _seconds(lambda: fit_weights_to_pair(trial, small, objective, 1, 1e-9, _silent), small)
    return total + ratio * STEP_SHARE * settings.steps * one


def _small(seen: NetworkInput, multiple: int) -> NetworkInput:
    """The pair on fewer voxels over the same box, of a size that every network takes."""
    least = -(-SMALLEST_SIDE // multiple) * multiple
    lattice = seen.lattice
    nx, ny, nz = (min(n, max(least, round(n / SIDE_SHARE / multiple) * multiple)) for n in lattice.size)
    sx, sy, sz = (s * (n - 1) / (m - 1) for s, n, m in zip(lattice.spacing_mm, lattice.size, (nx, ny, nz), strict=True))
    few = Lattice(lattice.origin_mm, (sx, sy, sz), (nx, ny, nz))
    fixed, moving = (F.interpolate(v, size=few.shape, mode="trilinear", align_corners=True) for v in (seen.fixed, seen.moving))
    return NetworkInput(fixed, moving, few, seen.linear)


def _seconds(work: Callable[[], object], small: NetworkInput) -> float:
    """Of the second of two runs: the first one also prepares the device."""
    work()
    _wait(small.fixed.device)
    start = time.perf_counter()
    work()
    _wait(small.fixed.device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _silent(fraction: float) -> None:
    """For work whose progress nobody watches."""
