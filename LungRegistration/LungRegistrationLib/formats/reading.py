"""Images of lungs from files and folders: any ITK image, a DICOM series; a picture without voxel size is refused."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.dicom_mark import is_dicom
from CorrespondCoreLib.dicom_series import read_series
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file

_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif"}


def read_image(path: str | Path, role: str) -> sitk.Image:
    """Read any image file that ITK knows, a DICOM folder, or one file of a DICOM series.

    Args:
        path: file or folder.
        role: what the image is for ("fixed volume", "moving mask"); stands in the messages.

    Returns the image as stored: any dimension and pixel type.

    Raises:
        InputError: not there, not readable, shorter than its header says.
        OutOfMemory: the header announces more voxels than memory can hold.
    """
    path = Path(path)
    if not path.exists():
        raise InputError(f"The {role} {path} does not exist.")
    if path.is_dir():
        return read_series(path, role)
    if path.stat().st_size == 0:
        raise InputError(f"The {role} {path.name} is an empty file.")
    if path.suffix.lower() in _PICTURES:
        raise InputError(
            f"The {role} {path.name} is a picture file without position and voxel size in mm: use NRRD, NIfTI, MHA or DICOM."
        )
    if is_dicom(path):
        return read_series(path, role)
    return read_image_file(path, role, "crop it to the lungs first")
