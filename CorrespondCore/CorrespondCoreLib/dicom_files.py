"""DICOM files opened with suspicion: data sets, and values that may be malformed."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from .dicom_mark import is_dicom
from .errors import InputError

_MOST_FILES = 2000  # looked through in one folder


def read_dataset(path: Path, pixels: bool = True) -> Dataset:
    """The file's data set.

    Raises:
        InputError: damaged, or no DICOM.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = pydicom.dcmread(path, force=True, stop_before_pixels=not pixels)
            str(dataset)  # decodes every element: what is malformed shows here, not later
    except Exception as error:  # noqa: BLE001 - pydicom raises almost any error on malformed files
        raise InputError(f"{path.name} is a damaged or incomplete DICOM file. Copy or export it again.") from error
    if not len(dataset):
        raise InputError(f"{path.name} is no DICOM file, or an empty one.")
    return dataset


def headers_in(folder: Path) -> dict[Path, Dataset]:
    """Header of each readable image file of DICOM in a folder, by path, in the order of names."""
    found = {}
    for path in sorted(p for p in folder.iterdir() if p.is_file())[:_MOST_FILES]:
        if is_dicom(path):
            try:
                header = read_dataset(path, pixels=False)
            except InputError:
                continue
            if header.get("Rows") and header.get("Columns"):
                found[path] = header
    return found


def device_of(dataset: Dataset) -> str:
    """Maker and model."""
    return " ".join(str(dataset.get(name) or "") for name in ("Manufacturer", "ManufacturerModelName")).strip()


def first(dataset: Dataset | None, sequence: str) -> Dataset | None:
    """The first item of a sequence, or None."""
    items = dataset.get(sequence) if dataset is not None else None
    return items[0] if isinstance(items, Sequence) and len(items) else None


def numbers(dataset: Dataset | None, name: str, count: int) -> np.ndarray | None:
    """An attribute of `count` finite numbers, or None."""
    value: Any = dataset.get(name) if dataset is not None else None
    try:
        found = np.array(value, float).reshape(-1) if value is not None else np.empty(0)
    except (TypeError, ValueError):
        return None
    return found if len(found) == count and np.isfinite(found).all() else None
