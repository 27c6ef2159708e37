"""Images on disk, as 3D Slicer and ITK expect them."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.errors import OutputError


def write_image(image: sitk.Image, path: Path, compress: bool = True) -> None:
    """Write an image, with fast compression.

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


def write_field(field: sitk.Image, path: Path) -> None:
    """Write a displacement field (LPS mm, maps points of its own grid to the other image) as NRRD that Slicer reads as such.

    The header says `displacement field type = resampling`: the transform takes points from the image's space to where the other
    image is sampled.

    Raises:
        OutputError: see `write_image`.
    """
    field = sitk.Image(field)
    field.SetMetaData("displacement field type", "resampling")
    write_image(field, path, compress=False)
