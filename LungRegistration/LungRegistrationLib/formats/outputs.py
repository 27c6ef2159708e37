"""The files of a result: images and fields as 3D Slicer and ITK expect them, without anything about the patient."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.errors import OutputError
from CorrespondCoreLib.provenance import without_identifiers


def write_image(image: sitk.Image, path: Path, compress: bool = True) -> Path:
    """Write an image without its metadata, with fast compression. Returns the path.

    Raises:
        OutputError: it cannot be written completely (full disk, no permission).
    """
    return _write(without_identifiers(image), path, compress)


def write_field(field: sitk.Image, path: Path) -> Path:
    """Write a displacement field (LPS mm) as NRRD that Slicer reads as a grid transform.

    The header says `displacement field type = resampling`: points of the field's own space are taken to where the other image is
    sampled; placed under it in Slicer, the other image lands on the field's own.

    Raises:
        OutputError: see `write_image`.
    """
    field = without_identifiers(field)
    field.SetMetaData("displacement field type", "resampling")
    return _write(field, path, compress=False)


def _write(image: sitk.Image, path: Path, compress: bool) -> Path:
    try:
        sitk.WriteImage(image, str(path), useCompression=compress, compressionLevel=1)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise OutputError(
            f"Cannot write {path.name}: {lines[-1].rstrip('.')}. Free some space, or choose a folder that you may write to."
        ) from error
    return path
