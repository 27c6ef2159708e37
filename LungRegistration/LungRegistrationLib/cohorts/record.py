"""pair.json: what the results in a pair's folder were made from, so that a finished pair can be told from one to be done.

A finished pair has the same inputs (names, sizes and times of the files), settings, weights and version of Correspond, and all
its files with their sizes. Device, number of threads and file locations do not count.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from CorrespondCoreLib import __version__
from CorrespondCoreLib.files import plain, write_json

from ..formats.pair_files import Files
from ..learned.models import chosen_model
from ..settings import RegistrationSettings

RECORD = "pair.json"

_HEADERS = (".mhd", ".nhdr", ".hdr", ".img")  # files with their voxels in another file of the same name
_SERIES = (".dcm", ".ima", "")  # one file of a DICOM series stands for its folder


def cohort_identity(settings: RegistrationSettings, options: dict[str, Any]) -> dict[str, Any]:
    """What all pairs of a cohort have in common.

    Args:
        settings: of the registration.
        options: what else changes the results (maps, native grid, ...).

    Raises:
        InputError: the model that the settings name is not there.
    """
    weights = None
    if settings.method != "search":
        model = chosen_model(settings.method, settings.network)
        weights = model.card["sha256"] if model else None
    return plain({"version": __version__, "weights_sha256": weights, "settings": settings.to_dict(), "options": options})


def pair_identity(common: dict[str, Any], files: Files, fixed_is: str) -> dict[str, Any]:
    """What the results of one pair follow from: what the cohort has in common, and the pair's own files as they are now."""
    inputs = {role: fingerprint(path) for role, path in vars(files).items() if path is not None}
    return {**common, "fixed_is": fixed_is, "inputs": inputs}


def fingerprint(path: Path) -> str:
    """SHA-256 over names, sizes and times of change of the files that make up an input; their content is not read."""
    entries = []
    for file in _parts(path):
        facts = file.stat()
        entries.append(f"{file.relative_to(path.parent).as_posix()}|{facts.st_size}|{facts.st_mtime_ns}")
    return hashlib.sha256("\n".join(sorted(entries)).encode()).hexdigest()


def write_record(folder: Path, identity: dict[str, Any], files: list[str], figures: dict[str, Any]) -> None:
    """Say that the results in the folder are finished: `files` are their names."""
    sizes = {name: (folder / name).stat().st_size for name in files}
    write_json(folder / RECORD, {"identity": identity, "files": sizes, "figures": figures})


def finished_figures(folder: Path, identity: dict[str, Any]) -> dict[str, Any] | None:
    """The figures of a pair that is finished, whole and made from the same; None if it has to be done."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        whole = all((folder / name).stat().st_size == size for name, size in record["files"].items())
        return record["figures"] if whole and record["identity"] == identity else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _parts(path: Path) -> list[Path]:
    """The files that an input consists of."""
    if path.is_dir():
        return [file for file in path.rglob("*") if file.is_file()]
    suffix = path.suffix.lower()
    if suffix in _HEADERS:
        return [file for file in path.parent.iterdir() if file.is_file() and file.name.split(".")[0] == path.name.split(".")[0]]
    if suffix in _SERIES:
        return [file for file in path.parent.iterdir() if file.is_file()]
    return [path]
