"""Runs without DICOM: pictures, and images of any format that ITK reads. They know neither angles nor distances."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file
from CorrespondCoreLib.picture_files import SUFFIXES, pictures_in, read_picture
from CorrespondCoreLib.progress import Progress

from ..carm import CArm
from ..fluoroscopy import FluoroscopyRun
from .gray import one_channel
from .timing import UNTIMED

NO_GEOMETRY = "The file knows no angles, distances and pixel spacing: enter them before a model is projected."
_SPACING = "the image's own spacing, if that is the one at the detector, as in images that Slicer made from XA files"


def read_pictures(path: Path, plane: str = "", progress: Progress | None = None) -> FluoroscopyRun:
    """Read a folder with a picture per frame, in the order of the numbers in their names, a multi-page TIFF, or one picture.

    Raises:
        InputError: no pictures, of several sizes, colored, truncated, or not readable.
    """
    _refuse_plane(path, plane)
    files = pictures_in(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"The folder {path.name} holds no pictures ({', '.join(SUFFIXES)}).")
    frames: list[np.ndarray] = []
    notes: list[str] = []
    with (progress or Progress()).stage("Reading", 1.0) as step:
        for n, file in enumerate(files):
            told: list[str] = []
            picture = read_picture(file)
            colored = picture.ndim == 4 or (picture.ndim == 3 and picture.shape[-1] in (2, 3, 4) and picture.shape[0] > 4)
            picture = one_channel(picture, file.name, told) if colored else picture
            pages = picture if picture.ndim == 3 else picture[None]
            if frames and pages.shape[1:] != frames[0].shape:
                raise InputError(
                    f"{file.name} has {pages.shape[2]} x {pages.shape[1]} pixels, {files[0].name} {frames[0].shape[1]} x "
                    f"{frames[0].shape[0]}: all frames need the same size. Move other pictures out of the folder."
                )
            frames.extend(pages)
            notes += [note for note in told if note not in notes]
            step((n + 1) / len(files))
    return _run(np.stack(frames), None, "pictures", notes)


def read_itk(path: Path, plane: str = "", progress: Progress | None = None) -> FluoroscopyRun:
    """Read an image of (columns, rows, frames), a single frame, or a sequence of frames that Slicer saved (.seq.nrrd).

    Raises:
        InputError: not readable, of other dimensions, colored, complex, or with pixels that are no numbers.
        OutOfMemory: larger than the memory.
    """
    _refuse_plane(path, plane)
    notes: list[str] = []
    with (progress or Progress()).stage("Reading", 1.0):
        image = read_image_file(path, "fluoroscopy run", "crop it or reduce its bits")
        if image.GetNumberOfPixels() == 0:
            raise InputError(f"{path.name} is empty: it has no pixels.")
        if "complex" in image.GetPixelIDTypeAsString():
            raise InputError(f"{path.name} has complex values: gray frames are needed.")
        frames = _frames(image, path, notes)
        if frames.dtype.kind == "f" and not np.isfinite(frames).all():
            count = int((~np.isfinite(frames)).sum())
            raise InputError(f"{path.name} has {count} pixels that are no numbers (NaN or infinite): set them to 0.")
    return _run(frames, image.GetSpacing()[:2], "ITK image", notes)


def _frames(image: sitk.Image, path: Path, notes: list[str]) -> np.ndarray:
    """(frames, rows, columns) of an image."""
    values, components = sitk.GetArrayFromImage(image), image.GetNumberOfComponentsPerPixel()
    if components > 1:
        if image.GetDimension() == 3 and image.GetDepth() == 1 and (components > 4 or _list_of_volumes(path)):
            return np.ascontiguousarray(np.moveaxis(values[0], -1, 0))  # Slicer keeps the items of a sequence as components
        values = one_channel(values, path.name, notes)
    if values.ndim == 2:
        values = values[None]
    if values.ndim == 4 and 1 in values.shape[:2]:
        values = values.reshape(-1, *values.shape[2:])
    if values.ndim != 3:
        raise InputError(
            f"{path.name} has {image.GetDimension()} dimensions; a run has columns, rows and frames. Save one run as such."
        )
    return values


def _list_of_volumes(path: Path) -> bool:
    """True if an NRRD header says that one of its axes counts items, not colors."""
    with open(path, "rb") as file:
        header = file.read(4096).split(b"\n\n")[0].lower()
    return any(line.startswith(b"kinds:") and b"list" in line for line in header.splitlines())


def _run(frames: np.ndarray, spacing_mm: tuple[float, float] | None, source: str, notes: list[str]) -> FluoroscopyRun:
    carm = CArm(size=(frames.shape[2], frames.shape[1]))
    notes.append(NO_GEOMETRY)
    if len(frames) > 1:
        notes.append(UNTIMED)
    suggestions: dict[str, tuple[object, str]] = {}
    if spacing_mm is not None and tuple(spacing_mm) != (1.0, 1.0):
        suggestions["pixel_spacing_mm"] = (tuple(float(value) for value in spacing_mm), _SPACING)
    times = np.arange(len(frames), dtype=float)
    return FluoroscopyRun(frames, [carm] * len(frames), times, len(frames) == 1, suggestions, source=source, notes=notes)


def _refuse_plane(path: Path, plane: str) -> None:
    if plane:
        raise InputError(f"{path.name} is no biplane run: it has no plane {plane}.")
