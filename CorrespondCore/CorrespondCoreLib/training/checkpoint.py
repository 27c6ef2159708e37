"""The state of a training on disk: whole or absent at any moment, also when the process is killed or the disk is full."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import InputError, OutputError
from ..files import whole_file

CHECKPOINT = "checkpoint.pt"
FORMAT = 2


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Replace the checkpoint at once: what is on disk is always the old or the new one, and is there after a power cut.

    Args:
        state: tensors and plain values.

    Raises:
        OutputError: it cannot be written; the one before is still there.
    """
    buffer = io.BytesIO()
    torch.save({"format": FORMAT, **state}, buffer)
    with whole_file(path) as temporary:
        try:
            with open(temporary, "wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            last = f" The last good checkpoint, {path}, was kept: go on with --resume." if path.is_file() else ""
            raise OutputError(
                f"The checkpoint cannot be written to {path.parent} ({error.strerror or error}). Free some space on its disk."
                f"{last}"
            ) from error


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state that `write_checkpoint` wrote; nothing in the file is executed.

    Raises:
        InputError: the file is damaged, or is no checkpoint of a training.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise InputError(f"The checkpoint {path} is damaged (in {damaged}). Begin the training anew, in another folder.")
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (zipfile.BadZipFile, pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError) as error:
        raise InputError(
            f"The checkpoint {path} cannot be read: it is damaged, or was not written by a training. "
            "Begin the training anew, in another folder."
        ) from error
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise InputError(f"{path} is no checkpoint of a training of this version. Begin the training anew, in another folder.")
    return state


def state_to_resume(folder: Path, resume: bool) -> dict[str, Any] | None:
    """The state in a training's folder; None where a training begins.

    Raises:
        InputError: there is a training already that is not to be gone on with, or its checkpoint cannot be read.
    """
    path = folder / CHECKPOINT
    if not path.exists():
        return None
    if not resume:
        raise InputError(f"There is a training in {folder} already. Go on with it (--resume), or choose another folder.")
    return read_checkpoint(path)


def check_same(folder: Path, config: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Whether a training may go on with a configuration.

    Args:
        config, before: entries of now, and of the training in the folder.

    Raises:
        InputError: entries differ; they are named.
    """
    if other := sorted(name for name in config if before[name] != config[name]):
        raise InputError(
            f"The training in {folder} had another configuration ({', '.join(other)}). Go on with its own, or choose another "
            "folder."
        )
