"""Pixels of DICOM files. What is compressed is checked before it is decoded: damaged fragments keep decoders busy for minutes."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LARGEST_RATIO = 1000  # of decoded to compressed bytes: more is no image of an eye
_SMALL_BYTES = 1 << 26


def pixels_of(dataset: Dataset, path: Path) -> np.ndarray:
    """The frames as (frames, rows, columns) or (frames, rows, columns, channels), brighter is more.

    Raises:
        InputError: they are not there, incomplete, or cannot be decoded.
        OutOfMemory: they are larger than the memory.
    """
    if "PixelData" not in dataset:
        raise InputError(f"{path.name} holds no pixels. Export it again with images.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape = (int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns))
            syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
            if syntax is not None and syntax.is_encapsulated:
                _check_fragments(dataset, shape)
                values = sitk.GetArrayFromImage(read_image_file(path, "DICOM file", "export fewer B-scans"))
            else:
                values = dataset.pixel_array
    except (InputError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - pydicom raises almost any error on malformed files
        raise InputError(f"The pixels of {path.name} are incomplete or damaged. Copy or export it again.") from error
    if values.ndim == 2 or (shape[0] == 1 and values.shape[:2] == shape[1:]):
        values = values[None]
    if values.shape[:3] != shape:
        raise InputError(f"The pixels of {path.name} do not fit its header. Copy or export it again.")
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        values = values.max() - values
    return values


def _check_fragments(dataset: Dataset, shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless the compressed data are a whole chain of items, as many as frames, of believable sizes."""
    lengths = fragments(dataset.PixelData)[1:]  # the first item is the table of offsets
    decoded = np.prod(np.array(shape, float)) * int(dataset.SamplesPerPixel) * int(dataset.BitsAllocated) / 8
    if len(lengths) < shape[0] or decoded > _SMALL_BYTES + _LARGEST_RATIO * sum(size for _, size in lengths):
        raise ValueError("fragments do not fit the header")
    if dataset.file_meta.TransferSyntaxUID == RLELossless:
        for at, size in lengths:
            _check_run_lengths(dataset.PixelData[at : at + size], dataset)


def fragments(data: bytes) -> list[tuple[int, int]]:
    """Offset and length of each item of encapsulated pixel data, the table of offsets first.

    Raises:
        ValueError: the chain of items is broken.
    """
    found, at = [], 0
    while at < len(data) and data[at : at + 4] != _END:
        if data[at : at + 4] != _ITEM or at + 8 > len(data):
            raise ValueError("no item where one should begin")
        (size,) = struct.unpack_from("<I", data, at + 4)
        if at + 8 + size > len(data):
            raise ValueError("an item is longer than the data")
        found.append((at + 8, size))
        at += 8 + size
    return found


def _check_run_lengths(fragment: bytes, dataset: Dataset) -> None:
    """Raise ValueError unless the header of an RLE frame (PS3.5 G.5) lists its segments one after the other."""
    if len(fragment) < 64:
        raise ValueError("a frame is shorter than its header")
    count, *offsets = struct.unpack_from("<16I", fragment)
    if count != int(dataset.SamplesPerPixel) * (int(dataset.BitsAllocated) // 8):
        raise ValueError("segments do not fit the pixels")
    used = [*offsets[:count], len(fragment)]
    if offsets[0] != 64 or any(b <= a for a, b in zip(used, used[1:], strict=False)):
        raise ValueError("segments overlap")
