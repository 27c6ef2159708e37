"""Networks out of models."""

from __future__ import annotations

from CorrespondCoreLib import checkpoints
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model

from .contract import FrameNetwork
from .dru_net import DeepResidualUNet
from .matching import AffineMatchingNetwork

NETWORKS: dict[str, type[FrameNetwork]] = {"dru_net": DeepResidualUNet, "matching": AffineMatchingNetwork}


def load_network(model: Model) -> FrameNetwork:
    """The network of a model with its weights, in evaluation mode.

    The card's "network" is {"name": "dru_net" or "matching", and the class's arguments}; its "input", where it has one, tells in
    "size" on frames of how many rows and columns it was trained.

    Raises:
        InputError: the card names no known network, or the weights are corrupt or of another network.
    """
    network = checkpoints.load_network(model, NETWORKS)
    assert isinstance(network, FrameNetwork)
    network.keep_channels_last()
    size = (model.card.get("input") or {}).get("size", network.trained_side)
    if not isinstance(size, int) or size < network.multiple or size % network.multiple:
        raise InputError(
            f'The card of the model "{model.id}" has the input size {size!r}; a multiple of {network.multiple} is needed.'
        )
    network.trained_side = size
    return network


def load_segmentation_network(model: Model) -> DeepResidualUNet:
    """The network of a model that segments frames.

    Raises:
        InputError: as `load_network`, or the model is for matching.
    """
    network = load_network(model)
    if not isinstance(network, DeepResidualUNet):
        raise InputError(f'The model "{model.id}" does not segment frames. Choose another model.')
    return network


def load_matching_network(model: Model) -> AffineMatchingNetwork:
    """The network of a model that matches masks.

    Raises:
        InputError: as `load_network`, or the model is for segmentation.
    """
    network = load_network(model)
    if not isinstance(network, AffineMatchingNetwork):
        raise InputError(f'The model "{model.id}" does not match masks. Choose another model.')
    return network
