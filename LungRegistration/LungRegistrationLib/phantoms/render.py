"""The phantom person sampled on a voxel grid, in one breathing state, with the exact motion to the other state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from .anatomy import BLOOD_HU
from .thorax import Thorax

SLAB_VOXELS = 1 << 20  # worked on at a time


@dataclass(frozen=True)
class Grid:
    """A voxel grid along the LPS axes. Size, spacing and origin are in the order x, y, z; arrays z, y, x."""

    size: tuple[int, int, int]
    spacing: np.ndarray
    origin: np.ndarray

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.size[2], self.size[1], self.size[0]

    def slabs(self) -> list[slice]:
        """Ranges of slices that are worked on at a time."""
        thick = max(1, SLAB_VOXELS // (self.size[0] * self.size[1]))
        return [slice(k, min(k + thick, self.size[2])) for k in range(0, self.size[2], thick)]

    def points(self, slab: slice) -> np.ndarray:
        """Voxel centers (N, 3) float32 of a range of slices, x fastest."""
        x, y, z = (self.origin[i] + self.spacing[i] * np.arange(self.size[i]) for i in range(3))
        zz, yy, xx = np.meshgrid(z[slab], y, x, indexing="ij")
        return np.stack([xx.ravel(), yy.ravel(), zz.ravel()], axis=1).astype(np.float32)

    def shows(self, points: np.ndarray) -> np.ndarray:
        """Whether points (N, 3) lie in the grid, at least two voxels from its border."""
        low, high = self.origin + 2 * self.spacing, self.origin + (np.array(self.size) - 3) * self.spacing
        return ((points > low) & (points < high)).all(axis=1)

    def image(self, array: np.ndarray) -> sitk.Image:
        image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
        image.SetSpacing(self.spacing.tolist())
        image.SetOrigin(self.origin.tolist())
        return image


@dataclass(frozen=True)
class _Place:
    """Voxels of a slab, and where what they show lies at inspiration."""

    points: np.ndarray  # (N, 3)
    body: np.ndarray  # (N, 3) if it belongs to the body around the chest cavity
    wall: np.ndarray  # (N,) distance to the inner chest wall, negative in the cavity
    inside: np.ndarray  # indices of the voxels in the cavity
    tissue: np.ndarray  # (inside, 3) if it belongs to the cavity

    @classmethod
    def of(cls, thorax: Thorax, grid: Grid, slab: slice, expiration: bool) -> _Place:
        points = grid.points(slab)
        body = thorax.motion.outer_inverse(points) if expiration else points
        wall = thorax.anatomy.chest.wall_distance(body)
        inside = np.flatnonzero(wall < 0)
        tissue = thorax.motion.slide_inverse(body[inside]) if expiration else body[inside]
        return cls(points, body, wall, inside, tissue)


def render(
    thorax: Thorax, grid: Grid, expiration: bool, step: Callable[[float], None], contrast_hu: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """HU (float32, no noise) and lobe labels (uint8) of one breathing state; arrays z, y, x.

    The analytic description of the body is sampled in this state; nothing is warped. A contrast agent makes blood brighter by
    `contrast_hu`.
    """
    hu, lobes = np.empty(grid.shape, np.float32), np.zeros(grid.shape, np.uint8)
    voxel_mm = float(grid.spacing.mean())
    tubes = thorax.tubes(grid.shape, grid.origin, grid.spacing, expiration)
    step(0.3)
    for slab in grid.slabs():
        place = _Place.of(thorax, grid, slab, expiration)
        outside = np.flatnonzero(place.wall >= 0)
        values, labels = np.empty(len(place.points), np.float32), np.zeros(len(place.points), np.uint8)
        body_hu = thorax.anatomy.outer_hu(place.body[outside], place.wall[outside], voxel_mm)
        values[outside] = thorax.anatomy.on_table(body_hu, place.points[outside], voxel_mm)
        shares = [share[slab].reshape(-1)[place.inside] for share in tubes]
        compression = thorax.motion.inner_jacobian(place.tissue) if expiration else 1.0
        content = thorax.chest_content(place.tissue, compression, shares, voxel_mm, BLOOD_HU + contrast_hu)
        values[place.inside], labels[place.inside] = content
        hu[slab], lobes[slab] = values.reshape(hu[slab].shape), labels.reshape(hu[slab].shape)
        step(0.3 + 0.6 * slab.stop / grid.size[2])
    return hu, lobes


def true_motion(thorax: Thorax, grid: Grid, expiration: bool) -> tuple[np.ndarray, np.ndarray]:
    """Displacement (float32, z, y, x, 3; LPS mm) from this state to the other, and its det J (float32), at the voxel centers."""
    displacement, jacobian = np.empty((*grid.shape, 3), np.float32), np.empty(grid.shape, np.float32)
    motion = thorax.motion
    for slab in grid.slabs():
        place = _Place.of(thorax, grid, slab, expiration)
        if expiration:
            there, det = place.body.copy(), 1.0 / motion.outer_jacobian(place.body)
            there[place.inside], det[place.inside] = place.tissue, 1.0 / motion.inner_jacobian(place.tissue)
        else:
            there, det = motion.outer(place.points), motion.outer_jacobian(place.points)
            there[place.inside], det[place.inside] = motion.inner(place.tissue), motion.inner_jacobian(place.tissue)
        displacement[slab] = (there - place.points).reshape(displacement[slab].shape)
        jacobian[slab] = det.reshape(jacobian[slab].shape)
    return displacement, jacobian
