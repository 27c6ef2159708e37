"""The probability of a lesion at every A-scan, and how far several views of it disagree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .networks.contract import EnfaceNetwork
from .prediction_memory import check_memory

FLIPS: tuple[tuple[int, ...], ...] = ((), (2,), (0,), (0, 2))  # axes of (B-scans, depth, A-scans); the paper's mirrors and turn


def probability(
    networks: Sequence[EnfaceNetwork],
    slab: np.ndarray,
    device: str,
    progress: Progress | None = None,
    tile: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of what several networks say, or one network of the scan and its three mirror images.

    The scan is padded by reflection to sizes that each network takes, and the map is cropped back: no A-scan is resampled.

    Args:
        networks: each gives logits; the paper averages its five best checkpoints.
        slab: (B-scans, depth, A-scans) float32, flattened on Bruch's membrane and z-scored.
        device: "cpu", "cuda" or "mps"; half precision on cuda.
        tile: A-scans that are computed at once, to save memory; the network also sees those around it that they depend on, so
            that the result stays the same. All if None.

    Returns:
        mean (B-scans, A-scans) float32, 0..1, and the standard deviation over the views, of the same shape.

    Raises:
        InputError: a network cannot take this depth, or not in tiles. OutOfMemory: it will not fit; the message says what does.
        Cancelled.
    """
    if not networks:
        raise InputError("No network was given.")
    views = [(network, ()) for network in networks] if len(networks) > 1 else [(networks[0], flip) for flip in FLIPS]
    for network in networks:
        check_memory(network, slab.shape, device, tile)
    progress = progress or Progress()
    total, squares = np.zeros((2, slab.shape[0], slab.shape[2]))
    with progress.stage("Network", until=1.0) as step:
        for k, (network, flip) in enumerate(views):
            seen = np.flip(slab, flip)
            one = view(network.to(device), seen, device, tile, partial(_advance, step, k, len(views)))
            one = np.flip(one, tuple(axis // 2 for axis in flip))
            total += one
            squares += np.square(one, dtype=np.float64)
    mean = total / len(views)
    spread = np.sqrt(np.maximum(squares / len(views) - mean**2, 0.0))
    return mean.astype(np.float32), spread.astype(np.float32)


def _advance(step: Callable[[float], None], done: int, views: int, part: float) -> None:
    step((done + part) / views)


@torch.no_grad()
def view(
    network: EnfaceNetwork, slab: np.ndarray, device: str, tile: int | None, step: Callable[[float], None] = lambda part: None
) -> np.ndarray:
    """The probability (B-scans, A-scans) float32 by one network of one slab (B-scans, depth, A-scans).

    Args:
        tile: see `probability`. step: is told the part that is done.
    """
    b_scans, _, a_scans = slab.shape
    legal = network.sizes.legal((b_scans, a_scans))
    padded = np.pad(slab, ((0, legal[0] - b_scans), (0, 0), (0, legal[1] - a_scans)), mode="reflect")
    volume = torch.from_numpy(np.ascontiguousarray(padded, np.float32))[None, None].to(device)
    network.check(volume)
    with torch.autocast("cuda", torch.float16, enabled=torch.device(device).type == "cuda"):
        parts: list[list[torch.Tensor]] = []
        for start, stop, low, high in _tiles(network, legal[1], tile):
            maps = network.project(volume[..., low:high])
            strides = [a_scan for _, a_scan in network.strides]
            parts.append([m[..., (start - low) // s : (stop - low) // s] for m, s in zip(maps, strides, strict=True)])
            step(0.95 * stop / legal[1])
        logits = network.decode([torch.cat(pieces, dim=-1) for pieces in zip(*parts, strict=True)])
    step(1.0)
    return torch.sigmoid(logits.float())[0, 0, :b_scans, 0, :a_scans].cpu().numpy()


def _tiles(network: EnfaceNetwork, a_scans: int, tile: int | None) -> Iterator[tuple[int, int, int, int]]:
    """First and last A-scan (exclusive) of each tile, and of what the network must see for it."""
    if tile is None or tile >= a_scans:
        yield 0, a_scans, 0, a_scans
        return
    if network.reach is None:
        raise InputError(
            f"{type(network).__name__} normalizes by statistics of the whole volume and cannot work in tiles. Compute the whole "
            "scan at once, or choose another network."
        )
    unit = network.sizes.a_scans
    width, around = -(-tile // unit) * unit, -(-network.reach[1] // unit) * unit
    for start in range(0, a_scans, width):
        stop = min(start + width, a_scans)
        yield start, stop, max(0, start - around), min(a_scans, stop + around)
