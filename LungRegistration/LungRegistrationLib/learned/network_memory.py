"""How much memory a network will take, from measured figures, and what would take less. No torch here: the panel asks, too.

The bytes per voxel are peaks of processes on the CPU (64^3 and 96^3 voxels, torch 2.13, float32), rounded up by about a tenth. A
GPU's mixed precision takes less.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from CorrespondCoreLib.errors import OutOfMemory
from CorrespondCoreLib.explain import is_memory_error
from CorrespondCoreLib.process_usage import available_memory_gb

BASE_GB = 0.8  # interpreter, torch, ITK, weights and their moments
BYTES_PER_VOXEL = {
    "virnet": {"none": 370, "field": 400, "weights": 1320},
    "rrn": {"none": 110, "field": 420, "weights": 760},
    "voxelmorph": {"none": 620, "field": 620, "weights": 1400},
}
SMALLER = 0.75  # of each side: what is offered when memory ran out, it takes 0.42 of the memory

Size = tuple[int, int, int]


def needed_network_gb(method: str, size_xyz: Size, optimization: str) -> float:
    """Peak memory in GB of predicting, or fitting to a pair, on the CPU."""
    return BASE_GB + float(np.prod(size_xyz)) * BYTES_PER_VOXEL[method][optimization] / 1e9


def check_network_memory(method: str, size_xyz: Size, optimization: str, device: str) -> None:
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


@contextmanager
def network_memory_errors(method: str, size_xyz: Size, multiple: int, optimization: str, device: str) -> Iterator[None]:
    """Where memory runs out in the middle of the work, say what takes less instead.

    Args:
        multiple: the sizes that are offered are multiples of so many voxels.

    Raises:
        OutOfMemory
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_memory_error(error):
            raise
        smaller = " ".join(str(max(multiple, int(n * SMALLER) // multiple * multiple)) for n in size_xyz)
        choices = [f"a smaller size, for example {smaller}"]
        if optimization == "weights":
            choices.append("the instance optimization of the field instead of the weights, or none")
        elif optimization == "field":
            choices.append("no instance optimization")
        choices += [] if device == "cpu" else ["the processor (device cpu)"]
        raise OutOfMemory(
            f"The memory of {device} ran out while the method {method} worked at {' x '.join(map(str, size_xyz))} voxels. Close "
            f"other programs, or choose {', or '.join(choices)}, or the method search."
        ) from error


def _available_gb(device: str) -> float:
    if device.startswith("cuda"):
        import torch

        return torch.cuda.mem_get_info(device)[0] / 1e9
    return available_memory_gb()
