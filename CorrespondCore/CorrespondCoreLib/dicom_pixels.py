"""Pixels of DICOM files. What is compressed is checked before it is decoded: damaged fragments keep decoders busy for minutes."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom.dataset import Dataset
from pydicom.uid import RLELossless

from .dicom_files import first
from .errors import InputError
from .image_files import read_image_file

_ITEM, _END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LARGEST_RATIO = 1000  # of decoded to compressed bytes: more is no image
_SMALL_BYTES = 1 << 26
_JPEG_STARTS, _JPEG_END = (b"\xff\xd8", b"\xff\x4f\xff\x51"), b"\xff\xd9"
_LONGEST_PADDING = 64
_VIDEO = "1.2.840.10008.1.2.4.10"  # the transfer syntaxes of MPEG-2, MPEG-4 and HEVC begin so


def stored_pixels(dataset: Dataset, path: Path, too_large: str) -> np.ndarray:
    """The frames as (frames, rows, columns) or (frames, rows, columns, channels), as stored: neither inverted nor rescaled.

    Args:
        dataset: of the file, with pixels.
        too_large: what a user can do if they are larger than the memory, a sentence without period.

    Raises:
        InputError: they are not there, incomplete, or cannot be decoded.
        OutOfMemory: they are larger than the memory.
    """
    if "PixelData" not in dataset:
        raise InputError(f"{path.name} holds no pixels. Export it again with images.")
    syntax = dataset.file_meta.get("TransferSyntaxUID") if hasattr(dataset, "file_meta") else None
    if syntax is not None and syntax.startswith(_VIDEO):
        raise InputError(f"{path.name} is compressed as video ({syntax.name}). Export it uncompressed or as JPEG Lossless.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape = (int(dataset.get("NumberOfFrames") or 1), int(dataset.Rows), int(dataset.Columns))
            if min(shape) < 1:
                raise ValueError("no pixels at all")
            if syntax is not None and syntax.is_encapsulated:
                _check_fragments(dataset, shape)
                values = _as_stored(sitk.GetArrayFromImage(read_image_file(path, "DICOM file", too_large)), dataset)
            else:
                values = _native(dataset)
    except MemoryError:
        raise
    except InputError as error:
        how = f" ({syntax.name})" if syntax is not None else ""
        raise InputError(f"The pixels of {path.name} are incomplete or damaged{how}. Copy or export it again.") from error
    except Exception as error:  # noqa: BLE001 - pydicom raises almost any error on malformed files
        raise InputError(f"The pixels of {path.name} are incomplete or damaged. Copy or export it again.") from error
    if values.ndim == 2 or (shape[0] == 1 and values.shape[:2] == shape[1:]):
        values = values[None]
    if values.shape[:3] != shape:
        raise InputError(f"The pixels of {path.name} do not fit its header. Copy or export it again.")
    return values


def inverted(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Stored values with black and white exchanged, within the range of the bits that the header says are stored."""
    bits = int(dataset.get("BitsStored") or 8 * values.itemsize)
    full = -1 if dataset.get("PixelRepresentation") else 2**bits - 1
    return (full - values.astype(np.int64)).astype(values.dtype)


def _native(dataset: Dataset) -> np.ndarray:
    """Uncompressed pixels without the bits in which old files keep overlays, wherever the stored bits lie (PS3.5 8.1.1)."""
    allocated, stored, high = (int(dataset.get(name) or 0) for name in ("BitsAllocated", "BitsStored", "HighBit"))
    if not 0 < stored < allocated or not stored - 1 <= high < allocated or int(dataset.SamplesPerPixel) != 1:
        return dataset.pixel_array
    dataset.BitsStored, dataset.HighBit = allocated, allocated - 1  # pydicom 3 masks, pydicom 2 does not, none shifts
    try:
        values = dataset.pixel_array
    finally:
        dataset.BitsStored, dataset.HighBit = stored, high
    bits = (values.view(f"u{values.itemsize}") >> (high - stored + 1)) & np.array(2**stored - 1, f"u{values.itemsize}")
    if values.dtype.kind == "u":
        return bits
    sign = np.array(2 ** (stored - 1), bits.dtype)
    return ((bits ^ sign).astype(np.int64) - int(sign)).astype(values.dtype)


def _as_stored(values: np.ndarray, dataset: Dataset) -> np.ndarray:
    """What GDCM decoded, without its rescaling and its inversion of MONOCHROME1."""
    group = dataset
    for name in ("SharedFunctionalGroupsSequence", "PixelValueTransformationSequence"):
        group = first(group, name) or Dataset()
    slope, intercept = (
        float(dataset.get(name) or group.get(name) or default) for name, default in (("RescaleSlope", 1), ("RescaleIntercept", 0))
    )
    if (slope, intercept) != (1, 0):
        kind = "i" if dataset.get("PixelRepresentation") else "u"
        values = np.rint((values - intercept) / slope).astype(f"{kind}{max(int(dataset.BitsAllocated) // 8, 1)}")
    return inverted(values, dataset) if dataset.get("PhotometricInterpretation") == "MONOCHROME1" else values


def _check_fragments(dataset: Dataset, shape: tuple[int, int, int]) -> None:
    """Raise ValueError unless the compressed data are a whole chain of items, as many as frames, of believable sizes."""
    lengths = fragments(dataset.PixelData)[1:]  # the first item is the table of offsets
    decoded = np.prod(np.array(shape, float)) * int(dataset.SamplesPerPixel) * int(dataset.BitsAllocated) / 8
    if len(lengths) < shape[0] or decoded > _SMALL_BYTES + _LARGEST_RATIO * sum(size for _, size in lengths):
        raise ValueError("fragments do not fit the header")
    _check_ends([dataset.PixelData[at : at + size] for at, size in lengths], shape[0])
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


def _check_ends(items: list[bytes], frames: int) -> None:
    """Raise ValueError if a frame of JPEG, JPEG-LS or JPEG 2000 ends before its end mark: decoders fill the rest with rubbish."""
    starts = [n for n, item in enumerate(items) if item.startswith(_JPEG_STARTS)]
    if not starts:
        return
    if len(starts) != frames or starts[0] != 0:
        raise ValueError("fragments do not begin as frames do")
    for last in [*(n - 1 for n in starts[1:]), len(items) - 1]:
        if _JPEG_END not in items[last][-_LONGEST_PADDING:]:
            raise ValueError("a frame is cut off")


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
