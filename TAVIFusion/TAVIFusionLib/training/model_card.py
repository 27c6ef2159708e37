"""A trained network as a model: weights in half precision, and a card that says what it is and how it was made."""

from __future__ import annotations

import copy
import platform
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.models import Model, ModelStore
from CorrespondCoreLib.provenance import STATEMENT, versions
from CorrespondCoreLib.training.distributed import Processes

from ..networks.contract import FrameNetwork
from .config import TrainingConfig
from .frames import HELD_OUT, PER_SEED, TRAINING, VALIDATION

LICENSE = "Apache-2.0"


def save_trained(network: FrameNetwork, config: TrainingConfig, facts: dict[str, Any], group: Processes, folder: Path) -> Model:
    """Write <folder>/<id>/{card.json, weights.safetensors}; a model of the same id there is replaced.

    Args:
        facts: of the training, see Trainer.train.

    Raises:
        OutputError: it cannot be written.
    """
    card = {
        "id": model_id(config.title),
        "title": config.title,
        "method": config.network["name"],
        "network": config.network,
        "field_of_view": config.field_of_view,
        "version": "1",
        "license": LICENSE,
        "trained_on": _trained_on(config, facts["started_from"]),
        "limits": STATEMENT,
        "domain": {"modality": "XA"},
        "input": {"size": config.size},
        "training": {
            "config": _without_places(config, facts["started_from"]).to_dict(),
            "steps": facts["steps"],
            "weights_of_step": facts["weights_of_step"],
            "frames": facts["steps"] * config.batch,
            "seeds": _seeds(config, facts["steps"]),
            "validation": facts["validation"],
            "judged_on": _judged_on(config),
            "started_from": facts["started_from"],
            "hardware": {"device": _name(group.device), "processes": group.count},
            "versions": versions(),
        },
    }
    return save_model(copy.deepcopy(network).half(), card, ModelStore(user_folder=folder))


def model_id(title: str) -> str:
    """The id of a model of that title."""
    return re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()


def _without_places(config: TrainingConfig, start: dict[str, Any] | None) -> TrainingConfig:
    """A configuration for others to read: no folders, which may name a patient."""
    data = replace(config.data, folder=None, cache=None)
    return replace(config, data=data, start=start["id"] if start else None)


def _judged_on(config: TrainingConfig) -> str:
    if config.data.source == "phantom":
        return "phantom frames of other seeds"
    return "frames of other patients" if config.data.judge == "patients" else "other frames of the same patients"


def _trained_on(config: TrainingConfig, start: dict[str, Any] | None) -> str:
    own = "phantom frames only; never saw a patient" if config.data.source == "phantom" else "frames of the user"
    return own if start is None else f"{own}. Before: {start['trained_on'] or 'unknown'} (the model {start['id']})"


def _seeds(config: TrainingConfig, steps: int) -> dict[str, Any] | None:
    """First and last phantom seed of the frames that were trained on and of those that judged; `evaluate-model` uses others."""
    if config.data.source != "phantom":
        return None
    seen = steps * config.batch
    first = TRAINING + config.seed * PER_SEED
    return {
        "training": [first, first + min(seen, config.data.frames or seen) - 1],
        "validation": [VALIDATION, VALIDATION + config.data.validation_frames - 1],
        "held_out": HELD_OUT,
    }


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type}, {platform.machine()}"
