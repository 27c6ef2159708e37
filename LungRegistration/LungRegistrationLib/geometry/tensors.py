"""The border between SimpleITK images and tensors: the one file where the two meet.

Image tensors are (1, C, z, y, x) float32 on a Lattice; field tensors are (3, z, y, x) with components (x, y, z) in LPS mm.
"""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import torch

from .lattice import Lattice


def lattice_axes(lattice: Lattice, device: torch.device) -> list[torch.Tensor]:
    """Coordinates (mm) along x, y and z."""
    return [torch.as_tensor(lattice.axis_mm(axis), dtype=torch.float32, device=device) for axis in range(3)]


def lattice_points(lattice: Lattice, device: torch.device) -> torch.Tensor:
    """All points of a lattice, (z, y, x, 3) with components (x, y, z) in LPS mm."""
    x, y, z = lattice_axes(lattice, device)
    grid_z, grid_y, grid_x = torch.meshgrid(z, y, x, indexing="ij")
    return torch.stack([grid_x, grid_y, grid_z], dim=-1)


def image_to_tensor(
    image: sitk.Image,
    lattice: Lattice,
    hu_range: tuple[float, float],
    device: torch.device,
    transform: sitk.AffineTransform | None = None,
) -> torch.Tensor:
    """A CT on a lattice, (1, 1, z, y, x): clamped, averaged over voxel blocks where the lattice is coarser, linear interpolation.

    Args:
        hu_range: clamped to; the lower bound also stands outside the image.
        transform: maps lattice points to points of the image; identity by default.
    """
    part = _clamped_part(image, lattice, hu_range, transform)
    factors = [max(1, int(min(lattice.spacing_mm) / s)) for s in part.GetSpacing()]
    if max(factors) > 1:
        part = sitk.BinShrink(part, [min(f, n) for f, n in zip(factors, part.GetSize(), strict=True)])
    return _resampled(part, lattice, sitk.sitkLinear, hu_range[0], device, transform)


def mask_to_tensor(
    mask: sitk.Image, lattice: Lattice, device: torch.device, transform: sitk.AffineTransform | None = None
) -> torch.Tensor:
    """A mask or label map on a lattice, (1, 1, z, y, x), nearest voxel; 0 outside."""
    return _resampled(mask, lattice, sitk.sitkNearestNeighbor, 0.0, device, transform)


def coverage_to_tensor(
    image: sitk.Image, lattice: Lattice, device: torch.device, transform: sitk.AffineTransform | None = None
) -> torch.Tensor:
    """1 where lattice points lie in the image's field of view, 0 elsewhere, (1, 1, z, y, x)."""
    index = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    index.CopyInformation(image)
    return mask_to_tensor(index, lattice, device, transform)


def field_to_image(field: torch.Tensor, lattice: Lattice) -> sitk.Image:
    """A (3, z, y, x) field tensor (mm) as a float32 vector image."""
    array = np.ascontiguousarray(field.detach().cpu().movedim(0, -1).numpy(), dtype=np.float32)
    return _placed(sitk.GetImageFromArray(array, isVector=True), lattice)


def crop_to_box(image: sitk.Image, lower_mm: np.ndarray, upper_mm: np.ndarray) -> sitk.Image:
    """The part of an image (any axes) that holds the voxels around a box in LPS mm; the whole image if they do not meet."""
    corners = np.array([np.where(c, upper_mm, lower_mm) for c in np.ndindex(2, 2, 2)])
    index = np.array([image.TransformPhysicalPointToContinuousIndex(c.tolist()) for c in corners])
    size = np.asarray(image.GetSize())
    first = np.clip(np.floor(index.min(axis=0)).astype(int) - 2, 0, size)
    last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 3, 0, size)
    if np.any(last - first < 1):
        return image
    return sitk.RegionOfInterest(image, (last - first).tolist(), first.tolist())


def _clamped_part(
    image: sitk.Image, lattice: Lattice, hu_range: tuple[float, float], transform: sitk.AffineTransform | None
) -> sitk.Image:
    corners = np.array([np.where(c, lattice.upper_mm, lattice.lower_mm) for c in np.ndindex(2, 2, 2)])
    if transform is not None:
        corners = np.array([transform.TransformPoint(c.tolist()) for c in corners])
    return sitk.Clamp(crop_to_box(image, corners.min(axis=0), corners.max(axis=0)), image.GetPixelID(), *hu_range)


def _resampled(
    image: sitk.Image,
    lattice: Lattice,
    interpolator: int,
    outside: float,
    device: torch.device,
    transform: sitk.AffineTransform | None,
) -> torch.Tensor:
    resample = sitk.ResampleImageFilter()
    resample.SetSize(lattice.size)
    resample.SetOutputOrigin(lattice.origin_mm)
    resample.SetOutputSpacing(lattice.spacing_mm)
    resample.SetInterpolator(interpolator)
    resample.SetDefaultPixelValue(float(outside))
    resample.SetOutputPixelType(sitk.sitkFloat32)
    if transform is not None:
        resample.SetTransform(transform)
    return torch.from_numpy(sitk.GetArrayFromImage(resample.Execute(image))).to(device)[None, None]


def _placed(image: sitk.Image, lattice: Lattice) -> sitk.Image:
    image.SetOrigin(lattice.origin_mm)
    image.SetSpacing(lattice.spacing_mm)
    return image
