"""Where a registration is probably wrong: a map of the expected error in mm, from the two images and the field alone.

At distinctive points of the fixed lung a patch is searched for in the warped image. Where the field is right the best match lies
at the point itself; otherwise it lies where the field should have led. These residual motions, weighted by how good and unique
the match is, are averaged over the neighborhood, and turned into the expected error by a line that was fitted on phantoms with
known motion. Far from any trusted match the map leans to the average of the lung. Errors beyond the search, or where a lung has
no structure, are underestimated: on registrations of phantoms with a mean error of 3 mm the map says 1.5 to 2 mm, and ranks the
places that are wrong by more than 3 mm above the others with an area under the ROC curve of 0.8 to 0.9.

Residual block matching as an error measure: Rohde et al., IEEE Trans Med Imaging 22 (2003) 1470; Saygili et al.,
IEEE Trans Med Imaging 35 (2016) 1233.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ..geometry.displacement import warp_image
from ..geometry.lattice import Lattice, mask_box_mm

SPACING_MM = 2.0
CELL = 4  # one point at most per cube of so many voxels
PATCH = 3  # radius of the compared cube in voxels: 14 mm
RIM_MM = 5.0  # no points this near to the pleura, a plain edge along which any shift looks right
SEARCH = 4  # radius of the search in voxels: 8 mm
REACH_MM = 10.0  # standard deviation of the averaging over the neighborhood
TRUSTED = 0.3  # sum of weights (in points) that counts as well covered
ERROR_FROM_RESIDUAL = (-0.3, 1.05)  # intercept in mm, slope: fitted on phantoms, see test_error_map.py
LEAST_MM = 0.3  # smaller errors cannot be told from noise
MAX_POINTS = 4000


@dataclass
class ErrorMap:
    """Expected registration error in mm.

    image: float32 on a lattice of 4 mm over the lung, 0 outside of it.
    points_mm: (N, 3) LPS mm, the points of the fixed lung that were searched for.
    residual_mm: (N,) distance of their best match in the warped image.
    weight: (N,) trust in that match, 0 ... 1.
    """

    image: sitk.Image
    points_mm: np.ndarray
    residual_mm: np.ndarray
    weight: np.ndarray

    def values(self) -> np.ndarray:
        """The expected errors inside of the lung, one per lattice point."""
        array = sitk.GetArrayViewFromImage(self.image)
        return array[array > 0]


def local_error_map(fixed: sitk.Image, moving: sitk.Image, field: sitk.Image, mask: sitk.Image) -> ErrorMap:
    """Estimate the local error of a field.

    Args:
        fixed, moving: CT in HU.
        field: displacement field (LPS mm), fixed to moving.
        mask: lung mask in the fixed image.
    """
    lattice = Lattice.over_box(*mask_box_mm(mask, 4 * SPACING_MM), SPACING_MM)
    grid = lattice.image_like()
    lung = sitk.GetArrayFromImage(sitk.Resample(mask, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) != 0
    a = _lung_window(sitk.Resample(_at_spacing(fixed), grid, sitk.Transform(), sitk.sitkLinear, -1000.0))
    b = _lung_window(warp_image(_at_spacing(moving), field, grid))
    points = _distinctive_points(a, lung)
    residual, weight = _residual_motion(a, b, points)
    coarse, inside = _average(points, residual, weight, lung)
    image = sitk.GetImageFromArray(np.where(inside, coarse, 0).astype(np.float32))
    image.SetSpacing((2 * SPACING_MM,) * 3)
    image.SetOrigin(lattice.origin_mm)
    points_mm = points[:, ::-1] * SPACING_MM + np.array(lattice.origin_mm)
    return ErrorMap(image, points_mm, residual, weight)


def _at_spacing(image: sitk.Image) -> sitk.Image:
    """The image averaged over whole voxels to at most the working spacing, against aliasing; float32."""
    factors = [max(1, int(SPACING_MM / s + 0.25)) for s in image.GetSpacing()]
    return sitk.Cast(sitk.BinShrink(image, factors), sitk.sitkFloat32)


def _lung_window(image: sitk.Image) -> np.ndarray:
    """HU clamped to what lungs hold: the chest wall, along which the lung slides, becomes plain."""
    return np.clip(sitk.GetArrayFromImage(image), -1000, -400)


def _distinctive_points(image: np.ndarray, lung: np.ndarray) -> np.ndarray:
    """Indices (N, 3) z, y, x: per cell the voxel with the most structure along its least structured axis, off the pleura."""
    energy = [ndimage.uniform_filter(np.square(np.gradient(image, axis=axis)), 3) for axis in range(3)]
    deep = ndimage.distance_transform_edt(lung) * SPACING_MM > RIM_MM
    response = np.where(deep, np.minimum.reduce(energy), 0)
    margin = PATCH + SEARCH
    inner = np.zeros_like(response)
    core = tuple(slice(margin, n - margin) for n in image.shape)
    inner[core] = response[core]
    shape = [-(-n // CELL) for n in inner.shape]
    padded = np.pad(inner, [(0, s * CELL - n) for s, n in zip(shape, inner.shape, strict=True)])
    cells = padded.reshape(shape[0], CELL, shape[1], CELL, shape[2], CELL).transpose(0, 2, 4, 1, 3, 5).reshape(*shape, -1)
    best, strength = cells.argmax(axis=-1), cells.max(axis=-1)
    chosen = np.argwhere(strength > 0)
    offsets = np.column_stack(np.unravel_index(best[tuple(chosen.T)], (CELL,) * 3))
    points = chosen * CELL + offsets
    if len(points) > MAX_POINTS:
        order = np.argsort(strength[tuple(chosen.T)])[::-1]
        points = points[order[:MAX_POINTS]]
    return points


def _residual_motion(a: np.ndarray, b: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distance (N,) in mm to the best match of each patch of a in b by normalized correlation, and the trust (N,) in it."""
    width, steps = 2 * PATCH + 1, 2 * SEARCH + 1
    residual, weight = np.zeros(len(points)), np.zeros(len(points))
    for n, (z, y, x) in enumerate(points):
        patch = a[z - PATCH : z + PATCH + 1, y - PATCH : y + PATCH + 1, x - PATCH : x + PATCH + 1].ravel()
        reach = PATCH + SEARCH
        block = b[z - reach : z + reach + 1, y - reach : y + reach + 1, x - reach : x + reach + 1]
        windows = np.lib.stride_tricks.sliding_window_view(block, (width,) * 3).reshape(steps**3, -1)
        patch = patch - patch.mean()
        mean = windows.mean(axis=1)
        variance = np.einsum("ij,ij->i", windows, windows) / windows.shape[1] - mean**2
        norm = np.sqrt(np.maximum(variance, 1.0) * windows.shape[1]) * max(np.linalg.norm(patch), 1e-3)
        correlation = (windows @ patch / norm).reshape(steps, steps, steps)
        peak = np.unravel_index(correlation.argmax(), correlation.shape)
        offset = np.array([_subvoxel(correlation, peak, axis) for axis in range(3)]) - SEARCH
        residual[n] = SPACING_MM * np.linalg.norm(offset)
        weight[n] = _trust(correlation, peak)
    return residual, weight


def _trust(correlation: np.ndarray, peak: tuple[int, ...]) -> float:
    """0 ... 1: high and unique peaks count."""
    height = float(correlation[peak])
    others = correlation.copy()
    others[tuple(slice(max(p - 2, 0), p + 3) for p in peak)] = -1
    unique = np.clip((height - float(others.max())) / 0.2, 0, 1)
    return float(np.clip((height - 0.4) / 0.5, 0, 1) * unique)


def _subvoxel(correlation: np.ndarray, peak: tuple[int, ...], axis: int) -> float:
    """Position of the peak along an axis by a parabola through its neighbors."""
    p = peak[axis]
    if not 0 < p < correlation.shape[axis] - 1:
        return float(p)
    line = correlation[tuple(slice(None) if i == axis else peak[i] for i in range(3))]
    below, at, above = (float(line[i]) for i in (p - 1, p, p + 1))
    bend = below - 2 * at + above
    return p + (0.5 * (below - above) / bend if bend < 0 else 0.0)


def _average(points: np.ndarray, residual: np.ndarray, weight: np.ndarray, lung: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Expected error on every second lattice point, and which of these are lung."""
    inside = lung[::2, ::2, ::2]
    index = tuple(np.minimum(np.round(points / 2).astype(int), np.array(inside.shape) - 1).T)
    total, trust = np.zeros(inside.shape), np.zeros(inside.shape)
    np.add.at(total, index, weight * residual)
    np.add.at(trust, index, weight)
    sigma = REACH_MM / (2 * SPACING_MM)
    one_point = (2 * np.pi * sigma**2) ** -1.5  # height of the Gaussian of a single point
    trust_near, total_near = (ndimage.gaussian_filter(v, sigma, truncate=3) / one_point for v in (trust, total))
    overall = float((weight * residual).sum() / max(weight.sum(), 1e-6))
    mean = (total_near + TRUSTED * overall) / (trust_near + TRUSTED)
    intercept, slope = ERROR_FROM_RESIDUAL
    return np.maximum(intercept + slope * mean, LEAST_MM), inside
