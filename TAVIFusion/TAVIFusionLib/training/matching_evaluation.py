"""How well the matching network lays the model on the vessel, beside leaving it where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from CorrespondCoreLib.metrics import mean_with_interval
from CorrespondCoreLib.models import Model
from CorrespondCoreLib.progress import Progress

from ..losses.place import place_error
from ..metrics import SCORES, frame_scores
from ..networks.checkpoints import load_matching_network
from ..networks.transformer import IDENTITY, warp
from .config import TrainingConfig
from .mask_pairs import PhantomPairs
from .tasks import batch_of, task_of

PLACE = "place_percent"
IDENTITY_NAME = "identity"


@torch.inference_mode()
def evaluate_matching(
    model: Model, config: TrainingConfig, first_seed: int, count: int, cache: str | None, device: str, progress: Progress
) -> dict[str, Any]:
    """Figures of the network and of the identity, over so many held-out pairs of model and vessel.

    Returns:
        {"methods": {"network" | "identity": {score: {"mean", "low", "high"}}}} with 95 % intervals by bootstrap over pairs: dsc,
        precision, recall, and place_percent, the mean distance to where the vessel truly is, in percent of the picture's side.
    """
    network = load_matching_network(model).to(device).eval()
    pairs = PhantomPairs(network.trained_side, config.field_of_view, "held out", first_seed, count, cache)
    task, rng = task_of(config), np.random.default_rng(first_seed)
    rows: dict[str, list[dict[str, float]]] = {"network": [], IDENTITY_NAME: []}
    still = torch.tensor([IDENTITY], device=device)
    with progress.stage("Held-out phantoms", until=1.0) as step:
        for k in range(count):
            moving, fixed, true = batch_of([task.judged(pairs[k], rng)], torch.device(device))
            for name, theta in (("network", network(moving, fixed)), (IDENTITY_NAME, still)):
                found = frame_scores(warp(moving, theta).cpu().numpy()[0, 0], fixed.cpu().numpy()[0, 0] >= 0.5)
                rows[name].append({**found, PLACE: 50 * float(place_error(theta, true[:, 0], fixed))})
            step((k + 1) / count)
    return {
        "methods": {
            name: {score: mean_with_interval(np.array([row[score] for row in found])) for score in (*SCORES, PLACE)}
            for name, found in rows.items()
        }
    }
