"""The network that a training starts with: random weights, or those of a model, for example to fit it to one's own pairs."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from torch import nn

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model

from ..learned.models import find_model
from ..networks.checkpoints import NETWORKS, load_network
from ..networks.rrn import RecursiveRefinementNetwork
from .config import TrainingConfig


def make_network(config: TrainingConfig) -> nn.Module:
    """The network of a configuration, with first weights by its seed.

    Raises:
        InputError: it has options that do not exist.
    """
    options = dict(config.network)
    kind = NETWORKS[options.pop("name")]
    torch.manual_seed(config.seed)
    try:
        return kind(**options)
    except TypeError as error:
        raise InputError(f"Entry network has an option that does not exist: {error}.") from error


def check_size(network: nn.Module, config: TrainingConfig) -> None:
    """Raise InputError where the network cannot take the size of the configuration."""
    multiple = network.multiple
    if any(n % multiple for n in config.size):  # type: ignore[operator]
        size = " x ".join(map(str, config.size))
        raise InputError(f"Entry size: this network takes sides that are multiples of {multiple} voxels, not {size}.")
    if isinstance(network, RecursiveRefinementNetwork) and config.size[2] < network.least_slices:
        raise InputError(f"Entry size: this network takes at least {network.least_slices} voxels along z, not {config.size[2]}.")


def take_weights(network: nn.Module, config: TrainingConfig) -> dict[str, Any] | None:
    """Give a network the weights of the configuration's model, if it names one; returns which one that was.

    Raises:
        InputError: there is no such model, it cannot be read, or it is of another network or input; the message names the
            difference.
    """
    if config.model is None:
        return None
    model = find_model(config.model)
    differences = _differences(model, config)
    if differences:
        raise InputError(
            f'This training cannot start from the model "{model.id}". {"; ".join(differences)}. Change the configuration, or '
            "choose another model."
        )
    network.load_state_dict(load_network(model).state_dict())
    return {"id": model.id, "sha256": model.card["sha256"], "trained_on": model.card.get("trained_on")}


def _differences(model: Model, config: TrainingConfig) -> list[str]:
    """What differs between a model and a configuration, in words; sizes may differ."""
    own, wanted = dict(model.card.get("network") or {}), dict(config.network)
    if own.get("name") != wanted["name"]:
        return [f"Its network is {own.get('name', 'unknown')}, the configuration trains {wanted['name']}"]
    defaults = _defaults(wanted["name"])
    pairs = {name: (_plain(own.get(name, usual)), _plain(wanted.get(name, usual))) for name, usual in defaults.items()}
    window = (model.card.get("input") or {}).get("window_hu", config.window_hu)
    pairs["window_hu"] = _plain(window), _plain(config.window_hu)
    return [f"{name} is {a} in the model and {b} in the configuration" for name, (a, b) in pairs.items() if a != b]


def _defaults(network: str) -> dict[str, Any]:
    """The options of a network's class; what `begin_level` sets is none."""
    options = inspect.signature(NETWORKS[network].__init__).parameters
    return {name: p.default for name, p in options.items() if name not in ("self", "finest")}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
