"""Files that are whole or absent: they are written beside their place and moved there when complete."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import OutputError

PARTIAL_PREFIX = ".partial-"
"""Names of unfinished files and folders start with this. Whoever lists results skips them."""


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Write one file whole or not at all.

        with whole_file(folder / "warped.nrrd") as temporary:
            SimpleITK.WriteImage(image, str(temporary))

    Args:
        path: the file's final place; its folder is created. An older file there is replaced at the end.

    Yields:
        A path in the same folder with the same suffixes, to write to.

    Raises:
        OutputError: the folder cannot be written, or nothing was written, or the old file cannot be replaced.
    """
    path = Path(path)
    temporary = path.with_name(f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:8]}-{path.name}")
    with _output_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.touch()
        temporary.unlink()
    try:
        yield temporary
        if not temporary.is_file():
            raise OutputError(f"Nothing was written to {path}.")
        with _output_errors(path):
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: str | Path) -> Iterator[Path]:
    """Write a set of files into a folder: all of them or none.

    Files of the same name from an earlier run are replaced together at the end; other files there stay. If the work or one of
    the moves fails, everything is as it was.

    Args:
        folder: the final folder; it is created, and removed again on failure if it was not there before.

    Yields:
        A folder on the same disk, to write to (subfolders allowed).

    Raises:
        OutputError: the folder cannot be written, or an old file cannot be replaced.
    """
    folder = Path(folder)
    fresh = not folder.exists()
    stage = folder / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:8]}"
    with _output_errors(folder):
        (stage / "new").mkdir(parents=True)
        (stage / "old").mkdir()
    complete = False
    try:
        yield stage / "new"
        with _output_errors(folder):
            _exchange(stage / "new", folder, stage / "old")
        complete = True
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if fresh and not complete and not any(folder.iterdir()):
            folder.rmdir()


def _exchange(new: Path, folder: Path, old: Path) -> None:
    """Move all files below `new` to `folder`, those that they replace to `old`; undo all moves if one fails."""
    moves: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(source, target)
        moves.append((source, target))

    try:
        for source in sorted(p for p in new.rglob("*") if p.is_file()):
            name = source.relative_to(new)
            if (folder / name).exists():
                move(folder / name, old / name)
            move(source, folder / name)
    except OSError:
        for source, target in reversed(moves):
            os.replace(target, source)
        raise


def check_output_folder(folder: str | Path, needed_bytes: int = 0) -> Path:
    """Make sure, before long work, that results can be written.

    Args:
        folder: where they shall go; created if absent.
        needed_bytes: what they will take.

    Returns:
        The folder, absolute.

    Raises:
        OutputError: it is not a folder, is not writable, or its disk has less space than needed.
    """
    folder = Path(folder).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"The output folder {folder} is a file. Choose a folder.")
    with _output_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f"{PARTIAL_PREFIX}{uuid.uuid4().hex[:8]}"
        try:
            probe.write_bytes(b"x")
        finally:
            probe.unlink(missing_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise OutputError(
            f"The results need {needed_bytes / 1e9:.2f} GB, the disk of {folder} has {free / 1e9:.2f} GB left. "
            "Free some space or choose another output folder."
        )
    return folder


def write_json(path: str | Path, data: Any) -> None:
    """Write data as JSON, whole or not at all: numpy numbers and arrays, paths, and non-finite numbers (as null) included."""
    text = json.dumps(plain(data), indent=2, allow_nan=False, ensure_ascii=False)
    with whole_file(path) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def write_csv(path: str | Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a table as CSV (UTF-8), whole or not at all."""
    with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(rows)


def plain(data: Any) -> Any:
    """Data as dict, list, str, int, float, bool and None only: what JSON can hold. Non-finite numbers become None.

    Raises:
        TypeError: something is none of dict, sequence, set, number, str, path, numpy scalar, numpy array.
    """
    if data is None or isinstance(data, (str, bool, int)):
        return data
    if isinstance(data, float):
        return data if math.isfinite(data) else None
    if isinstance(data, os.PathLike):
        return os.fspath(data)
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple, set)):
        return [plain(value) for value in data]
    if hasattr(data, "tolist"):  # numpy scalars and arrays
        return plain(data.tolist())
    raise TypeError(f"{type(data).__name__} cannot be written as JSON")


@contextmanager
def _output_errors(path: Path) -> Iterator[None]:
    """Let operating system errors on writing speak to the user."""
    try:
        yield
    except PermissionError as error:
        raise OutputError(
            f"{error.filename or path} cannot be written: permission denied, or another program holds it open. "
            "Choose another output folder or close that program."
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{error.filename or path} cannot be written: {reason}. Choose another output folder.") from error
