"""Weights of the registration networks as files: checkpoints of original code into the model store, and networks out of it."""

from __future__ import annotations

import json
import pickle
import re
import struct
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.models import CARD, WEIGHTS, Model, ModelStore, sha256

from .original_rrn import check_entries
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
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how torch files, and Python objects, begin
_DAMAGED = (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error)


def import_checkpoint(
    file: Path,
    network: str,
    model_id: str | None = None,
    title: str | None = None,
    license_name: str | None = None,
    original_warp: bool = False,
    store: ModelStore | None = None,
) -> Model:
    """Read a checkpoint of a network's original code and keep it as a model of the user.

    Args:
        file: safetensors, or a torch file that holds weights only.
        network: "rrn".
        model_id: name in the store; the network's and the file's by default.
        title: for people; by default it names the file.
        license_name: "unknown" by default.
        original_warp: the model warps features as the original code does (see RecursiveRefinementNetwork).
        store: the user's by default.

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
    return save_model(loaded, card, store or ModelStore())


def save_model(network: nn.Module, card: Mapping[str, Any], store: ModelStore) -> Model:
    """Write a network's weights and its card into the user's model folder; a model of the same id is replaced.

    Args:
        card: all entries but sha256; "network" is {"name": "rrn", "virnet" or "voxelmorph", and the class's arguments}, "input"
            what the network was trained on, {"size_xyz": [voxels], "window_hu": [low, high] or null}; the papers' if absent.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tensors = {key: tensor.detach().cpu().contiguous() for key, tensor in network.state_dict().items()}
        try:
            save_file(tensors, folder / WEIGHTS)
        except SafetensorError as error:
            raise OutputError(f"The weights cannot be written ({_first_line(error)}). Free some space on the disk.") from error
        text = json.dumps({**card, "sha256": sha256(folder / WEIGHTS)}, indent=2, ensure_ascii=False)
        (folder / CARD).write_text(text + "\n", encoding="utf-8")
        return store.import_model(folder)


def load_network(model: Model) -> nn.Module:
    """The network of a model with its weights, in evaluation mode.

    Raises:
        InputError: the card names no known network, or the weights are corrupt or of another network.
    """
    options = dict(model.card.get("network") or {})
    kind = NETWORKS.get(options.pop("name", ""))
    if kind is None:
        raise InputError(f'The model "{model.id}" is for none of the networks {", ".join(NETWORKS)}. Choose another model.')
    try:
        network = kind(**options)
    except TypeError as error:
        raise InputError(f'The card of the model "{model.id}" has network options that do not exist: {error}.') from error
    state_dict = read_checkpoint(model.weights())
    shapes = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    try:
        check_entries(state_dict, shapes, kind.__name__)
    except InputError as error:
        raise InputError(f'The weights of the model "{model.id}" do not fit its card. {error}') from error
    network.load_state_dict(state_dict)
    return network.eval()


def read_checkpoint(file: Path) -> dict[str, torch.Tensor]:
    """The state dict in a file; nothing in the file is executed.

    A torch file may hold the state dict itself, or a dict with one entry that is one; the prefix "module." of networks trained on
    several GPUs is taken off.

    Raises:
        InputError: the file is absent, damaged, no checkpoint, or holds Python objects other than weights.
    """
    if not file.is_file():
        raise InputError(f"There is no file {file}.")
    with file.open("rb") as stream:
        start = stream.read(9)
    if start.startswith(_ZIP):
        return _state_dict(_torch_content(file), file)
    if start[8:9] == b"{":
        return _state_dict(_safetensors_content(file), file)
    if start.startswith(_PICKLE):
        raise InputError(
            f"{file} is refused: it is a pickle, or of the format of torch before 1.6, and could run any program. Load it where "
            "you trust it, and save the network's state_dict() anew, best as safetensors."
        )
    raise InputError(f"{file} is not a checkpoint: it is neither a safetensors nor a torch file, or its beginning is damaged.")


def _safetensors_content(file: Path) -> dict[str, torch.Tensor]:
    try:
        return load_file(file)
    except (SafetensorError, *_DAMAGED) as error:
        raise InputError(f"{file} is a damaged safetensors file ({_first_line(error)}). Copy or download it again.") from error


def _torch_content(file: Path) -> Any:
    try:
        return torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{file} is refused: it holds Python objects other than weights, which could run any program, or it is damaged. "
            "Save the network's state_dict() alone, best as safetensors."
        ) from error
    except (zipfile.BadZipFile, *_DAMAGED) as error:
        raise InputError(
            f"{file} is no torch checkpoint or is damaged ({_first_line(error)}). Copy or download it again."
        ) from error


def _state_dict(content: Any, file: Path) -> dict[str, torch.Tensor]:
    """The one dict of tensors in what a file holds."""
    candidates = [content, *content.values()] if isinstance(content, Mapping) else []
    found = [c for c in candidates if isinstance(c, Mapping) and c and all(isinstance(v, torch.Tensor) for v in c.values())]
    if len(found) != 1:
        raise InputError(f"{file} is not a checkpoint: it holds {len(found)} sets of named weights, one is needed.")
    return {str(name).removeprefix("module."): tensor for name, tensor in found[0].items()}


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
