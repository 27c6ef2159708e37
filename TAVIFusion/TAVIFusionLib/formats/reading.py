"""The door: any file or folder with fluoroscopy -> FluoroscopyRun. The content decides on the reader, not the name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.picture_files import SUFFIXES, pictures_in
from CorrespondCoreLib.progress import Progress

from ..fluoroscopy import FluoroscopyRun
from .signatures import DICOM, HEAD_BYTES, PICTURE, VIDEO, signature
from .stacks import read_itk, read_pictures
from .xa import read_xa
from .xa_files import runs_of

_Reader = Callable[[Path, str, Progress | None], FluoroscopyRun]
PLANES = ("", "A", "B")


def read_run(path: str | Path, plane: str = "", progress: Progress | None = None) -> FluoroscopyRun:
    """Read a run: DICOM XA, XRF, Enhanced XA or XRF, secondary capture (also a folder of single frames), pictures, an ITK image.

        run = read_run("cine.dcm")
        run.geometry[0].missing, run.suggestions, run.notes

    What the file does not tell is None in the geometry. Nothing that identifies a patient is kept.

    Args:
        path: file or folder.
        plane: "A" or "B" of a biplane run; "" for the file's own plane, or the first of a folder.

    Raises:
        InputError: not there, not readable, no fluoroscopy; the message says why and what to do.
        OutOfMemory: larger than the memory.
    """
    path = Path(path).expanduser()
    if plane not in PLANES:
        raise InputError(f"A biplane run has the planes A and B, not {plane}.")
    if not path.exists():
        raise InputError(f"The fluoroscopy run {path} does not exist.")
    try:
        return _reader(path)(path, plane, progress)
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def planes_of(path: str | Path) -> list[str]:
    """Planes that `read_run` gives from a file or folder: [""] of a monoplane run, ["A", "B"] of a biplane pair.

    A file of one plane counts the other one if its file lies in the same folder; its own comes first.

    Raises:
        InputError: as `read_run`, as far as headers tell.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"The fluoroscopy run {path} does not exist.")
    try:
        return [run.plane for run in runs_of(path)] if _reader(path) is read_xa else [""]
    except OSError as error:
        raise InputError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _reader(path: Path) -> _Reader:
    return _folder_reader(path) if path.is_dir() else _file_reader(path)


def _file_reader(path: Path) -> _Reader:
    head = _head(path)
    if not head:
        raise InputError(f"{path.name} is an empty file.")
    found = signature(head)
    if found == VIDEO:
        raise InputError(
            f"{path.name} is a video: frames, angles and distances cannot be had from it. Export the run as DICOM (XA), or its "
            "frames as PNG or TIFF pictures."
        )
    if found == PICTURE:
        return read_pictures
    return read_xa if found == DICOM or is_dicom(path) else read_itk


def _folder_reader(folder: Path) -> _Reader:
    """DICOM where there is any; else pictures."""
    files = [p for p in sorted(folder.iterdir()) if p.is_file() and not p.name.startswith(".") and p.stat().st_size > 132]
    if any(is_dicom(p) for p in files):
        return read_xa
    if pictures_in(folder):
        return read_pictures
    raise InputError(
        f"The folder {folder.name} holds no fluoroscopy run: neither DICOM files nor pictures ({', '.join(SUFFIXES)}). If the "
        "run is one file, choose that file."
    )


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(HEAD_BYTES)
