"""What the DICOM file of an eye's scan or photograph says of itself, and Zeiss files that hide their images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset

from CorrespondCoreLib.dicom_files import first
from CorrespondCoreLib.dicom_pixels import fragments, stored_pixels
from CorrespondCoreLib.errors import InputError

TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
PHOTOGRAPHY = ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "1.2.840.10008.5.1.4.1.1.77.1.5.2")
_RAW_DATA = "1.2.840.10008.5.1.4.1.1.66"
_JPEG2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
_JPEG2000_STARTS = (b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")
_ZEISS_GROUP = 0x0407


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


def pixels_of(dataset: Dataset, path: Path) -> np.ndarray:
    """The frames as (frames, rows, columns) or (frames, rows, columns, channels), brighter is more.

    Raises:
        InputError: they are not there, incomplete, or cannot be decoded.
        OutOfMemory: they are larger than the memory.
    """
    values = stored_pixels(dataset, path, "export fewer B-scans")
    return values.max() - values if dataset.get("PhotometricInterpretation") == "MONOCHROME1" else values
