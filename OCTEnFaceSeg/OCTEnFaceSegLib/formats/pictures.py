"""Picture files: TIFF and PNG stacks of B-scans, single pictures, multi-page TIFF. They know no millimeters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.picture_files import SUFFIXES, pictures_in, read_picture
from CorrespondCoreLib.progress import Progress

from ..scan import LINE, RASTER, OctScan
from .fundus import gray
from .itk_image import in_scan_frame
from .options import ASSUMED_SPACING_MM, ReadOptions

NO_SCALE = "The file states no voxel size: lengths and areas in mm are unknown until you give it (spacing_mm)."


def read_stack(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read B-scans from pictures: a folder with a picture per B-scan, in the order of the numbers in their names, or one file.

    Args:
        path: a folder, a multi-page TIFF, or a single picture.
        options: `spacing_mm` makes the scan metric.

    Raises:
        InputError: no pictures, of different sizes, colored, or not readable.
    """
    path, options = Path(path), options or ReadOptions()
    files = pictures_in(path) if path.is_dir() else [path]
    if not files:
        raise InputError(f"The folder {path.name} holds no pictures ({', '.join(SUFFIXES)}).")
    if len({file.suffix.lower() for file in files}) > 1:
        kinds = ", ".join(sorted({file.suffix.lower() for file in files}))
        raise InputError(f"The folder {path.name} holds pictures of several kinds ({kinds}). Leave only the B-scans in it.")
    bscans: list[np.ndarray] = []
    with (progress or Progress()).stage("Reading", 1.0) as step:
        for n, file in enumerate(files):
            picture = without_color(read_picture(file), file.name)
            pages = picture if picture.ndim == 3 else picture[None]
            if bscans and pages.shape[1:] != bscans[0].shape:
                raise InputError(
                    f"{file.name} has {_size(pages[0])} pixels, {files[0].name} {_size(bscans[0])}: all B-scans need the same "
                    "size. Move other pictures (fundus, reports) out of the folder."
                )
            bscans.extend(pages)
            step((n + 1) / len(files))
    image = sitk.GetImageFromArray(np.stack(bscans))
    image.SetSpacing(ASSUMED_SPACING_MM)
    volume, notes = in_scan_frame(image, options, stated=False)
    pattern = LINE if volume.GetSize()[2] == 1 else RASTER
    return OctScan(volume, metric=False, pattern=pattern, source="pictures", notes=[NO_SCALE, *notes])


def without_color(picture: np.ndarray, name: str) -> np.ndarray:
    """Gray pictures that are stored as color, as one channel.

    Raises:
        InputError: it has true colors, as a report or a color-coded B-scan has.
    """
    if picture.shape[-1] not in (2, 3, 4) or picture.ndim < 3:
        return picture
    if picture.shape[-1] >= 3 and not (
        np.array_equal(picture[..., 0], picture[..., 1]) and np.array_equal(picture[..., 0], picture[..., 2])
    ):
        raise InputError(f"{name} is a colored picture: B-scans are gray. Export the scan without colors and overlays.")
    return gray(picture)


def _size(picture: np.ndarray) -> str:
    return f"{picture.shape[1]} x {picture.shape[0]}"
