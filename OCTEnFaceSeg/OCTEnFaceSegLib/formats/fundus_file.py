"""A fundus image on its own: DICOM Ophthalmic Photography, or a picture (TIFF, PNG, JPEG, BMP)."""

from __future__ import annotations

from pathlib import Path

from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.picture_files import SUFFIXES, read_picture

from .dicom_photo import Photo, read_photo
from .fundus import gray


def read_fundus(path: str | Path) -> Photo:
    """Read a fundus image; of colors the green one is kept, where the retina has most contrast.

    Raises:
        InputError: not there, damaged, several pictures in one file, or another kind of file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"The fundus image {path} does not exist, or is no file.")
    if path.suffix.lower() in SUFFIXES:
        pixels = read_picture(path)
        if pixels.ndim > 3 or (pixels.ndim == 3 and pixels.shape[-1] > 4):
            raise InputError(f"{path.name} holds several pictures. Give one picture.")
        return Photo(gray(pixels), "photograph", None, "", "")
    if is_dicom(path):
        return read_photo(path)
    raise InputError(
        f"{path.name} is no fundus image: DICOM Ophthalmic Photography and pictures ({', '.join(SUFFIXES)}) are read."
    )
