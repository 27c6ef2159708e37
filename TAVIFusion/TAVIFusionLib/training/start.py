"""The network that a training starts with: random weights, or those of a model, for example to fit it to one's own frames."""

from __future__ import annotations

from typing import Any

import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import model_at

from ..networks.checkpoints import NETWORKS, load_network
from ..networks.contract import FrameNetwork
from ..vessel_finder import SHIPPED
from .config import TrainingConfig


def make_network(config: TrainingConfig) -> FrameNetwork:
    """The network of a configuration, with first weights by its seed.

    Raises:
        InputError: it has options that do not exist, or cannot take the configuration's size.
    """
    options = dict(config.network)
    kind = NETWORKS[options.pop("name")]
    torch.manual_seed(config.seed)
    try:
        network = kind(**options)
    except TypeError as error:
        raise InputError(f"Entry network has an option that does not exist: {error}.") from error
    if network.side not in (None, config.size):
        raise InputError(f"Entry size: this network takes {network.side} pixels, not {config.size}.")
    network.trained_side = config.size
    return network


def take_weights(network: FrameNetwork, config: TrainingConfig) -> dict[str, Any] | None:
    """Give a network the weights of the model that the configuration starts from, if it names one; returns which one that was.

    Raises:
        InputError: there is no such model, it cannot be read, or it is of another network.
    """
    if config.start is None:
        return None
    model = model_at(config.start, [SHIPPED])
    try:
        network.load_state_dict(load_network(model).state_dict())
    except RuntimeError as error:
        raise InputError(
            f'This training cannot start from the model "{model.id}": it is of another network than the configuration\'s.'
        ) from error
    return {"id": model.id, "sha256": model.card["sha256"], "trained_on": model.card.get("trained_on")}
