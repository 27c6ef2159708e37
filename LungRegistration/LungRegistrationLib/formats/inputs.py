"""What may enter a registration: two overlapping, finite, three-dimensional CT volumes, and masks that fit them."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..geometry.displacement import check_field
from .reading import read_image

MINIMUM_SIZE = 8  # voxels along each axis; below, no neighborhood of MIND or LNCC fits
_EXACT_TYPES = (sitk.sitkInt16, sitk.sitkFloat32)


def read_volume(path: str | Path, role: str) -> sitk.Image:
    """Read and check a CT volume.

    Args:
        path: any ITK image file, a DICOM folder, or one file of a DICOM series.
        role: "fixed" or "moving", for the messages.

    Returns a 3D scalar volume, int16 or float32.

    Raises:
        InputError: not readable, or refused by `check_volume`.
    """
    return check_volume(read_image(path, f"{role} volume"), f"{role} volume")


def check_volume(image: sitk.Image, role: str) -> sitk.Image:
    """The volume as int16 or float32 (a 4D image of one time point becomes 3D).

    Raises:
        InputError: 2D or 4D, color, complex, empty, thinner than `MINIMUM_SIZE` voxels, not finite, or constant.
    """
    image = _three_dimensional(image, role)
    if min(image.GetSize()) < MINIMUM_SIZE:
        size = "x".join(map(str, image.GetSize()))
        raise InputError(
            f"The {role} has {size} voxels; each axis needs at least {MINIMUM_SIZE}. A single slice cannot be registered: "
            "give the whole series."
        )
    if image.GetPixelID() not in _EXACT_TYPES:
        image = sitk.Cast(image, sitk.sitkFloat32)
    values = sitk.GetArrayViewFromImage(image)
    if image.GetPixelID() == sitk.sitkFloat32 and not np.isfinite(values.sum(dtype=np.float64)):
        count = int((~np.isfinite(values)).sum())
        if count:
            raise InputError(
                f"The {role} has {count} voxels that are not numbers (NaN or infinite): set them to -1024 HU (air) and try again."
            )
    if values.min() == values.max():
        raise InputError(f"The {role} is constant (every voxel is {values.min()}): there is nothing to register.")
    return image


def check_pair(
    fixed: sitk.Image, moving: sitk.Image, progress: Progress, initial_transform: sitk.Transform | None = None
) -> None:
    """Refuse a volume paired with itself and volumes apart from each other; warn of intensities that cannot be HU.

    Args:
        initial_transform: maps fixed points to moving points.

    Raises:
        InputError
    """
    if _same_grid(fixed, moving) and np.array_equal(sitk.GetArrayViewFromImage(fixed), sitk.GetArrayViewFromImage(moving)):
        raise InputError("Fixed and moving volume are the same: choose two scans, for example inspiration and expiration.")
    low_fixed, high_fixed = bounds_mm(fixed, initial_transform)
    low_moving, high_moving = bounds_mm(moving)
    gap = float(np.maximum(low_fixed - high_moving, low_moving - high_fixed).max())
    if gap > 0:
        raise InputError(
            f"The two volumes do not overlap: {gap:.0f} mm lie between them. Give an initial transform that joins them, "
            "or check the origins in their headers."
        )
    for image, role in ((fixed, "fixed"), (moving, "moving")):
        some = sitk.GetArrayViewFromImage(image)[::4, ::4, ::4]
        darkest = float(np.percentile(some, 2))
        if darkest > -400:
            shifted = some.min() >= 0 and (some > 600).any() and 900 < np.median(some[some > 600]) < 1300
            remedy = " It seems to hold HU + 1024: subtract 1024 from it." if shifted else ""
            progress.warning(
                f"The {role} volume does not look like a chest CT in HU (its dark voxels have {darkest:.0f}, lung about -850): "
                f"lung masks, ventilation from HU and tissue mass may be wrong.{remedy}"
            )


def read_mask(path: str | Path, image: sitk.Image, role: str, progress: Progress | None = None) -> sitk.Image:
    """Read a mask (nonzero = inside) and bring it to the grid of its image; see `fit_labels`. Returns uint8 0/1."""
    labels = read_labels(path, image, f"{role} mask", progress)
    return sitk.Cast(labels != 0, sitk.sitkUInt8)


def read_labels(path: str | Path, image: sitk.Image, role: str, progress: Progress | None = None) -> sitk.Image:
    """Read a label map (lobes, segments) and bring it to the grid of its image; see `fit_labels`."""
    return fit_labels(read_image(path, role), image, role, progress or Progress())


def fit_labels(labels: sitk.Image, image: sitk.Image, role: str, progress: Progress) -> sitk.Image:
    """A label map on the grid of its image, as uint16; resampled (nearest neighbor) with a warning if its grid differs.

    Raises:
        InputError: not a 3D scalar image, empty, or nothing of it lies inside of the image.
    """
    labels = _three_dimensional(labels, role)
    values = sitk.GetArrayViewFromImage(labels)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() > 65535:
        raise InputError(f"The {role} must have whole numbers from 0 (outside) to 65535: it seems to be an intensity image.")
    if not values.any():
        raise InputError(f"The {role} is empty: no voxel is marked.")
    labels = sitk.Cast(labels, sitk.sitkUInt16)
    if _same_grid(labels, image):
        return labels
    marked_mm3 = np.count_nonzero(values) * np.prod(labels.GetSpacing())
    fitted = sitk.Resample(labels, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt16)
    kept = np.count_nonzero(sitk.GetArrayViewFromImage(fitted)) * np.prod(fitted.GetSpacing()) / marked_mm3
    if kept < 0.01:
        raise InputError(f"The {role} does not overlap with its volume: it belongs to another scan, or its origin is wrong.")
    progress.warning(f"The {role} has another grid than its volume and was resampled; {min(kept, 1.0):.0%} of it lies inside.")
    return fitted


def bounds_mm(image: sitk.Image, transform: sitk.Transform | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest LPS coordinates (mm) of the image's voxel centers, after an optional transform of any kind."""
    places = itertools.product(*(np.linspace(0, size - 1, 5).tolist() for size in image.GetSize()))
    points = [image.TransformContinuousIndexToPhysicalPoint(place) for place in places]
    if transform is not None:
        points = [transform.TransformPoint(point) for point in points]
    return np.min(points, axis=0), np.max(points, axis=0)


def read_transform(path: str | Path) -> sitk.Transform:
    """Read a transform (.h5, .tfm, .txt of ITK), which maps fixed points to moving points.

    Raises:
        InputError: not readable, not three-dimensional.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"The transform {path} does not exist.")
    try:
        transform = sitk.ReadTransform(str(path))
    except RuntimeError as error:
        raise InputError(f"Cannot read the transform {path.name}: save it as an ITK transform (.h5 or .tfm).") from error
    if transform.GetDimension() != 3:
        raise InputError(f"The transform {path.name} is not three-dimensional.")
    return transform


def _three_dimensional(image: sitk.Image, role: str) -> sitk.Image:
    if image.GetNumberOfPixels() == 0:
        raise InputError(f"The {role} is empty: it has no voxels.")
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() != 3:
        hint = "extract one time point" if image.GetDimension() == 4 else "give the whole series"
        raise InputError(f"The {role} is {image.GetDimension()}D; a 3D volume is needed: {hint}.")
    if image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            f"The {role} has {image.GetNumberOfComponentsPerPixel()} values per voxel (color, or a field): a scalar volume is "
            "needed."
        )
    if "complex" in image.GetPixelIDTypeAsString():
        raise InputError(f"The {role} has complex values: a CT volume is needed.")
    return image


def _same_grid(a: sitk.Image, b: sitk.Image) -> bool:
    tolerance = 1e-3 * min(b.GetSpacing())
    return (
        a.GetSize() == b.GetSize()
        and np.allclose(a.GetSpacing(), b.GetSpacing(), atol=1e-4 * min(b.GetSpacing()))
        and np.allclose(a.GetOrigin(), b.GetOrigin(), atol=tolerance)
        and np.allclose(a.GetDirection(), b.GetDirection(), atol=1e-4)
    )


def read_field(path: str | Path, reference: sitk.Image) -> sitk.Image:
    """Read a displacement field, or an ITK transform, which is then sampled on the reference's grid; LPS mm, float32 vectors.

    Raises:
        InputError: neither a field nor a transform.
    """
    path = Path(path)
    if path.suffix.lower() in (".h5", ".tfm", ".txt", ".mat", ".hdf5"):
        transform = read_transform(path)
        return sitk.Cast(
            sitk.TransformToDisplacementField(
                transform,
                sitk.sitkVectorFloat64,
                reference.GetSize(),
                reference.GetOrigin(),
                reference.GetSpacing(),
                reference.GetDirection(),
            ),
            sitk.sitkVectorFloat32,
        )
    field = read_image(path, "displacement field")
    check_field(field)
    values = sitk.GetArrayViewFromImage(field)
    if not np.isfinite(values).all():
        raise InputError(f"The displacement field {path.name} has values that are not numbers.")
    return sitk.Cast(field, sitk.sitkVectorFloat32)
