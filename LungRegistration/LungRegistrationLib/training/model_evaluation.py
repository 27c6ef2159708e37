"""How good a model is, on phantoms that no training sees: the same figures every time, with intervals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from CorrespondCoreLib.devices import pick_device
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import mean_with_interval
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.threads import limited

from ..learned.models import find_model
from ..networks.checkpoints import load_network
from .config import TrainingConfig
from .pairs import PhantomPairs
from .random_phantoms import HELD_OUT
from .validation import FIGURES, judged


def evaluate_model(
    model: str | Path, pairs: int = 10, device: str = "auto", threads: int | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Register held-out phantoms with a model that was trained here; the same call gives the same figures on the same device.

    Args:
        model: folder of a model, or the id of one in the user's model folder.
        pairs: number of phantoms, drawn as for its training, from the seeds that are kept for this.

    Returns:
        {"model", "pairs", "first_seed", "figures": {name: {"mean", "low", "high"}}, "rows": figures of each pair}. low and high
        are the 95 % interval of the mean by bootstrap over the pairs.

    Raises:
        InputError: it is no model, or its card lacks the configuration of its training.
    """
    progress = progress or Progress()
    if pairs < 1:
        raise InputError(f"At least one pair is needed to judge a model, not {pairs}.")
    found = find_model(model)
    values = (found.card.get("training") or {}).get("config")
    if values is None:
        raise InputError(f'The model "{found.id}" was not trained here: its card does not say how pairs must be prepared for it.')
    source = PhantomPairs(TrainingConfig.from_json(values), HELD_OUT, pairs)
    place = torch.device(pick_device(device, progress))
    network = load_network(found).to(place)
    rows = []
    with limited(threads), progress.stage("Held-out phantoms", until=1.0) as step:
        for k in range(pairs):
            rows.append({"seed": HELD_OUT + k, **judged(network, source[k], place)})
            step((k + 1) / pairs)
    figures = {name: mean_with_interval(np.array([row[name] for row in rows])) for name in FIGURES}
    return {"model": found.id, "pairs": pairs, "first_seed": HELD_OUT, "figures": figures, "rows": rows}
