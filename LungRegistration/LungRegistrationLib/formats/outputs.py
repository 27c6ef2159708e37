"""The files of a result: images and fields as 3D Slicer and ITK expect them, without anything about the patient."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.image_files import write_image_file
from CorrespondCoreLib.provenance import without_identifiers


def write_image(image: sitk.Image, path: Path, compress: bool = True) -> Path:
    """Write an image without its metadata, with fast compression. Returns the path.

    Raises:
        OutputError: it cannot be written completely (full disk, no permission).
    """
    return write_image_file(without_identifiers(image), path, compress)


def write_field(field: sitk.Image, path: Path) -> Path:
    """Write a displacement field (LPS mm) as NRRD that Slicer reads as a grid transform.

    The header says `displacement field type = resampling`: points of the field's own space are taken to where the other image is
    sampled; placed under it in Slicer, the other image lands on the field's own.

    Raises:
        OutputError: see `write_image`.
    """
    field = without_identifiers(field)
    field.SetMetaData("displacement field type", "resampling")
    return write_image_file(field, path, compress=False)
