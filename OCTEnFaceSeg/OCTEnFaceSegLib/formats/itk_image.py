"""Volumes in any format that ITK reads (NRRD, NIfTI, MetaImage, ...): axes turned into the scan's order, spacing kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import without_identifiers

from ..scan import LINE, RASTER, OctScan
from .options import LARGEST_SPACING_MM, ReadOptions

_UNKNOWN_DIRECTION = (
    "The file does not say whether the first B-scan is the inferior one: this is assumed. If the map is upside down, read it "
    "with top_down."
)


def read_itk(path: str | Path, options: ReadOptions | None = None, progress: Progress | None = None) -> OctScan:
    """Read a volume that ITK knows; index axes (A-scan, depth, B-scan) unless the options say otherwise.

    The spacing is taken as mm if it can be that of a retinal scan; otherwise the scan is not metric.

    Raises:
        InputError: not readable, not three-dimensional, colored, complex, or with voxels that are no numbers.
        OutOfMemory: larger than the memory.
    """
    path, options = Path(path), options or ReadOptions()
    with (progress or Progress()).stage("Reading", 1.0):
        image = _scalar(read_image_file(path, "OCT scan", "crop it or reduce its bits"), path.name)
        volume, notes = in_scan_frame(without_identifiers(image), options)
    metric = all(value <= largest for value, largest in zip(volume.GetSpacing(), LARGEST_SPACING_MM, strict=True))
    if not metric and options.spacing_mm is None:
        shown = " x ".join(f"{value:g}" for value in volume.GetSpacing())
        notes.append(f"The file's spacing ({shown}) cannot be that of a retinal scan in mm: give it (spacing_mm).")
    pattern = LINE if volume.GetSize()[2] == 1 else RASTER
    return OctScan(volume, metric=metric, pattern=pattern, source="ITK image", notes=notes)


def in_scan_frame(image: sitk.Image, options: ReadOptions, stated: bool = True) -> tuple[sitk.Image, list[str]]:
    """A 3D image with its axes as `OctScan` has them, and notes for the user.

    The place of an image whose directions are already those of a scan (depth along LPS +y) is kept; any other direction in the
    file means nothing for an eye, and the volume is put at the origin.

    Args:
        stated: the image's directions come from a file, not from nowhere.
    """
    depth = options.used_depth_axis
    bscan = options.bscan_axis if options.bscan_axis is not None else max({0, 1, 2} - {depth})
    (ascan,) = {0, 1, 2} - {depth, bscan}
    image = sitk.PermuteAxes(image, (ascan, depth, bscan))
    if options.depth_up:
        image = image[:, ::-1, :]
    direction = np.array(image.GetDirection()).reshape(3, 3)
    if options.depth_up or options.top_down is not None or not (stated and _lies_as_scan(direction)):
        image.SetOrigin((0.0, 0.0, 0.0))
        image.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1 if options.top_down else 1))
        return image, [] if options.top_down is not None else [_UNKNOWN_DIRECTION]
    return image, []


def _lies_as_scan(direction: np.ndarray) -> bool:
    """True if depth runs along LPS +y and A-scans to the patient's left."""
    return bool(direction[1, 1] > 0.999 and direction[0, 0] > 0.0)


def _scalar(image: sitk.Image, name: str) -> sitk.Image:
    """The image as a 3D scalar volume of numbers."""
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    if image.GetDimension() != 3:
        raise InputError(f"{name} has {image.GetDimension()} dimensions; an OCT volume has three: extract one time point.")
    if image.GetNumberOfPixels() == 0:
        raise InputError(f"{name} is empty: it has no voxels.")
    if "complex" in image.GetPixelIDTypeAsString():
        raise InputError(f"{name} has complex values: the magnitude of the OCT signal is needed.")
    if image.GetNumberOfComponentsPerPixel() > 1:
        values = sitk.GetArrayViewFromImage(image)
        if not all(np.array_equal(values[..., 0], values[..., n]) for n in range(1, values.shape[-1])):
            raise InputError(
                f"{name} has {values.shape[-1]} different values per voxel (color, or a field): a gray volume is needed."
            )
        image = sitk.VectorIndexSelectionCast(image, 0)
    values = sitk.GetArrayViewFromImage(image)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        count = int((~np.isfinite(values)).sum())
        raise InputError(f"{name} has {count} voxels that are no numbers (NaN or infinite): set them to 0 and try again.")
    return image
