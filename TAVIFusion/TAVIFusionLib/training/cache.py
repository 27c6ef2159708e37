"""Rendered phantoms on disk, so that trainings share them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from CorrespondCoreLib.files import whole_file

Arrays = dict[str, np.ndarray]


def cached(folder: str | None, name: str, make: Callable[[], Arrays]) -> Arrays:
    """The arrays of that name in a folder; they are made, and kept there, where it has none. No folder: always made."""
    if folder is None:
        return make()
    path = Path(folder) / f"{name.replace(' ', '_')}.npz"
    if path.is_file():
        with np.load(path) as file:
            return dict(file)
    arrays = make()
    with whole_file(path) as temporary:
        np.savez_compressed(temporary, **arrays)  # type: ignore[arg-type]
    return arrays
