"""DICOM files opened with suspicion: headers, and what an eye's scan or photograph says of itself."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from CorrespondCoreLib.errors import InputError

from .dicom_pixels import fragments
from .signatures import DICOM, signature

TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
PHOTOGRAPHY = ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "1.2.840.10008.5.1.4.1.1.77.1.5.2")
_RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
_JPEG2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_JPEG2000_STARTS = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")
_ZEISS_GROUP = 0x0407
_MOST_FILES = 2000  # looked through in one folder


def is_dicom(path: Path) -> bool:
    """True if the file carries DICOM's mark after the preamble, or is named .dcm."""
    with open(path, "rb") as file:
        return signature(file.read(132)) == DICOM or path.suffix.lower() in (".dcm", ".dicom")


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
        if path.stat().st_size > 132 and is_dicom(path):
            try:
                header = read_dataset(path, pixels=False)
            except InputError:
                continue
            if header.get("Rows") and header.get("Columns"):
                found[path] = header
    return found


def refuse_zeiss(dataset: Dataset, path: Path) -> None:
    """Refuse Zeiss's obfuscated images.

    Raises:
        InputError: with the way out.
    """
    if "ZEISS" not in str(dataset.get("Manufacturer", "")).upper():
        return
    hidden = str(dataset.get("SOPClassUID", "")) == _RAW_DATA or any(e.tag.group == _ZEISS_GROUP for e in dataset)
    if hidden or _scrambled(dataset):
        raise InputError(
            f"{path.name} is a Zeiss file whose images are obfuscated: only Zeiss's software can show them. Export the scan "
            "from the device or FORUM as standard (unobfuscated) DICOM, or as .img from the Zeiss research browser."
        )


def _scrambled(dataset: Dataset) -> bool:
    """JPEG 2000 by its transfer syntax, but not by its first bytes."""
    syntax = str(dataset.file_meta.get("TransferSyntaxUID", "")) if hasattr(dataset, "file_meta") else ""
    if syntax not in _JPEG2000 or "PixelData" not in dataset:
        return False
    try:
        at, _ = fragments(dataset.PixelData)[1]
    except (ValueError, IndexError):
        return True
    return not dataset.PixelData[at : at + 6].startswith(_JPEG2000_STARTS)


def eye_of(dataset: Dataset, group: Dataset | None = None) -> str:
    """ "R", "L" or ""; `group` is a frame's functional groups."""
    anatomy = first(group, "FrameAnatomySequence") if group is not None else None
    stated = [anatomy.get("FrameLaterality") if anatomy else None, dataset.get("ImageLaterality"), dataset.get("Laterality")]
    return next((str(s) for s in stated if s in ("R", "L")), "")


def date_of(dataset: Dataset) -> str:
    """ISO date of the acquisition, else of the content, else of the study; or ""."""
    for name in ("AcquisitionDateTime", "AcquisitionDate", "ContentDate", "StudyDate"):
        if found := re.match(r"(19|20)\d{6}", str(dataset.get(name) or "")):
            text = found[0]
            return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return ""


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
