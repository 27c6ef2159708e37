"""Image files read with suspicion: a damaged, truncated or foreign file ends in a message, never in a wrong volume.

ITK fills truncated NIfTI, VTK and GIPL files with zeros or rubbish without a word, and believes any size that a header states;
so the sizes are compared with the file and with the memory before the voxels are read.
"""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from .errors import InputError, OutOfMemory, OutputError
from .process_usage import available_memory_gb

_GIPL_HEADER_BYTES = 256
_ADVICE = "It may be damaged, incomplete, or no image: open it in a viewer, or export it again as NRRD."


def read_image_file(path: str | Path, role: str, too_large: str) -> sitk.Image:
    """Read a file of any format that ITK knows.

    Args:
        path: the file, which exists.
        role: what the image is for ("fixed volume", "OCT scan"); stands in the messages.
        too_large: what a user can do if the image is larger than the memory, a sentence without period.

    Returns the image as stored: any dimension and pixel type.

    Raises:
        InputError: empty, not readable, shorter than its header says.
        OutOfMemory: the header announces more voxels than memory can hold.
    """
    path = Path(path)
    if path.stat().st_size == 0:
        raise InputError(f"The {role} {path.name} is an empty file.")
    if _head(path, 4) in (b"\x1c\x02\0\0", b"\0\0\x02\x1c"):
        raise InputError(f"The {role} {path.name} is a NIfTI-2 file, which ITK cannot read: save it as NIfTI-1 or NRRD.")
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        _check_length(path, role, reader)
        _check_memory(path, role, reader, too_large)
        return reader.Execute()
    except RuntimeError as error:
        raise InputError(f"Cannot read the {role} {path.name}: {_reason(path, error)}. {_ADVICE}") from error
    except MemoryError as error:
        raise OutOfMemory(f"The {role} {path.name} does not fit into memory.") from error


def _check_memory(path: Path, role: str, reader: sitk.ImageFileReader, too_large: str) -> None:
    needed = np.prod(np.array(reader.GetSize(), float)) * reader.GetNumberOfComponents() * _bytes_per_value(reader) / 1024**3
    available = available_memory_gb()
    if needed > 0.8 * available:
        raise OutOfMemory(
            f"The {role} {path.name} states a size of {'x'.join(map(str, reader.GetSize()))} voxels ({needed:.1f} GB); "
            f"{available:.1f} GB of memory are free. If the volume is really that large, {too_large}."
        )


def _check_length(path: Path, role: str, reader: sitk.ImageFileReader) -> None:
    """Raise unless the file holds as many bytes as its header announces, for the formats where ITK does not check."""
    io = sitk.ImageFileReader.GetImageIOFromFileName(str(path))
    values = int(np.prod(np.array(reader.GetSize(), dtype=object))) * reader.GetNumberOfComponents() * _bytes_per_value(reader)
    if io == "NiftiImageIO":
        data, needed = _nifti_data(path)
    elif io == "GiplImageIO":
        data, needed = path, _GIPL_HEADER_BYTES + values
    elif io == "VTKImageIO" and (header := re.search(rb"\nBINARY\s.*\nLOOKUP_TABLE[^\n]*\n", _head(path, 4096), re.DOTALL)):
        data, needed = path, header.end() + values
    elif io == "NrrdImageIO":
        return _check_detached(path, role, values)
    else:
        return None
    if not data.exists():
        raise InputError(f"The {role} {path.name} needs the file {data.name} beside it.")
    found = _unpacked_size(data, needed)
    if found < needed:
        raise InputError(
            f"The {role} {data.name} is truncated: its header announces {needed} bytes, it holds {found}. Copy it again."
        )
    return None


def _check_detached(header: Path, role: str, needed: int) -> None:
    """Refuse an NRRD header whose data file holds more than the voxels though nothing is to be skipped: another format."""
    fields = _head(header, 4096)
    name = re.search(rb"\ndata ?file:\s*(\S[^\r\n]*)", fields, re.IGNORECASE)
    if not name or re.search(rb"\n(byte|line) ?skip:", fields) or not re.search(rb"\nencoding:\s*(raw|gz)", fields):
        return
    data = header.parent / name[1].decode("utf-8", "replace")
    if data.is_file() and (found := _unpacked_size(data, needed)) > needed:
        raise InputError(
            f"The {role} {header.name} announces {needed} bytes of voxels in {data.name}, which holds {found}: this seems to be "
            "a file of another format. Open that file instead."
        )


def _nifti_data(path: Path) -> tuple[Path, int]:
    """File with the voxels of a NIfTI-1 image, and the bytes that it must hold."""
    head = _head(path, 352)
    order = "<" if struct.unpack_from("<i", head)[0] == 348 else ">"
    dims = struct.unpack_from(f"{order}8h", head, 40)
    bits = struct.unpack_from(f"{order}h", head, 72)[0]
    offset = int(struct.unpack_from(f"{order}f", head, 108)[0])
    needed = offset + int(np.prod(np.array(dims[1 : dims[0] + 1], dtype=object))) * bits // 8
    in_one_file = head[344:347] == b"n+1"
    name = path.name if in_one_file else path.name.replace(".hdr", ".img")
    return path.with_name(name), needed


def _unpacked_size(path: Path, needed: int) -> int:
    """Bytes of the file after unpacking; gzip's own note of it is believed if it equals what is needed."""
    with open(path, "rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path.stat().st_size
        file.seek(-4, 2)
        if struct.unpack("<I", file.read(4))[0] == needed % 2**32:
            return needed
    total = 0
    try:
        with gzip.open(path) as unpacked:
            while block := unpacked.read(1 << 22):
                total += len(block)
    except (EOFError, OSError, zlib.error):
        pass  # what could be unpacked is what the file holds
    return total


def write_image_file(image: sitk.Image, path: Path, compress: bool = True) -> Path:
    """Write an image with all its metadata, compressed fast. Returns the path.

    Raises:
        OutputError: it cannot be written completely (full disk, no permission).
    """
    try:
        sitk.WriteImage(image, str(path), useCompression=compress, compressionLevel=1)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise OutputError(
            f"Cannot write {path.name}: {lines[-1].rstrip('.')}. Free some space, or choose a folder that you may write to."
        ) from error
    return path


def _head(path: Path, count: int) -> bytes:
    with open(path, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else open(path, "rb") as file:
            return file.read(count)
    except (EOFError, OSError, zlib.error):
        return b""


def _bytes_per_value(reader: sitk.ImageFileReader) -> int:
    name = sitk.GetPixelIDValueAsString(reader.GetPixelID())
    return next((bits // 8 for bits in (64, 32, 16, 8) if f"{bits}-bit" in name), 8)


def _reason(path: Path, error: Exception) -> str:
    """The last telling line of ITK's message, without source files, addresses and paths."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    line = lines[-1] if lines else type(error).__name__
    for opening in ("sitk::ERROR: ", "Reason: "):
        line = line.removeprefix(opening)
    if line.startswith("ITK ERROR:"):
        line = line.split("): ", 1)[-1]
    if line.startswith("No such file"):  # what MetaIO says when the voxels end too early
        line = "the file ends before its last voxel"
    return line.replace(str(path), path.name).replace('"', "").rstrip(". ")
