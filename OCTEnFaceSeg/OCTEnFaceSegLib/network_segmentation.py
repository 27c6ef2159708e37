"""What networks say of a scan: the volume flattened on Bruch's membrane, resampled in depth, z-scored, predicted, averaged."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.threads import limited

from .flattening import flatten
from .lesion_models import seen_by
from .networks.checkpoints import load_network
from .networks.contract import EnfaceNetwork
from .prediction import probability
from .preprocessing import z_scored
from .settings import SegmentationSettings


def predicted(
    volume: np.ndarray,
    bruch_depth: np.ndarray,
    spacing_mm: tuple[float, float, float],
    models: list[Model],
    settings: SegmentationSettings,
    device: str,
    threads: int | None,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray, str]:
    """Mean and spread of the networks' probabilities, (B-scans, A-scans) float32, and the device that was used.

    Args:
        volume: (B-scans, depth, A-scans) float32.
        bruch_depth: (B-scans, A-scans) in voxels.

    Raises:
        InputError, OutOfMemory, MissingPackage, Cancelled.
    """
    seen = seen_by(models, settings)
    device = pick_device(device, progress)
    networks = [load_network(model) for model in models]
    depth = _common_depth(networks, seen.depth)
    with progress.stage("Flattening", until=progress.fraction + 0.05):
        slab = z_scored(flatten(volume, bruch_depth, seen.above_mm, seen.below_mm, spacing_mm[1], depth))
    with limited(threads):
        mean, spread = probability(networks, slab, device, progress.part(until=1.0), settings.tile)
    return mean, spread, device


def _common_depth(networks: list[EnfaceNetwork], trained_on: int) -> int:
    """Voxels along the beam that all networks take: those that they were trained on, unless one takes another number only."""
    depths = {network.sizes.depth if network.sizes.exact_depth else trained_on for network in networks}
    if len(depths) > 1:
        raise InputError(f"The models need different numbers of voxels in depth ({sorted(depths)}); choose models that agree.")
    return depths.pop()
