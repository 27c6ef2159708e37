"""What a network will take: memory from measured figures, seconds from the same work on a small copy of the pair.

The bytes per voxel are peaks of processes on the CPU (64^3 and 96^3 voxels, torch 2.13, float32), rounded up by about a tenth. A
GPU's mixed precision takes less.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from CorrespondCoreLib.errors import OutOfMemory
from CorrespondCoreLib.process_usage import available_memory_gb

from ..geometry.lattice import Lattice
from ..network_settings import NetworkSettings
from ..search.frame import Frame, Pair
from .instance_optimization import fit_field_to_pair, fit_weights_to_pair
from .pair_objective import pair_objective
from .prediction import predicted
from .preprocessing import NetworkInput

BASE_GB = 0.8  # interpreter, torch, ITK, weights and their moments
BYTES_PER_VOXEL = {
    "virnet": {"none": 370, "field": 400, "weights": 1320},
    "rrn": {"none": 110, "field": 420, "weights": 760},
    "voxelmorph": {"none": 620, "field": 620, "weights": 1400},
}
SIDE_SHARE = 4  # the small copy has a side of about this part
SMALLEST_SIDE = 48  # RRN's smallest
STEP_SHARE = 0.75  # of a fit of one step, which evaluates twice and goes back once, is what each further step takes


def needed_network_gb(method: str, size_xyz: tuple[int, int, int], optimization: str) -> float:
    """Peak memory in GB of predicting, or fitting to a pair, on the CPU."""
    return BASE_GB + float(np.prod(size_xyz)) * BYTES_PER_VOXEL[method][optimization] / 1e9


def check_network_memory(method: str, size_xyz: tuple[int, int, int], optimization: str, device: str) -> None:
    """Refuse what will not fit into the memory of the device, naming what would.

    Raises:
        OutOfMemory
    """
    needed = needed_network_gb(method, size_xyz, optimization)
    available = _available_gb(device)
    if needed <= available:
        return
    share = max(available - BASE_GB, 0.0) / (needed - BASE_GB)
    fitting = " x ".join(str(int(n * share ** (1 / 3))) for n in size_xyz)
    choices = [f"a size below about {fitting} voxels"] if share > 0.01 else []
    if optimization == "weights" and needed_network_gb(method, size_xyz, "field") <= available:
        choices.append("the instance optimization of the field instead of the weights")
    elif optimization != "none" and needed_network_gb(method, size_xyz, "none") <= available:
        choices.append("no instance optimization")
    choices.append("the method search")
    raise OutOfMemory(
        f"The method {method} needs about {needed:.1f} GB of memory at {' x '.join(map(str, size_xyz))} voxels, on {device} are "
        f"{available:.1f} GB free. Close other programs, or choose {', or '.join(choices)}."
    )


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


def _available_gb(device: str) -> float:
    if device.startswith("cuda"):
        return torch.cuda.mem_get_info(device)[0] / 1e9
    return available_memory_gb()


def _silent(fraction: float) -> None:
    """For work whose progress nobody watches."""
