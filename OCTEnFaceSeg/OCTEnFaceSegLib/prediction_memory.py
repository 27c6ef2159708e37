"""How much memory a network will take, so that a scan that cannot fit is refused before it begins, with what would fit."""

from __future__ import annotations

import torch

from CorrespondCoreLib.errors import OutOfMemory
from CorrespondCoreLib.process_usage import available_memory_gb

from .networks.contract import EnfaceNetwork

TILES = (256, 128, 64, 32, 16)  # A-scans, that a message offers


def needed_memory_gb(network: EnfaceNetwork, shape: tuple[int, ...], device: str, tile: int | None = None) -> float:
    """Estimated peak memory in GB of a network on a slab (B-scans, depth, A-scans), in tiles of so many A-scans."""
    b_scans, a_scans = network.sizes.legal((shape[0], shape[2]))
    if tile is not None and network.reach is not None:
        a_scans = min(a_scans, tile + 2 * network.reach[1])
    half = 0.5 if torch.device(device).type == "cuda" else 1.0
    return b_scans * shape[1] * a_scans * network.bytes_per_voxel * half / 1e9


def check_memory(network: EnfaceNetwork, shape: tuple[int, ...], device: str, tile: int | None = None) -> None:
    """Refuse a slab (B-scans, depth, A-scans) that will not fit into memory, naming the tile that would.

    Raises:
        OutOfMemory
    """
    free = _free_gb(device)
    needed = needed_memory_gb(network, shape, device, tile)
    if needed <= free:
        return
    short = f"The network needs about {needed:.1f} GB of memory for this scan, {free:.1f} GB are free. Close other programs, or"
    fitting = [t for t in TILES if network.reach is not None and needed_memory_gb(network, shape, device, t) <= free]
    if fitting:
        raise OutOfMemory(f"{short} compute {fitting[0]} A-scans at once (tile), which takes longer and gives the same.")
    raise OutOfMemory(f"{short} crop the scan.")


def _free_gb(device: str) -> float:
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 1e9
    return available_memory_gb()
