"""How far points that took no part in the alignment are seen from where the model has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..carm import CArm
from .views import plane_mm


@dataclass(frozen=True)
class PointError:
    """A point in a view: nadir, ostium, calcification.

    Attributes:
        name: of the point. view: index, from 0.
        right_mm, down_mm: from where the model has it to where it is seen, at the depth of the isocenter.
        error_mm: length of that.
    """

    name: str
    view: int
    right_mm: float
    down_mm: float
    error_mm: float


def point_errors(names: Sequence[str], placed: np.ndarray, seen: np.ndarray, carms: Sequence[CArm]) -> list[PointError]:
    """Errors in mm at the isocenter's plane; what is along the beam is not in them.

    Args:
        placed: (views, N, 2) pixels where the model has the points, seen: the same where they are; nan where they are not.
    """
    result = []
    for view, carm in enumerate(carms):
        offsets = plane_mm(seen[view], carm) - plane_mm(placed[view], carm)
        for name, (right, down) in zip(names, offsets.tolist(), strict=True):
            if np.isfinite([right, down]).all():
                result.append(PointError(name, view, right, down, float(np.hypot(right, down))))
    return result
