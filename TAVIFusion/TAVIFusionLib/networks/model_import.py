"""Networks from elsewhere into the user's folder of models: only what loads as one of this module's networks gets there."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import torch

from CorrespondCoreLib.checkpoints import check_entries, read_checkpoint, save_model
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model, ModelStore

from .checkpoints import load_network
from .dru_net import DeepResidualUNet

HEAD = "head.weight"


def import_model(
    source: str | Path,
    field_of_view: str | None = None,
    size: int | None = None,
    title: str | None = None,
    license_name: str | None = None,
) -> Model:
    """Check a network and keep it among the user's models; one of the same id there is replaced.

    Args:
        source: folder with card.json and weights.safetensors, a zip archive of it, or the weights of a DeepResidualUNet alone
            (safetensors, or a torch file that holds weights only).
        field_of_view, size, title, license_name: what the card of weights alone shall say: "upper", "lower", or nothing where it
            is not known; rows and columns of the frames that the network was trained on, 256 by default; the file's name and
            "unknown" by default.

    Raises:
        InputError: it is no model, its weights are corrupt or of another network, or it is of another module; the message says
            which. OutputError: it cannot be written.
    """
    source, said = Path(source).expanduser(), (field_of_view, size, title, license_name)
    if not (source.is_dir() or source.suffix.lower() == ".zip"):
        return _import_weights(source, *said)
    if any(value is not None for value in said):
        raise InputError(f"{source.name} is a whole model: its card says what it is for. Import it without further options.")
    with tempfile.TemporaryDirectory() as folder:
        model = ModelStore(user_folder=folder).import_model(source)
        load_network(model)
        return ModelStore().import_model(model.folder)


def _import_weights(
    file: Path, field_of_view: str | None, size: int | None, title: str | None, license_name: str | None
) -> Model:
    state_dict = read_checkpoint(file)
    try:
        network = _network_of(state_dict)
    except InputError as error:
        raise InputError(f"{file}: {error}") from error
    side = size or DeepResidualUNet.trained_side
    if side < 1 or side % DeepResidualUNet.multiple:
        raise InputError(f"The size {side} is no multiple of {DeepResidualUNet.multiple}.")
    card = {
        "id": f"dru-net-{re.sub(r'[^A-Za-z0-9._-]+', '-', file.stem)}",
        "title": title or f"Deep residual U-net, imported from {file.name}",
        "method": "dru_net",
        "network": {"name": "dru_net", "base": network.head.in_channels},
        **({"field_of_view": field_of_view} if field_of_view else {}),
        "version": "imported",
        "license": license_name or "unknown",
        "trained_on": "unknown; not trained by this project",
        "domain": {"modality": "XA"},
        "input": {"size": side},
    }
    return save_model(network, card, ModelStore())


def _network_of(state_dict: dict[str, torch.Tensor]) -> DeepResidualUNet:
    """The network whose weights these are; its width follows from them."""
    head = state_dict.get(HEAD)
    base = head.shape[1] if head is not None and head.dim() == 4 and head.shape[1] else 1
    with torch.device("meta"):  # shapes without memory: the file may state any width
        shapes = {name: tuple(value.shape) for name, value in DeepResidualUNet(base).state_dict().items()}
    check_entries(state_dict, shapes, DeepResidualUNet.__name__)
    network = DeepResidualUNet(base)
    network.load_state_dict(state_dict)
    return network
