"""DICOM files opened with suspicion: headers, pixels, and what an eye's scan or photograph says of itself."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file

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
        return file.read(132)[128:] == b"DICM" or path.suffix.lower() in (".dcm", ".dicom")


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
    offsets = int.from_bytes(dataset.PixelData[4:8], "little")  # an item with the offset table comes before the first frame
    return dataset.PixelData[16 + offsets : 22 + offsets].startswith(_JPEG2000_STARTS) is False


def pixels_of(dataset: Dataset, path: Path) -> np.ndarray:
    """The frames as (frames, rows, columns) or (frames, rows, columns, channels), brighter is more.

    Raises:
        InputError: they are not there, incomplete, or cannot be decoded.
        OutOfMemory: they are larger than the memory.
    """
    if "PixelData" not in dataset:
        raise InputError(f"{path.name} holds no pixels. Export it again with images.")
    frames = int(dataset.get("NumberOfFrames") or 1)
    shape = (frames, int(dataset.Rows), int(dataset.Columns))
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    try:
        if syntax is not None and syntax.is_encapsulated:
            values = sitk.GetArrayFromImage(read_image_file(path, "DICOM file", "export fewer B-scans"))
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values = dataset.pixel_array
    except (InputError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - pydicom raises almost any error on malformed files
        raise InputError(f"The pixels of {path.name} are incomplete or damaged. Copy or export it again.") from error
    if values.ndim == 2 or (frames == 1 and values.shape[:2] == shape[1:]):
        values = values[None]
    if values.shape[:3] != shape:
        raise InputError(f"The pixels of {path.name} do not fit its header. Copy or export it again.")
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        values = values.max() - values
    return values


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
