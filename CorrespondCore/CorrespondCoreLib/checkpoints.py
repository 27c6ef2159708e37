"""Weights of networks as files: checkpoints are read without running anything in them, checked, and kept as models."""

from __future__ import annotations

import json
import pickle
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

from .errors import InputError, OutputError
from .models import CARD, WEIGHTS, Model, ModelStore, sha256

LISTED = 6  # offending entries that a message names
COUNTER = ".num_batches_tracked"  # of batch normalizations: the one integer among the entries
_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"  # how torch files, and Python objects, begin
_DAMAGED = (RuntimeError, EOFError, OSError, ValueError, KeyError, IndexError, TypeError, AttributeError, struct.error)


def save_model(network: nn.Module, card: Mapping[str, Any], store: ModelStore) -> Model:
    """Write a network's weights and its card into the user's model folder; a model of the same id is replaced.

    Args:
        card: all entries but sha256; "network" is {"name": of the network, and the class's arguments}.
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


def load_network(model: Model, networks: Mapping[str, type[nn.Module]]) -> nn.Module:
    """The network of a model with its weights, in evaluation mode.

    Args:
        networks: name -> class, of the module that the model must be for.

    Raises:
        InputError: the card names no known network, or the weights are corrupt or of another network.
    """
    options = dict(model.card.get("network") or {})
    kind = networks.get(options.pop("name", ""))
    if kind is None:
        raise InputError(f'The model "{model.id}" is for none of the networks {", ".join(networks)}. Choose another model.')
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


def check_entries(state_dict: Mapping[str, torch.Tensor], shapes: Mapping[str, tuple[int, ...]], network: str) -> None:
    """Make sure that a state dict holds exactly these entries, with these shapes and finite numbers.

    Args:
        shapes: of the entries; those that end in ".num_batches_tracked" are integers, all others floating-point numbers.
        network: whose entries they are, for the message.

    Raises:
        InputError: names the offending entries.
    """
    unsuitable = [name for name, value in state_dict.items() if not isinstance(value, torch.Tensor)]
    common = [name for name in shapes if name in state_dict and name not in unsuitable]
    reshaped = [name for name in common if tuple(state_dict[name].shape) != tuple(shapes[name])]
    numbers = [name for name in common if state_dict[name].is_floating_point()]
    wrong_kind = [name for name in common if (name not in numbers) != name.endswith(COUNTER)]
    problems = {
        "missing": [name for name in shapes if name not in state_dict],
        "unknown": [name for name in state_dict if name not in shapes],
        "of another shape": [f"{name} {tuple(state_dict[name].shape)}, not {tuple(shapes[name])}" for name in reshaped],
        "not floating-point tensors": [*unsuitable, *wrong_kind],
        "not finite": [name for name in numbers if not bool(torch.isfinite(state_dict[name]).all())],
    }
    found = [f"{kind}: {_listed(names)}" for kind, names in problems.items() if names]
    if found:
        what = "no complete checkpoint" if common else "a checkpoint of another network, not one"
        raise InputError(f"This is {what} of {network}. Entries {'; '.join(found)}.")


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


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{len(names)} ({', '.join(map(str, names[:LISTED]))}{more})"
