"""Displacement fields as images: read them at points, warp an image with them, their Jacobian determinant.

A field is an ITK vector image in LPS mm that maps fixed points to moving points: warped(x) = moving(x + u(x)).
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.errors import InputError

SLAB_VOXELS = 4_000_000  # work on large grids goes in slabs of about this many voxels


def voxel_to_lps(image: sitk.Image) -> np.ndarray:
    """The 3x3 matrix direction * spacing: its columns are the steps (LPS mm) of one voxel along i, j, k."""
    return np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())


def check_field(field: sitk.Image) -> None:
    """Raise InputError unless `field` is a 3D image of 3-vectors."""
    if field.GetDimension() != 3 or field.GetNumberOfComponentsPerPixel() != 3:
        raise InputError("This is not a displacement field: a 3D image with three components (LPS mm) per voxel is needed.")


def displacement_at(field: sitk.Image, points_mm: np.ndarray) -> np.ndarray:
    """Displacement (N, 3) in LPS mm at points (N, 3) in LPS mm; trilinear, the nearest value outside the field's grid."""
    check_field(field)
    values = sitk.GetArrayViewFromImage(field)
    points = np.atleast_2d(np.asarray(points_mm, float))
    index_xyz = (points - np.asarray(field.GetOrigin())) @ np.linalg.inv(voxel_to_lps(field)).T
    coordinates = index_xyz.T[::-1]
    return np.stack([ndimage.map_coordinates(values[..., c], coordinates, order=1, mode="nearest") for c in range(3)], axis=1)


def transform_points(field: sitk.Image, points_mm: np.ndarray) -> np.ndarray:
    """Where the field takes points: x + u(x), (N, 3) LPS mm."""
    return np.asarray(points_mm, float) + displacement_at(field, points_mm)


def field_transform(field: sitk.Image) -> sitk.DisplacementFieldTransform:
    """The field as a SimpleITK transform (a copy in 64 bit: the field itself is left as it is)."""
    check_field(field)
    return sitk.DisplacementFieldTransform(sitk.Cast(field, sitk.sitkVectorFloat64))


def warp_image(
    moving: sitk.Image, field: sitk.Image, reference: sitk.Image, default: float = -1000.0, interpolator: int = sitk.sitkLinear
) -> sitk.Image:
    """The moving image seen on the grid of `reference`; `default` where the moving image has no values."""
    return sitk.Resample(moving, reference, field_transform(field), interpolator, float(default), moving.GetPixelID())


def resample_field(field: sitk.Image, reference: sitk.Image) -> sitk.Image:
    """The field on the voxels of another grid (float32), trilinear, the nearest value outside."""
    check_field(field)
    size = reference.GetSize()
    out = np.empty((size[2], size[1], size[0], 3), np.float32)
    for first, last in _slabs(size):
        out[first:last] = _on_slab(field, reference, first, last)
    image = sitk.GetImageFromArray(out, isVector=True)
    image.CopyInformation(reference)
    return image


def jacobian_determinant(field: sitk.Image, reference: sitk.Image | None = None) -> sitk.Image:
    """det J of x -> x + u(x) by central differences (one-sided at the border), float32.

    Args:
        field: displacement field, LPS mm; any grid, also oblique or left-handed.
        reference: grid on which the field is read and differentiated; the field's own by default.

    Returns:
        Scalar image on that grid: 1 = volume kept, below 1 = smaller in the moving image, <= 0 = folded.

    Raises:
        InputError: the grid has an axis with a single voxel, along which nothing can be differentiated.
    """
    check_field(field)
    grid = field if reference is None else reference
    size = grid.GetSize()
    if min(size) < 2:
        raise InputError(
            f"A Jacobian needs at least two voxels along every axis; this grid has {size[0]} x {size[1]} x {size[2]}."
        )
    lps_to_voxel = np.linalg.inv(voxel_to_lps(grid)).astype(np.float32)
    out = np.empty(size[::-1], np.float32)
    own = sitk.GetArrayViewFromImage(field) if reference is None else None
    for first, last in _slabs(size):
        low, high = max(first - 1, 0), min(last + 1, size[2])
        if high - low < 2:
            low = max(low - 1, 0)
        u = own[low:high] if own is not None else _on_slab(field, grid, low, high)
        out[first:last] = _determinant(np.asarray(u, np.float32), lps_to_voxel)[first - low : last - low]
    image = sitk.GetImageFromArray(out)
    image.CopyInformation(grid)
    return image


def _determinant(u: np.ndarray, lps_to_voxel: np.ndarray) -> np.ndarray:
    """det(I + du/dx) of an array (z, y, x, 3); slopes along the voxel axes are turned to LPS by the grid's inverse matrix."""
    along_kji = [np.gradient(u, axis=axis) for axis in (2, 1, 0)]  # d/di, d/dj, d/dk
    j = [
        [sum(along_kji[a][..., row] * lps_to_voxel[a, column] for a in range(3)) + (row == column) for column in range(3)]
        for row in range(3)
    ]
    return (
        j[0][0] * (j[1][1] * j[2][2] - j[1][2] * j[2][1])
        - j[0][1] * (j[1][0] * j[2][2] - j[1][2] * j[2][0])
        + j[0][2] * (j[1][0] * j[2][1] - j[1][1] * j[2][0])
    )


def _slabs(size: tuple[int, ...]) -> list[tuple[int, int]]:
    depth = max(1, SLAB_VOXELS // (size[0] * size[1]))
    return [(first, min(first + depth, size[2])) for first in range(0, size[2], depth)]


def _on_slab(field: sitk.Image, grid: sitk.Image, first: int, last: int) -> np.ndarray:
    """The field on slices first..last of a grid, (z, y, x, 3) float32; the nearest value outside the field."""
    size = (grid.GetSize()[0], grid.GetSize()[1], last - first)
    resample = sitk.ResampleImageFilter()
    resample.SetSize(size)
    resample.SetOutputOrigin(grid.TransformIndexToPhysicalPoint((0, 0, first)))
    resample.SetOutputSpacing(grid.GetSpacing())
    resample.SetOutputDirection(grid.GetDirection())
    resample.SetInterpolator(sitk.sitkLinear)
    resample.UseNearestNeighborExtrapolatorOn()
    return sitk.GetArrayFromImage(resample.Execute(field))
