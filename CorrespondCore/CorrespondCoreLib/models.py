"""Trained networks on disk: found, checked, imported, deleted, and compared with the image they shall work on.

A model is a folder <model>/{card.json, weights.safetensors}. Models lie in the modules' Resources/Models (read only) and in a
folder of the user. The card:

    {"id": "rrn-breath", "title": "...", "method": "network", "version": "1.0", "license": "...", "citation": "...",
     "trained_on": "...", "sha256": "<of weights.safetensors>",
     "domain": {"modality": "CT", "size_voxels": [32, 512], "spacing_mm": [0.5, 3.0],
                "intensity": {"unit": "HU", "p1": [-1100, -700], "p99": [0, 2000]}}}

Entries of the domain may be absent: then anything fits. Ranges hold for every axis; p1 and p99 are percentiles of the image.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from .errors import InputError
from .files import PARTIAL_PREFIX, whole_folder

CARD, WEIGHTS = "card.json", "weights.safetensors"
_REQUIRED = ("id", "title", "method", "version", "sha256")


@dataclass(frozen=True)
class Model:
    """A model that was found.

    Attributes:
        folder: where it lies.
        card: what card.json says.
        own: it lies in the user's folder and can be deleted.
    """

    folder: Path
    card: dict[str, Any]
    own: bool

    @property
    def id(self) -> str:
        return self.card["id"]

    def weights(self) -> Path:
        """The weights file, checked.

        Raises:
            InputError: it is absent or not the file that the card was written for.
        """
        path = self.folder / WEIGHTS
        if not path.is_file():
            raise InputError(f'The model "{self.id}" has no weights ({path}). Import the model again.')
        if sha256(path) != self.card["sha256"]:
            raise InputError(
                f'The weights of the model "{self.id}" are corrupt or were changed ({path}). Import the model again.'
            )
        return path


class ModelStore:
    """All models of a module.

    Args:
        folders: read-only folders of models, such as the module's Resources/Models.
        user_folder: where imported models go; user_models_folder() by default.
    """

    def __init__(self, folders: Iterable[str | Path] = (), user_folder: str | Path | None = None):
        self._folders = [Path(folder) for folder in folders]
        self._user_folder = Path(user_folder) if user_folder else user_models_folder()

    def available(self) -> tuple[list[Model], list[str]]:
        """All models by id, and what is wrong with folders that cannot be used. Weights are not read.

        An own model hides a shipped one of the same id.
        """
        models: dict[str, Model] = {}
        problems: list[str] = []
        for folder in (*self._folders, self._user_folder):
            for path in sorted(folder.iterdir()) if folder.is_dir() else ():
                if path.is_dir() and not path.name.startswith(PARTIAL_PREFIX):
                    try:
                        card = read_card(path / CARD)
                        models[card["id"]] = Model(path, card, own=folder == self._user_folder)
                    except InputError as error:
                        problems.append(str(error))
        return sorted(models.values(), key=lambda model: model.id), problems

    def get(self, model_id: str) -> Model:
        """One model.

        Raises:
            InputError: there is none of this id.
        """
        models, problems = self.available()
        for model in models:
            if model.id == model_id:
                return model
        known = ", ".join(model.id for model in models) or "none"
        raise InputError(" ".join([f'There is no model "{model_id}". Models here: {known}.', *problems]))

    def import_model(self, source: str | Path) -> Model:
        """Copy a model into the user's folder; a model of the same id there is replaced.

        Args:
            source: folder with card.json and weights.safetensors, or a zip archive of it.

        Raises:
            InputError: it is not a model, or its weights do not fit its card. OutputError: it cannot be written.
        """
        source = Path(source)
        self._user_folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=PARTIAL_PREFIX, dir=self._user_folder) as name:
            stage = Path(name)
            _copy_files(source, stage)
            card = read_card(stage / CARD)
            Model(stage, card, own=True).weights()
            with whole_folder(self._user_folder / card["id"]) as folder:
                for file in (CARD, WEIGHTS):
                    os.replace(stage / file, folder / file)
        return Model(self._user_folder / card["id"], card, own=True)

    def delete(self, model_id: str) -> None:
        """Delete a model from the user's folder.

        Raises:
            InputError: there is none of this id, or it belongs to the extension.
        """
        model = self.get(model_id)
        if not model.own:
            raise InputError(f'The model "{model_id}" belongs to the extension and cannot be deleted.')
        shutil.rmtree(model.folder)


def model_at(place: str | Path, folders: Iterable[str | Path] = ()) -> Model:
    """A model by its folder, or by its id in the user's folder or in further ones.

    Raises:
        InputError: there is none.
    """
    folder = Path(place).expanduser()
    if (folder / CARD).is_file():
        return Model(folder, read_card(folder / CARD), own=False)
    return ModelStore(folders).get(str(place))


def shipped_models_folder(library_file: str) -> Path:
    """Where the models that come with a module lie: beside its library in Slicer, in share/ after `pip install`.

    Args:
        library_file: `__file__` of a file that lies in the library's own folder.
    """
    beside = Path(library_file).parents[1] / "Resources" / "Models"
    shared = (parent / "share" / "correspond" / "models" for parent in Path(library_file).parents[1:6])
    return next((folder for folder in (beside, *shared) if folder.is_dir()), beside)


def user_models_folder() -> Path:
    """Where the user's models lie: CORRESPOND_MODELS, or the system's folder for application data."""
    if os.environ.get("CORRESPOND_MODELS"):
        return Path(os.environ["CORRESPOND_MODELS"])
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "Correspond" / "Models"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Correspond" / "Models"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "correspond" / "models"


def read_card(path: Path) -> dict[str, Any]:
    """A model's card.

    Raises:
        InputError: it is absent, is not JSON, or lacks an entry.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} is not a model card ({error}).") from error
    lost = [key for key in _REQUIRED if not isinstance(card, dict) or not isinstance(card.get(key), str)]
    if lost:
        raise InputError(f"The model card {path} lacks {', '.join(lost)}.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", card["id"]):
        raise InputError(f'The model card {path} has the id "{card["id"]}"; use letters, digits, ".", "_" and "-".')
    return card


def sha256(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def mismatches(domain: dict[str, Any], image: sitk.Image, modality: str | None = None) -> list[str]:
    """How an image differs from what a model was trained for, in sentences for the user; empty if it fits.

    Args:
        domain: of the model's card.
        image: the input.
        modality: what is known of the image, "CT" for example; None if unknown.
    """
    found = []
    if modality and domain.get("modality") and modality != domain["modality"]:
        found.append(f"The model is for {domain['modality']}, the image is {modality}.")
    for key, values, unit in (
        ("size_voxels", image.GetSize(), "voxels"),
        ("spacing_mm", image.GetSpacing(), "mm between voxels"),
    ):
        if key in domain:
            low, high = domain[key]
            if min(values) < low * 0.999 or max(values) > high * 1.001:
                given = " x ".join(f"{value:g}" for value in values)
                found.append(f"The model is for {low:g} to {high:g} {unit} along each axis, the image has {given}.")
    intensity = domain.get("intensity", {})
    for key, rank in (("p1", 1), ("p99", 99)):
        if key in intensity:
            low, high = intensity[key]
            value = float(np.percentile(sitk.GetArrayViewFromImage(image), rank))
            if not low <= value <= high:
                unit = intensity.get("unit", "")
                found.append(
                    f"The model expects {'dark' if rank == 1 else 'bright'} voxels ({rank} % percentile) between {low:g} and "
                    f"{high:g} {unit}, the image has {value:g}: is it in {unit or 'the right unit'}?"
                )
    return found


def _copy_files(source: Path, target: Path) -> None:
    """The two files of a model, from a folder or from a zip archive (at any depth in it)."""
    if source.is_dir():
        for name in (CARD, WEIGHTS):
            if not (source / name).is_file():
                raise InputError(f"{source} is not a model: {name} is missing.")
            shutil.copyfile(source / name, target / name)
        return
    try:
        with zipfile.ZipFile(source) as archive:
            for name in (CARD, WEIGHTS):
                entries = [entry for entry in archive.namelist() if entry.split("/")[-1] == name]
                if len(entries) != 1:
                    raise InputError(f"{source} is not a model: it holds {len(entries)} files named {name}, one is needed.")
                with archive.open(entries[0]) as packed, open(target / name, "wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except (OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{source} is not a model ({error}). Choose a folder with {CARD} and {WEIGHTS}, or a zip archive."
        ) from error
