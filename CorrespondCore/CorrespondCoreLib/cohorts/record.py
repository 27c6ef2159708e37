"""finished.json: what the results in a folder were made from, so that what is finished can be told from what is to be done.

Finished are results with the same inputs (names, sizes and times of the files), settings, weights and version of Correspond, and
all files with their sizes. Device, number of threads and file locations do not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from CorrespondCoreLib import __version__
from CorrespondCoreLib.files import plain, write_json

RECORD = "finished.json"

_HEADERS = (".mhd", ".nhdr", ".hdr", ".img")  # files with their voxels in another file of the same name
_SERIES = (".dcm", ".ima", "")  # one file of a DICOM series stands for its folder


def common_identity(settings: Mapping[str, Any], weights_sha256: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What all rows of a cohort have in common.

    Args:
        settings: of the method. weights_sha256: of the weights that it uses, or None.
        options: what else changes the results (maps, native grid, ...).
    """
    return plain({"version": __version__, "weights_sha256": weights_sha256, "settings": settings, "options": options})


def identity_of(common: Mapping[str, Any], files: Mapping[str, Path], words: Mapping[str, str]) -> dict[str, Any]:
    """What the results of one row follow from: what the cohort has in common, and the row's own files as they are now."""
    return {**common, **words, "inputs": {role: fingerprint(path) for role, path in files.items()}}


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
    """The figures of results that are finished, whole and made from the same; None if they have to be made."""
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
