"""Visits of one eye over each other: growth of the lesion, and what is new, stable and lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.models import Model

from .enface_plane import plane_map, resampled, resampled_mask, upright_grid
from .measures.growth import LOST, NEW, STABLE, difference_map, growth
from .measures.lesion import area_mm2
from .scan import OctScan
from .visit_registration import VisitRegistration

PIXEL_MM = 0.01
"""Of difference maps."""


@dataclass
class Visit:
    """One visit of an eye.

    Attributes:
        mask: of the lesion, (B-scans, A-scans). bruch_depth: of the same shape, voxels.
        years: since any moment that all visits share.
        registration: over the first visit; None for that one.
        models, device: what segmented it; empty and "cpu" where the mask was given.
    """

    scan: OctScan
    mask: np.ndarray
    bruch_depth: np.ndarray
    years: float
    registration: VisitRegistration | None = None
    models: list[Model] = field(default_factory=list)
    device: str = "cpu"

    @property
    def placed(self) -> bool:
        """It is a later visit whose place over the first one is known."""
        return self.registration is not None and self.registration.trusted


def growth_of(visits: Sequence[Visit]) -> dict:
    """Growth by the whole masks; under "common_field" by what all visits scanned (null where one could not be registered)."""
    years = [visit.years for visit in visits]
    values = growth(years, [area_mm2(visit.mask, visit.scan.spacing_mm) for visit in visits])
    common = None
    if all(visit.registration is None or visit.registration.trusted for visit in visits):
        grid = _grid(visits[0])
        inside = np.logical_and.reduce([_covered(visit, grid) for visit in visits])
        areas = [float((_on(visit, grid) & inside).sum()) * PIXEL_MM**2 for visit in visits]
        common = {"field_mm2": float(inside.sum()) * PIXEL_MM**2, "area_mm2": areas, **growth(years, areas)}
    return {**values, "common_field": common}


def change_map(first: Visit, later: Visit) -> sitk.Image:
    """What is new, stable and lost, as image of one voxel's depth over the first visit (labels of `measures.growth`)."""
    grid = _grid(first)
    covered = _covered(first, grid) & _covered(later, grid)
    labels = difference_map(_on(first, grid), _on(later, grid), covered)
    image = sitk.GetImageFromArray(np.ascontiguousarray(labels[:, None, :]))
    place = first.scan.enface_image(np.zeros(first.scan.enface_shape, np.uint8))
    image.SetSpacing((PIXEL_MM, place.GetSpacing()[1], PIXEL_MM))
    image.SetOrigin((grid.GetOrigin()[0], place.GetOrigin()[1], grid.GetOrigin()[1]))
    image.SetDirection((1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, -1.0))
    return image


def changed_mm2(image: sitk.Image) -> dict[str, float]:
    """Area of each label of a difference map."""
    labels = sitk.GetArrayViewFromImage(image)
    parts = {"new": NEW, "stable": STABLE, "lost": LOST}
    return {f"{name}_mm2": float((labels == label).sum()) * PIXEL_MM**2 for name, label in parts.items()}


def _grid(first: Visit) -> sitk.Image:
    return upright_grid(plane_map(first.scan, np.zeros(first.scan.enface_shape)), PIXEL_MM)


def _transform(visit: Visit) -> sitk.Transform | None:
    return visit.registration.transform if visit.registration else None


def _on(visit: Visit, grid: sitk.Image) -> np.ndarray:
    return resampled_mask(visit.scan, visit.mask, grid, _transform(visit))


def _covered(visit: Visit, grid: sitk.Image) -> np.ndarray:
    return np.isfinite(resampled(plane_map(visit.scan, np.ones(visit.scan.enface_shape)), grid, _transform(visit)))
