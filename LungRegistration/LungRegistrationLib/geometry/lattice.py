"""A regular lattice of points with axes along LPS, on which a pair is compared whatever the images' own axes are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class Lattice:
    """Points origin + index * spacing, in LPS mm; every tuple is (x, y, z)."""

    origin_mm: tuple[float, float, float]
    spacing_mm: tuple[float, float, float]
    size: tuple[int, int, int]

    @classmethod
    def over_box(cls, lower_mm: ArrayLike, upper_mm: ArrayLike, spacing_mm: ArrayLike) -> Lattice:
        """The smallest lattice that starts at `lower_mm` and reaches `upper_mm`, at least two points per axis."""
        lower = np.asarray(lower_mm, float)
        spacing = np.broadcast_to(np.asarray(spacing_mm, float), 3)
        size = np.maximum(np.ceil((np.asarray(upper_mm, float) - lower) / spacing - 1e-6).astype(int) + 1, 2)
        x, y, z = (float(v) for v in lower)
        return cls((x, y, z), tuple(float(v) for v in spacing), tuple(int(v) for v in size))  # type: ignore[arg-type]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Array shape (z, y, x)."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def lower_mm(self) -> np.ndarray:
        return np.asarray(self.origin_mm)

    @property
    def upper_mm(self) -> np.ndarray:
        return self.lower_mm + (np.asarray(self.size) - 1) * np.asarray(self.spacing_mm)

    @property
    def voxel_volume_mm3(self) -> float:
        return float(np.prod(self.spacing_mm))

    def axis_mm(self, axis: int) -> np.ndarray:
        """Coordinates along one axis (0 = x, 1 = y, 2 = z), float64."""
        return self.origin_mm[axis] + self.spacing_mm[axis] * np.arange(self.size[axis])

    def slab(self, first: int, last: int) -> Lattice:
        """The slices first..last - 1 along z."""
        x, y, z = self.origin_mm
        return Lattice((x, y, z + first * self.spacing_mm[2]), self.spacing_mm, (self.size[0], self.size[1], last - first))

    def image_like(self) -> sitk.Image:
        """An empty 8-bit image with this geometry, as reference for resampling."""
        image = sitk.Image(self.size, sitk.sitkUInt8)
        image.SetOrigin(self.origin_mm)
        image.SetSpacing(self.spacing_mm)
        return image


def bounding_box_mm(image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper corner (LPS mm) of the box that holds all voxel centers of a 3D image, whatever its axes."""
    last = np.asarray(image.GetSize(), float) - 1
    corners = [image.TransformContinuousIndexToPhysicalPoint((last * c).tolist()) for c in np.ndindex(2, 2, 2)]
    return np.min(corners, axis=0), np.max(corners, axis=0)


def mask_box_mm(mask: sitk.Image, margin_mm: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Box (LPS mm) around the non-zero voxels of a mask, widened by a margin and cut to the image's own box."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.ComputePerimeterOff()
    shape.Execute(sitk.Cast(mask != 0, sitk.sitkUInt8))
    start_size = np.asarray(shape.GetBoundingBox(1))
    region = sitk.RegionOfInterest(mask, start_size[3:].tolist(), start_size[:3].tolist())
    lower, upper = bounding_box_mm(region)
    image_lower, image_upper = bounding_box_mm(mask)
    return np.maximum(lower - margin_mm, image_lower), np.minimum(upper + margin_mm, image_upper)
