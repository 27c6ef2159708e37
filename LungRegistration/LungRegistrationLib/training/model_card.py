"""A trained network as a model: weights in half precision, and a card that says what it is and how it was made."""

from __future__ import annotations

import copy
import platform
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from CorrespondCoreLib.models import Model, ModelStore
from CorrespondCoreLib.provenance import versions
from CorrespondCoreLib.training.distributed import Processes

from ..networks.checkpoints import CT_DOMAIN, save_model
from .config import TrainingConfig
from .random_phantoms import HELD_OUT, VALIDATION, training_seed

LICENSE = "Apache-2.0"


def save_trained(network: nn.Module, config: TrainingConfig, facts: dict[str, Any], group: Processes, folder: Path) -> Model:
    """Write <folder>/<id>/{card.json, weights.safetensors}; a model of the same id there is replaced.

    Args:
        facts: of the training, see Trainer.train; "weights" tells by what the state that is written was chosen.

    Raises:
        OutputError: it cannot be written.
    """
    steps, views = sum(facts["steps"]) * config.batch, 2 if config.data.mirrored else 1
    pairs = -(-steps // views)
    card = {
        "id": re.sub(r"[^A-Za-z0-9]+", "-", config.title).strip("-").lower(),
        "title": config.title,
        "method": config.network["name"],
        "network": config.network,
        "version": "1",
        "license": LICENSE,
        "trained_on": _trained_on(config, pairs, facts["started_from"]),
        "domain": CT_DOMAIN,
        "input": {"size_xyz": list(config.size), "window_hu": config.window_hu, "prealignment": config.prealignment},
        "training": {
            "config": _shareable(config, facts["started_from"]).to_dict(),
            "steps": facts["steps"],
            "pairs": pairs,
            "seeds": _seeds(config, pairs),
            "weights": facts["weights"],
            "validation": facts["validation"],
            "started_from": facts["started_from"],
            "hardware": {"device": _name(group.device), "processes": group.count},
            "versions": versions(),
            "commit": _commit(),
        },
    }
    return save_model(copy.deepcopy(network).half(), card, ModelStore(user_folder=folder))


def _trained_on(config: TrainingConfig, pairs: int, start: dict[str, Any] | None) -> str:
    """In words; `start` is the model whose weights the training started from."""
    own = f"{min(pairs, config.data.pairs or pairs)} phantom pairs" if config.data.source == "phantom" else config.data.needs
    return own if start is None else f"{own} Before: {start['trained_on'] or 'unknown'} (the model {start['id']})."


def _shareable(config: TrainingConfig, start: dict[str, Any] | None) -> TrainingConfig:
    """The configuration without what tells of the computer or the patients: no folders, and pairs by number, not by name."""
    pairs = tuple(f"pair {k}" for k in range(1, len(config.data.validation) + 1))
    data = replace(config.data, folder=None, validation=pairs)
    return replace(config, data=data, model=None if start is None else start["id"])


def _seeds(config: TrainingConfig, pairs: int) -> dict[str, Any] | None:
    """First and last phantom seed of the trained pairs and of those that judged; `evaluate-model` begins at `held_out`."""
    if config.data.source != "phantom":
        return None
    last = min(pairs, config.data.pairs or pairs) - 1
    return {
        "training": [training_seed(config.seed, 0), training_seed(config.seed, last)],
        "validation": [VALIDATION, VALIDATION + config.data.validation_pairs - 1],
        "held_out": HELD_OUT,
    }


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type}, {platform.machine()}"


def _commit() -> str | None:
    """The commit of this source, None where it is no checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None
