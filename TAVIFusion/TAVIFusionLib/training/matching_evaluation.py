"""How well the matching network lays one mask on another, beside leaving it where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from CorrespondCoreLib.metrics import mean_with_interval
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.stream import SampleSource

from ..metrics import SCORES, frame_scores
from ..networks.checkpoints import load_matching_network
from .frames import HELD_OUT, Frame, resampled
from .mask_pairs import mask_pair
from .tasks import Matching, scores


def evaluate_matching(model: Model, frames: SampleSource[Frame], device: str, progress: Progress) -> dict[str, Any]:
    """Dice, precision and recall of the network and of the identity, with 95 % intervals, over pairs made of held-out masks.

    Returns:
        {"methods": {"network" | "identity": {score: {"mean", "low", "high"}}}}
    """
    network = load_matching_network(model).to(device)
    rng = np.random.default_rng(HELD_OUT)
    count = frames.count or 0
    pairs = []
    with progress.stage("Held-out phantoms", until=1.0) as step:
        for k in range(count):
            pairs.append(mask_pair(resampled(frames[k], network.trained_side).mask, rng))
            step((k + 1) / count)
    rows = {
        "network": scores(network, Matching(), pairs, torch.device(device)),
        "identity": [frame_scores(moving >= 0.5, fixed >= 0.5) for moving, fixed in pairs],
    }
    return {
        "methods": {
            name: {score: mean_with_interval(np.array([row[score] for row in found])) for score in SCORES}
            for name, found in rows.items()
        }
    }
