"""The pictures of the report: overlays before and after, volume change and expected error, in two planes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.charts import color_bar
from CorrespondCoreLib.pictures import DIVERGING, SEQUENTIAL, Picture, data_url

from ..geometry.displacement import field_transform
from ..measures.evaluation import Evaluation, Pair
from .pictures import View, colored, overlay, symmetric_window, views


@dataclass(frozen=True)
class PictureRow:
    """The pictures of one plane."""

    plane: str
    pictures: list[Picture]


_OVERLAY_LEGEND = (
    '<span class="key"><i style="background:#e8902f"></i>fixed only</span> <span class="key"><i style="background:#2f87e8"></i>'
    'moving only</span> <span class="key"><i style="background:#9a9a9a"></i>both</span>'
)


def report_pictures(pair: Pair, evaluation: Evaluation, field: sitk.Image) -> list[PictureRow]:
    """Coronal and axial pictures of a result: before, after, Jacobian, expected error (the last two with lungs only)."""
    window, transform = jacobian_window(pair, evaluation), field_transform(field)
    rows = []
    for view in views(pair.fixed, pair.fixed_mask, ("coronal", "axial")):
        fixed = view.of(pair.fixed)
        pictures = [
            Picture("Before", data_url(overlay(fixed, view.of(pair.moving, np.nan))), _OVERLAY_LEGEND),
            Picture("After", data_url(overlay(fixed, view.of(pair.moving, np.nan, transform))), _OVERLAY_LEGEND),
        ]
        if pair.fixed_mask is not None:
            pictures += _maps(view, fixed, view.of_mask(pair.fixed_mask), evaluation, window)
        rows.append(PictureRow(view.plane, pictures))
    return rows


def jacobian_window(pair: Pair, evaluation: Evaluation) -> tuple[float, float]:
    """The window of the Jacobian map, symmetric about 1, that suits the lung (all voxels without a mask)."""
    values = sitk.GetArrayViewFromImage(evaluation.jacobian)
    if pair.fixed_mask is not None:
        values = values[sitk.GetArrayViewFromImage(pair.fixed_mask) != 0]
    return symmetric_window(values)


def _maps(view: View, fixed: np.ndarray, lung: np.ndarray, evaluation: Evaluation, window: tuple[float, float]) -> list[Picture]:
    jacobian = view.of(evaluation.jacobian, default=1.0)
    pictures = [
        Picture(
            "Volume change",
            data_url(colored(fixed, jacobian, lung, DIVERGING, *window)),
            color_bar(DIVERGING, *window, "det J: moving / fixed volume"),
        )
    ]
    if evaluation.error_map is not None:
        error = view.of(evaluation.error_map.image, default=0.0)
        top = 5.0
        pictures.append(
            Picture(
                "Expected error",
                data_url(colored(fixed, error, lung & (error > 0), SEQUENTIAL, 0.0, top)),
                color_bar(SEQUENTIAL, 0.0, top, "expected error in mm"),
            )
        )
    return pictures
