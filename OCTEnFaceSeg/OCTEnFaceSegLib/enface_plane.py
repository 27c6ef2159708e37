"""The en-face plane as 2D images in mm (LPS x, LPS z): where maps, fundus images and visits meet."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from .projections import signed_distance_mm
from .scan import OctScan


def plane_image(image: sitk.Image) -> sitk.Image:
    """An image of one voxel's depth (x, 1, z) as 2D image over (LPS x, LPS z) in mm, float32, without its place in depth."""
    array = sitk.GetArrayFromImage(image)[:, 0].astype(np.float32)
    flat = sitk.GetImageFromArray(array, isVector=False)
    spacing, origin, direction = image.GetSpacing(), image.GetOrigin(), image.GetDirection()
    flat.SetSpacing((spacing[0], spacing[2]))
    flat.SetOrigin((origin[0], origin[2]))
    flat.SetDirection((direction[0], direction[2], direction[6], direction[8]))
    return flat


def plane_map(scan: OctScan, values: np.ndarray) -> sitk.Image:
    """A map (B-scans, A-scans) of a scan as such an image."""
    return plane_image(scan.enface_image(values.astype(np.float32)))


def upright_grid(image: sitk.Image, pixel_mm: float) -> sitk.Image:
    """Empty square pixels over a 2D image, as a fundus camera shows it: patient's left on the right, superior on top."""
    columns, rows = image.GetSize()
    ends = [(x, y) for x in (0.0, columns - 1.0) for y in (0.0, rows - 1.0)]
    corners = np.array([image.TransformContinuousIndexToPhysicalPoint(end) for end in ends])
    low, high = corners.min(axis=0), corners.max(axis=0)
    grid = sitk.Image([round(float(side) / pixel_mm) + 1 for side in high - low], sitk.sitkUInt8)
    grid.SetSpacing((pixel_mm, pixel_mm))
    grid.SetOrigin((float(low[0]), float(high[1])))
    grid.SetDirection((1.0, 0.0, 0.0, -1.0))
    return grid


def resampled(
    image: sitk.Image, grid: sitk.Image, transform: sitk.Transform | None = None, default: float = np.nan
) -> np.ndarray:
    """A 2D image on a grid, linear, (rows, columns) float32; outside of it the default.

    Args:
        transform: from points of the grid (mm) to points of the image (mm); none by default.
    """
    moved = sitk.Resample(
        image, grid, transform or sitk.Transform(2, sitk.sitkIdentity), sitk.sitkLinear, default, sitk.sitkFloat32
    )
    return sitk.GetArrayFromImage(moved)


def resampled_mask(scan: OctScan, mask: np.ndarray, grid: sitk.Image, transform: sitk.Transform | None = None) -> np.ndarray:
    """A mask of a scan on a grid, its outline interpolated by signed distance; outside of the scan it is empty."""
    distance = plane_map(scan, signed_distance_mm(mask, scan.spacing_mm))
    return resampled(distance, grid, transform, default=-1.0) > 0
