"""Small images for the tests of the registration: texture with a known motion, on any grid."""

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

SIZE = 56
SPACING_MM = 2.5
LOWER_MM = np.array([-70.0, -70.0, -70.0])


def texture(points_mm: np.ndarray, seed: int = 0) -> np.ndarray:
    """A smooth random intensity (HU, about -1000..0) that is defined at every point (..., 3)."""
    noise = np.random.default_rng(seed).normal(size=(40, 40, 40))
    smooth = ndimage.gaussian_filter(noise, 0.9, mode="wrap")
    index = np.moveaxis(points_mm / 5.0 + 20, -1, 0)
    values = ndimage.map_coordinates(smooth / smooth.std(), index, order=3, mode="grid-wrap")
    return np.clip(-600 + 200 * values, -1000, 0)


def lung_shape(points_mm: np.ndarray) -> np.ndarray:
    """True inside an ellipsoid with half axes 40, 35, 50 mm."""
    return ((points_mm / np.array([40.0, 35.0, 50.0])) ** 2).sum(axis=-1) < 1


def motion(points_mm: np.ndarray) -> np.ndarray:
    """Displacement (mm) of a smooth motion without folding, up to 15 mm, mostly along z."""
    x, y, z = np.moveaxis(points_mm, -1, 0)
    u = np.zeros(points_mm.shape)
    u[..., 0] = 3 * np.sin(y / 25)
    u[..., 1] = 2 * np.cos(x / 30)
    u[..., 2] = 8 + 7 * np.tanh((z + 10) / 45)
    return u


def grid_image(direction: np.ndarray | None = None, size: int = SIZE, spacing_mm: float = SPACING_MM) -> sitk.Image:
    """An empty image whose grid covers about the same place for every direction matrix."""
    direction = np.eye(3) if direction is None else direction
    image = sitk.Image([size] * 3, sitk.sitkFloat32)
    image.SetSpacing([spacing_mm] * 3)
    image.SetDirection(direction.ravel().tolist())
    image.SetOrigin((-direction @ np.full(3, spacing_mm * (size - 1) / 2)).tolist())
    return image


def voxel_points(image: sitk.Image) -> np.ndarray:
    """LPS points of all voxels, (z, y, x, 3)."""
    k, j, i = np.meshgrid(*(np.arange(n) for n in image.GetSize()[::-1]), indexing="ij")
    matrix = np.asarray(image.GetDirection()).reshape(3, 3) * np.asarray(image.GetSpacing())
    return np.stack([i, j, k], axis=-1) @ matrix.T + np.asarray(image.GetOrigin())


def from_array(values: np.ndarray, like: sitk.Image, vector: bool = False) -> sitk.Image:
    image = sitk.GetImageFromArray(values, isVector=vector)
    image.CopyInformation(like)
    return image


def moved_point(points_mm: np.ndarray) -> np.ndarray:
    """Where the motion takes fixed points."""
    return points_mm + motion(points_mm)


def origin_of(points_mm: np.ndarray) -> np.ndarray:
    """The fixed points that the motion takes to moving points (fixed-point iteration)."""
    x = points_mm - motion(points_mm)
    for _ in range(60):
        x = points_mm - motion(x)
    return x


def scan(grid: sitk.Image, fixed: bool) -> tuple[sitk.Image, sitk.Image]:
    """CT and lung mask of the textured ellipsoid before (fixed) or after the motion, on a grid."""
    points = voxel_points(grid)
    material = points if fixed else origin_of(points)
    inside = lung_shape(material)
    hu = np.where(inside, texture(material), 20.0)
    hu = hu + np.random.default_rng(1 if fixed else 2).normal(scale=15, size=hu.shape)
    return from_array(hu.astype(np.float32), grid), from_array(inside.astype(np.uint8), grid)
