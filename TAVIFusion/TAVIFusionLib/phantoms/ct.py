"""The planning CT angiogram of a phantom."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter, zoom

from .anatomy import Anatomy
from .body import WATER, Body
from .cloud import Cloud
from .field import lumen_field

BLOOD_HU, WALL_HU, WALL_MM = 360.0, 45.0, 2.0
BODY_STEP = 2


def ct_image(
    anatomy: Anatomy,
    body: Body,
    clouds: list[Cloud],
    corners_mm: tuple[np.ndarray, np.ndarray],
    spacing_mm: float,
    noise_hu: float,
    rng: np.random.Generator,
) -> sitk.Image:
    """HU (int16, LPS) between two corners: organs, arteries full of contrast, and clouds of bone and calcium.

    The chambers of the heart hold no contrast; the lumen ends at the valve.
    """
    low, high = corners_mm
    shape = tuple(int(n) for n in np.ceil((high - low) / spacing_mm / BODY_STEP) * BODY_STEP)
    values = _organs(body, low, shape, spacing_mm)
    _fill_arteries(values, anatomy, low, spacing_mm)
    for cloud in clouds:
        values += _density(cloud, low, shape, spacing_mm)
    values += noise_hu * rng.standard_normal(shape, dtype=np.float32)
    image = sitk.GetImageFromArray(np.clip(np.round(values), -1024, 3071).astype(np.int16).transpose(2, 1, 0))
    image.SetSpacing((spacing_mm,) * 3)
    image.SetOrigin(low.tolist())
    return image


def _organs(body: Body, low: np.ndarray, shape: tuple[int, ...], spacing_mm: float) -> np.ndarray:
    """(L, P, S) float32 HU, from a grid that is coarser by `BODY_STEP`."""
    axes = [np.arange(0, n + 1, BODY_STEP) * spacing_mm + start for n, start in zip(shape, low, strict=True)]
    coarse = np.empty([len(axis) for axis in axes], np.float32)
    for index, height in enumerate(axes[2]):
        grid = np.stack(np.meshgrid(axes[0], axes[1], [height], indexing="ij"), axis=-1)
        coarse[:, :, index] = body.hounsfield(grid)[:, :, 0]
    size = [(BODY_STEP * (n - 1) + 1) / n for n in coarse.shape]
    return zoom(coarse, size, order=1)[: shape[0], : shape[1], : shape[2]]


def _fill_arteries(values: np.ndarray, anatomy: Anatomy, low: np.ndarray, spacing_mm: float) -> None:
    """Blood with contrast by its share of each voxel, and a wall around it where the lung would touch it."""
    high = low + (np.array(values.shape) - 1) * spacing_mm
    field = lumen_field(anatomy, spacing_mm, (low, high), aligned_to_mm=low)
    first = np.round((field.origin_mm - low) / spacing_mm).astype(int)
    size = np.minimum(field.place.shape, np.array(values.shape) - first)
    distance = field.distance_mm[tuple(slice(0, n) for n in size)]
    part = values[tuple(slice(a, a + n) for a, n in zip(first, size, strict=True))]
    part[:] = np.where(distance < WALL_MM, np.maximum(part, WALL_HU), part)
    share = np.clip(0.5 - distance / spacing_mm, 0, 1)
    part += share * (BLOOD_HU - part)


def _density(cloud: Cloud, low: np.ndarray, shape: tuple[int, ...], spacing_mm: float) -> np.ndarray:
    """(L, P, S) float32 HU that a cloud adds."""
    index = np.round((cloud.points_mm - low) / spacing_mm).astype(np.int64)
    inside = ((index >= 0) & (index < shape)).all(axis=1)
    place = np.ravel_multi_index(tuple(index[inside].T), shape)
    total = np.bincount(place, cloud.absorption[inside], minlength=int(np.prod(shape))).astype(np.float32)
    density = total.reshape(shape) * np.float32(1000 / WATER / spacing_mm**3)
    return gaussian_filter(density, 0.6 * max(cloud.pitch_mm / spacing_mm, 0.8))
