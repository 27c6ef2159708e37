"""The frame in which a pair is compared: the fixed image's LPS space, with the moving image brought there by the linear part.

The whole map is phi(x) = A (x + s(x)) + b: A, b linear part, s the field that is searched, both in mm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import torch
from scipy import ndimage

from ..geometry.lattice import Lattice, bounding_box_mm, mask_box_mm
from ..geometry.linear import matrix_and_offset
from ..geometry.tensors import coverage_to_tensor, image_to_tensor, mask_to_tensor

BOX_MARGIN_MM = 12.0  # around both lungs: room for descriptors and surface distances
CONTROL_MARGIN_MM = 40.0  # around the fixed lungs: room for the field to fade to the linear part
SURFACE_BAND_MM = 8.0  # surface distances count up to here
OUTSIDE_SHARE = 0.2  # of the regularization outside the lungs: they slide along the chest wall, which must not hold them back


Landmarks = tuple[np.ndarray, np.ndarray]  # fixed and moving (N, 3), LPS mm


@dataclass
class Pair:
    """What is registered: two CTs, their lung masks (or body masks), and what the user knows about the motion."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_mask: sitk.Image
    moving_mask: sitk.Image
    landmarks: Landmarks | None  # they draw the field
    initial_transform: sitk.Transform | None  # fixed -> moving points
    watched: Landmarks | None = None  # whose error is told while a fit runs; they draw nothing

    def swapped(self) -> Pair:
        """The pair with the roles exchanged; an initial transform must be linear for that."""
        return Pair(
            self.moving,
            self.fixed,
            self.moving_mask,
            self.fixed_mask,
            None if self.landmarks is None else (self.landmarks[1], self.landmarks[0]),
            None if self.initial_transform is None else self.initial_transform.GetInverse(),
            None if self.watched is None else (self.watched[1], self.watched[0]),
        )


@dataclass
class Frame:
    """A pair of images with masks, its linear part, and the box that holds the lungs of both."""

    fixed: sitk.Image
    moving: sitk.Image
    fixed_mask: sitk.Image
    moving_mask: sitk.Image
    linear: sitk.AffineTransform
    hu_range: tuple[float, float]
    device: torch.device

    def lattice(self, spacing_mm: float) -> Lattice:
        """Isotropic lattice over the lungs of both images, seen in the fixed frame."""
        return Lattice.over_box(*lungs_box_mm(self.fixed_mask, self.moving_mask, self.linear), spacing_mm)

    def control_box(self) -> tuple[np.ndarray, np.ndarray]:
        """Box of the control grid, LPS mm."""
        lower, upper = mask_box_mm(self.fixed_mask)
        return lower - CONTROL_MARGIN_MM, upper + CONTROL_MARGIN_MM

    def images(self, lattice: Lattice) -> tuple[torch.Tensor, torch.Tensor]:
        """Fixed and linearly aligned moving CT on a lattice, (1, 1, z, y, x) HU."""
        return (
            image_to_tensor(self.fixed, lattice, self.hu_range, self.device),
            image_to_tensor(self.moving, lattice, self.hu_range, self.device, self.linear),
        )

    def masks(self, lattice: Lattice) -> tuple[torch.Tensor, torch.Tensor]:
        """Fixed and linearly aligned moving mask on a lattice, (1, 1, z, y, x), 0 or 1."""
        return (
            (mask_to_tensor(self.fixed_mask, lattice, self.device) > 0).float(),
            (mask_to_tensor(self.moving_mask, lattice, self.device, self.linear) > 0).float(),
        )

    def lung_share(self, control: Lattice) -> torch.Tensor:
        """Part of the regularization that counts at control points, (z, y, x): 1 in the fixed lungs, less outside."""
        return (mask_to_tensor(self.fixed_mask, control, self.device) > 0)[0, 0].float().clamp_min(OUTSIDE_SHARE)

    def moving_coverage(self, lattice: Lattice) -> torch.Tensor | None:
        """1 where the aligned moving image has values, (1, 1, z, y, x); None if it has them everywhere on the lattice."""
        covered = coverage_to_tensor(self.moving, lattice, self.device, self.linear)
        return None if bool(covered.all()) else covered

    def surface_distances(self, lattice: Lattice) -> tuple[torch.Tensor, torch.Tensor]:
        """Signed distances (mm, positive inside, cut at the band) to the surface of each common label, (1, labels, z, y, x)."""
        fixed = mask_to_tensor(self.fixed_mask, lattice, self.device)[0, 0].cpu().numpy()
        moving = mask_to_tensor(self.moving_mask, lattice, self.device, self.linear)[0, 0].cpu().numpy()
        common = sorted((set(np.unique(fixed)) & set(np.unique(moving))) - {0.0})
        regions = [(fixed == v, moving == v) for v in common] if len(common) > 1 else [(fixed > 0, moving > 0)]
        stacks = zip(*[(_signed_distance(f, lattice), _signed_distance(m, lattice)) for f, m in regions], strict=True)
        fixed_distances, moving_distances = (torch.from_numpy(np.stack(s)).to(self.device)[None] for s in stacks)
        return fixed_distances, moving_distances

    def matrix_and_offset(self) -> tuple[torch.Tensor, torch.Tensor]:
        """A (3, 3) and b (3,) as tensors."""
        matrix, offset = matrix_and_offset(self.linear)
        return (torch.as_tensor(v, dtype=torch.float32, device=self.device) for v in (matrix, offset))  # type: ignore[return-value]

    def to_frame(self, moving_points_mm: np.ndarray) -> np.ndarray:
        """Moving points (N, 3) seen in the fixed frame: A^-1 (y - b)."""
        matrix, offset = matrix_and_offset(self.linear)
        return (np.asarray(moving_points_mm, float) - offset) @ np.linalg.inv(matrix).T

    def from_frame(self, points_mm: np.ndarray) -> np.ndarray:
        """Points (N, 3) of the fixed frame where they are in the moving image: A x + b."""
        matrix, offset = matrix_and_offset(self.linear)
        return np.asarray(points_mm, float) @ matrix.T + offset


def _signed_distance(mask: np.ndarray, lattice: Lattice) -> np.ndarray:
    h = lattice.spacing_mm[0]
    distance = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    return np.clip(ndimage.gaussian_filter(distance.astype(np.float32), 0.7) * h, -SURFACE_BAND_MM, SURFACE_BAND_MM)


def lungs_box_mm(fixed_mask: sitk.Image, moving_mask: sitk.Image, linear: sitk.AffineTransform) -> tuple[np.ndarray, np.ndarray]:
    """Box (LPS mm) with a margin around the lungs of both images, seen in the fixed frame."""
    fixed_lower, fixed_upper = mask_box_mm(fixed_mask)
    lower, upper = _box_through(linear.GetInverse(), *mask_box_mm(moving_mask))
    return np.minimum(fixed_lower, lower) - BOX_MARGIN_MM, np.maximum(fixed_upper, upper) + BOX_MARGIN_MM


def _box_through(transform: sitk.Transform, lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    corners = np.array([transform.TransformPoint(np.where(c, upper, lower).tolist()) for c in np.ndindex(2, 2, 2)])
    return corners.min(axis=0), corners.max(axis=0)


def whole_box_mm(image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """Box of an image with half a voxel around, LPS mm: fields must hold there for whoever resamples at the border."""
    lower, upper = bounding_box_mm(image)
    margin = max(image.GetSpacing())
    return lower - margin, upper + margin
