"""DICOM ophthalmic photography: SLO, autofluorescence and color images of the fundus."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import numbers, read_dataset
from CorrespondCoreLib.errors import InputError

from .dicom_files import PHOTOGRAPHY, date_of, eye_of, pixels_of
from .fundus import gray


@dataclass(frozen=True)
class Photo:
    """A fundus image on its own.

    Attributes:
        pixels: (H, W), first row superior.
        kind: "SLO", "FAF" or "photograph".
        spacing_mm: of columns and rows; None where the file has none.
        eye: "R", "L" or "". visit_date: ISO date or "".
    """

    pixels: np.ndarray
    kind: str
    spacing_mm: tuple[float, float] | None
    eye: str
    visit_date: str


def read_photo(path: str | Path) -> Photo:
    """Read a DICOM photograph of the fundus; name, identifiers and birth date are dropped.

    Raises:
        InputError: no ophthalmic photograph, several frames, or damaged.
    """
    path = Path(path)
    dataset = read_dataset(path)
    if str(dataset.get("SOPClassUID", "")) not in PHOTOGRAPHY:
        raise InputError(f"{path.name} is no DICOM photograph of the fundus.")
    pixels = pixels_of(dataset, path)
    if len(pixels) > 1:
        raise InputError(f"{path.name} holds {len(pixels)} frames: a movie, or a series. Export the one image that is wanted.")
    return Photo(gray(pixels[0]), photo_kind(dataset), _spacing(dataset), eye_of(dataset), date_of(dataset))


def photo_kind(dataset: Dataset) -> str:
    """What kind of image the header describes: "SLO", "FAF", or "photograph"."""
    words = [*(dataset.get("ImageType") or []), dataset.get("SeriesDescription", ""), dataset.get("Modality", "")]
    for sequence in ("AcquisitionDeviceTypeCodeSequence", "IlluminationTypeCodeSequence"):
        words += [item.get("CodeMeaning", "") for item in dataset.get(sequence) or []]
    text = " ".join(map(str, words)).upper()
    if re.search(r"\bB?AF\b|\bFAF\b|AUTO-?FLUORESCENCE", text):
        return "FAF"
    return "SLO" if re.search(r"\bSLO\b|\bIR\b|\bNIR\b|INFRARED|SCANNING LASER", text) else "photograph"


def _spacing(dataset: Dataset) -> tuple[float, float] | None:
    """Of columns and rows in mm."""
    rows_columns = numbers(dataset, "PixelSpacing", 2)
    if rows_columns is None or rows_columns.min() <= 0 or rows_columns.max() > 1:
        return None
    return float(rows_columns[1]), float(rows_columns[0])
