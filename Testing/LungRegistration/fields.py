"""Images and analytic displacement fields for the tests of the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import SimpleITK as sitk


def grid(
    size: Sequence[int] = (24, 20, 16),
    spacing: Sequence[float] = (2.0, 2.5, 3.0),
    origin: Sequence[float] = (-10.0, 5.0, -100.0),
    direction: Sequence[float] = (1, 0, 0, 0, 1, 0, 0, 0, 1),
) -> sitk.Image:
    """An empty image with a geometry."""
    image = sitk.Image(list(size), sitk.sitkUInt8)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(direction)
    return image


def points_of(reference: sitk.Image) -> np.ndarray:
    """Voxel centers (z, y, x, 3) in LPS mm."""
    nx, ny, nz = reference.GetSize()
    index = np.stack(np.meshgrid(np.arange(nz), np.arange(ny), np.arange(nx), indexing="ij")[::-1], axis=-1)
    matrix = np.array(reference.GetDirection()).reshape(3, 3) * np.array(reference.GetSpacing())
    return index @ matrix.T + np.array(reference.GetOrigin())


def image_of(values: np.ndarray, reference: sitk.Image) -> sitk.Image:
    """An array with the geometry of a reference; boolean arrays become uint8."""
    array = values.astype(np.uint8) if values.dtype == bool else values
    image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
    image.CopyInformation(reference)
    return image


def field_of(mapping: Callable[[np.ndarray], np.ndarray], reference: sitk.Image) -> sitk.Image:
    """The displacement field of a mapping of points (..., 3) in LPS mm, sampled on a grid."""
    points = points_of(reference)
    return image_of((mapping(points) - points).astype(np.float64), reference)


def affine_field(matrix: np.ndarray, reference: sitk.Image, translation: Sequence[float] = (0, 0, 0)) -> sitk.Image:
    """The field of x -> matrix x + translation."""
    return field_of(lambda points: points @ np.asarray(matrix, float).T + np.asarray(translation, float), reference)


def rotation(axis: int, degrees: float) -> np.ndarray:
    """Rotation matrix about a coordinate axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    a, b = [i for i in range(3) if i != axis]
    matrix = np.eye(3)
    matrix[a, a], matrix[a, b], matrix[b, a], matrix[b, b] = c, -s, s, c
    return matrix


def ball(reference: sitk.Image, center: Sequence[float], radius_mm: float) -> sitk.Image:
    """A mask of a ball."""
    return image_of(np.linalg.norm(points_of(reference) - np.array(center), axis=-1) <= radius_mm, reference)
