"""Weights of the registration networks: checkpoints of original code into the model store, and networks out of it."""

from __future__ import annotations

import re
from pathlib import Path

from torch import nn

from CorrespondCoreLib import checkpoints
from CorrespondCoreLib.checkpoints import read_checkpoint, save_model
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, ModelStore

from .rrn import RecursiveRefinementNetwork
from .virnet import MultilevelRegistrationNetwork
from .voxelmorph import VoxelMorph

NETWORKS: dict[str, type[nn.Module]] = {
    "rrn": RecursiveRefinementNetwork,
    "virnet": MultilevelRegistrationNetwork,
    "voxelmorph": VoxelMorph,
}
IMPORTED = ("rrn",)  # whose original checkpoints can be imported
CT_DOMAIN = {"modality": "CT", "intensity": {"unit": "HU", "p1": [-3100, -500], "p99": [-200, 2500]}}
ORIGINAL_INPUT = {"size_xyz": [256, 256, 256], "window_hu": [-944, -124]}  # of RRN's original code


def import_checkpoint(
    file: Path,
    network: str,
    model_id: str | None = None,
    title: str | None = None,
    license_name: str | None = None,
    original_warp: bool = False,
) -> Model:
    """Read a checkpoint of a network's original code and keep it as a model of the user.

    Args:
        file: safetensors, or a torch file that holds weights only.
        network: "rrn".
        model_id: name in the store; the network's and the file's by default.
        title: for people; by default it names the file.
        license_name: "unknown" by default.
        original_warp: the model warps features as the original code does (see RecursiveRefinementNetwork).

    Raises:
        InputError: the file is not a checkpoint of this network; the message says why. OutputError: it cannot be written.
    """
    if network not in IMPORTED:
        raise InputError(f'Checkpoints can be imported for {", ".join(IMPORTED)}, not for "{network}".')
    state_dict = read_checkpoint(file)
    try:
        loaded = RecursiveRefinementNetwork.from_original_state_dict(state_dict, original_warp)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    card = {
        "id": model_id or f"{network}-{re.sub(r'[^A-Za-z0-9._-]+', '-', file.stem)}",
        "title": title or f"Recursive refinement network, imported from {file.name}",
        "method": network,
        "network": {"name": network, "original_warp": original_warp},
        "version": "imported",
        "license": license_name or "unknown",
        "trained_on": "unknown; not trained by this project",
        "domain": CT_DOMAIN,
        "input": ORIGINAL_INPUT,
    }
    return save_model(loaded, card, ModelStore())


def load_network(model: Model) -> nn.Module:
    """The registration network of a model with its weights, in evaluation mode.

    The card's "network" is {"name": "rrn", "virnet" or "voxelmorph", and the class's arguments}; "input" says what the network
    was trained on, {"size_xyz": [voxels], "window_hu": [low, high] or null}; the papers' if absent.

    Raises:
        InputError: the card names no known network, or the weights are corrupt or of another network.
    """
    return checkpoints.load_network(model, NETWORKS)
