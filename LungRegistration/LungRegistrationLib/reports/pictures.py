"""Pictures of a registration as PNG: slices in the radiologist's view, overlays of two scans, maps in color over a scan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.pictures import color_of

from ..geometry.lattice import bounding_box_mm, mask_box_mm

LUNG_WINDOW_HU = (-1000.0, 200.0)
PLANES = {"axial": (0, 1, 2), "coronal": (0, 2, 1), "sagittal": (1, 2, 0)}  # LPS axis to the right, axis up or down, axis through


@dataclass(frozen=True)
class View:
    """A slice in space that several images are looked at through: pixel grid of one plane, as 3D image of one voxel depth."""

    plane: str
    grid: sitk.Image

    def of(self, image: sitk.Image, default: float = -1000.0, transform: sitk.Transform | None = None) -> np.ndarray:
        """The image on this slice, linearly interpolated, as seen: row 0 at the top."""
        cut = sitk.Resample(image, self.grid, transform or sitk.Transform(), sitk.sitkLinear, default, sitk.sitkFloat32)
        return self._seen(sitk.GetArrayFromImage(cut))

    def of_mask(self, mask: sitk.Image) -> np.ndarray:
        """A mask on this slice (nearest voxel), boolean."""
        inside = sitk.Cast(mask != 0, sitk.sitkUInt8)
        return (
            self._seen(sitk.GetArrayFromImage(sitk.Resample(inside, self.grid, sitk.Transform(), sitk.sitkNearestNeighbor))) != 0
        )

    def _seen(self, zyx: np.ndarray) -> np.ndarray:
        pixels = zyx.squeeze(axis=2 - PLANES[self.plane][2])
        return pixels if self.plane == "axial" else pixels[::-1]  # LPS: y grows downward in axial views, z must grow upward


def views(image: sitk.Image, mask: sitk.Image | None, planes: tuple[str, ...], pixels: int = 300) -> list[View]:
    """Slices through the middle of the lungs (of the image without a mask), cropped to them with a margin.

    The coronal slice lies at the lungs' center of mass; the sagittal one through the middle of the patient's right lung.
    """
    lower, upper = mask_box_mm(mask, 12.0) if mask is not None else bounding_box_mm(image)
    center = (lower + upper) / 2
    if mask is not None:
        shape = sitk.LabelShapeStatisticsImageFilter()
        shape.Execute(sitk.Cast(mask != 0, sitk.sitkUInt8))
        center[1:] = shape.GetCentroid(1)[1:]
    pixel_mm = float((upper - lower).max() / (pixels - 1))
    return [View(plane, _slice_grid(plane, lower, upper, center, pixel_mm)) for plane in planes]


def gray(values: np.ndarray, window: tuple[float, float] = LUNG_WINDOW_HU) -> np.ndarray:
    """Gray RGB picture (uint8) of values within a window."""
    return np.repeat(_unit(values, window)[..., None] * 255, 3, axis=-1).astype(np.uint8)


def overlay(fixed: np.ndarray, other: np.ndarray, window: tuple[float, float] = LUNG_WINDOW_HU) -> np.ndarray:
    """Fixed in orange, other in blue; where both agree the picture is gray, and dark gray where other has no values (nan)."""
    seen = np.isfinite(other)
    a, b = _unit(fixed, window), np.where(seen, _unit(other, window), _unit(fixed, window))
    return (np.stack([a, (a + b) / 2, b], axis=-1) * np.where(seen, 255, 110)[..., None]).astype(np.uint8)


def colored(
    background: np.ndarray, values: np.ndarray, shown: np.ndarray, colors: np.ndarray, low: float, high: float
) -> np.ndarray:
    """A color map of values where `shown`, over a gray background."""
    picture = gray(background)
    picture[shown] = (0.25 * picture[shown] + 0.75 * color_of(values[shown], colors, low, high)).astype(np.uint8)
    return picture


def symmetric_window(values: np.ndarray, center: float = 1.0) -> tuple[float, float]:
    """A window around a center that holds 98 % of the values, half width between 0.1 and 1, in steps of 0.1."""
    spread = np.abs(np.percentile(values, (1, 99)) - center).max() if values.size else 0.1
    half = float(np.clip(np.ceil(spread * 10) / 10, 0.1, 1.0))
    return center - half, center + half


def _slice_grid(plane: str, lower: np.ndarray, upper: np.ndarray, center: np.ndarray, pixel_mm: float) -> sitk.Image:
    through = PLANES[plane][2]
    origin, size = lower.copy(), np.maximum(np.round((upper - lower) / pixel_mm).astype(int) + 1, 2)
    origin[through], size[through] = center[through], 1
    if plane == "sagittal":
        origin[through] = lower[through] + 0.25 * (upper[through] - lower[through])
    grid = sitk.Image(size.tolist(), sitk.sitkUInt8)
    grid.SetOrigin(origin.tolist())
    grid.SetSpacing((pixel_mm,) * 3)
    return grid


def _unit(values: np.ndarray, window: tuple[float, float]) -> np.ndarray:
    return np.clip((values - window[0]) / (window[1] - window[0]), 0, 1)
