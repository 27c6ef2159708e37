"""Weights of the segmentation networks: checkpoints of original code into the model store, and networks out of it."""

from __future__ import annotations

import re
from pathlib import Path

from CorrespondCoreLib import checkpoints
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, ModelStore

from .contract import EnfaceNetwork
from .fpn import FeatureProjectionNetwork
from .ipn import ImageProjectionNetwork
from .ipnv2 import ImageProjectionNetworkV2
from .lachinov import ProjectiveSkipNetwork
from .original_names import TITLES
from .resensnet import ReSensNet

NETWORKS: dict[str, type[EnfaceNetwork]] = {
    "fpn": FeatureProjectionNetwork,
    "resensnet": ReSensNet,
    "lachinov": ProjectiveSkipNetwork,
    "ipn": ImageProjectionNetwork,
    "ipnv2": ImageProjectionNetworkV2,
}
IMPORTED: dict[str, type[FeatureProjectionNetwork | ProjectiveSkipNetwork | ImageProjectionNetworkV2]] = {
    "fpn": FeatureProjectionNetwork,
    "resensnet": ReSensNet,
    "lachinov": ProjectiveSkipNetwork,
    "ipnv2": ImageProjectionNetworkV2,
}


def import_checkpoint(
    file: Path,
    network: str,
    lesion: str,
    model_id: str | None = None,
    title: str | None = None,
    license_name: str | None = None,
    store: ModelStore | None = None,
) -> Model:
    """Read a checkpoint of a network's original code and keep it as a model of the user.

    Args:
        file: safetensors, or a torch file that holds weights only.
        network: "fpn", "resensnet", "lachinov" or "ipnv2".
        lesion: what it segments: "ga", "rpd", or a name.
        model_id: name in the store; the network's, the lesion's and the file's by default.
        title: for people; by default it names the file.
        license_name: "unknown" by default.
        store: the user's by default.

    Raises:
        InputError: the file is not a checkpoint of this network; the message says why. OutputError: it cannot be written.
    """
    kind = IMPORTED.get(network)
    if kind is None:
        raise InputError(f'Checkpoints can be imported for {", ".join(IMPORTED)}, not for "{network}".')
    state_dict = checkpoints.read_checkpoint(file)
    try:
        loaded = kind.from_original_state_dict(state_dict)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    card = {
        "id": model_id or "-".join(re.sub(r"[^A-Za-z0-9._]+", "-", part).strip("-") for part in (network, lesion, file.stem)),
        "title": title or f"{TITLES[network]}, imported from {file.name}",
        "method": network,
        "network": {"name": network},
        "lesion": lesion,
        "version": "imported",
        "license": license_name or "unknown",
        "trained_on": "unknown; not trained by this project",
        "domain": {"modality": "OCT"},
    }
    return checkpoints.save_model(loaded, card, store or ModelStore())


def load_network(model: Model) -> EnfaceNetwork:
    """The segmentation network of a model with its weights, in evaluation mode.

    The card's "network" is {"name": "fpn", "resensnet", "lachinov", "ipn" or "ipnv2", and the class's arguments}.

    Raises:
        InputError: the card names no known network, or the weights are corrupt or of another network.
    """
    network = checkpoints.load_network(model, NETWORKS)
    assert isinstance(network, EnfaceNetwork)
    return network
