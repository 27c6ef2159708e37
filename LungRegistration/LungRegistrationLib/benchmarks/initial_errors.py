"""Are these the landmarks that the papers used? Their mean distance before registration tells, and if not, often why."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import SimpleITK as sitk

from .protocols import Protocol

TOLERANCE_MM = 0.01  # the figures are known to two digits


def initial_error_mm(fixed_mm: np.ndarray, moving_mm: np.ndarray) -> float:
    """Mean distance of landmark pairs (N, 3)."""
    return float(np.linalg.norm(fixed_mm - moving_mm, axis=1).mean())


def deviation(protocol: Protocol, case: str, fixed_mm: np.ndarray, moving_mm: np.ndarray, moving: sitk.Image) -> str | None:
    """A sentence where the landmarks of a case are not those that the papers used, with the likely cause; else None.

    Args:
        fixed_mm, moving_mm: (N, 3) LPS mm, as read.
        moving: the volume that the moving landmarks belong to.
    """
    expected = protocol.initial_tre_mm.get(case)
    found = initial_error_mm(fixed_mm, moving_mm)
    if expected is None or (_same(found, expected) and len(fixed_mm) == protocol.landmarks):
        return None
    cause = next(_causes(protocol, case, fixed_mm, moving_mm, moving), "the files were changed, or are not this case's")
    return (
        f"{case}: the landmarks are {found:.2f} mm apart before registration, a correct reading gives {expected:.2f} mm. Likely "
        f"cause: {cause}. Errors of this case cannot be compared with those of the papers."
    )


def _causes(protocol: Protocol, case: str, fixed_mm: np.ndarray, moving_mm: np.ndarray, moving: sitk.Image) -> Iterator[str]:
    """What may be wrong, the surest first."""
    if len(fixed_mm) != protocol.landmarks:
        yield f"there are {len(fixed_mm)} landmarks instead of {protocol.landmarks}: the lists are incomplete, or another set"
    found = initial_error_mm(fixed_mm, moving_mm)
    if case in protocol.full_sets_mm and _same(found, protocol.full_sets_mm[case]):
        yield "these are the full point sets, not the 300 landmarks"
    for other, value in protocol.initial_tre_mm.items():
        if other != case and _same(found, value):
            yield f"these are the landmarks of {other}"
    spacing = np.array(moving.GetSpacing())
    voxels = moving_mm / spacing
    if np.abs(voxels - np.round(voxels)).max() > 0.01:
        yield "the lists hold no whole voxel numbers, such as millimeters: they must be DIR-Lab's own text files"
    height = (moving.GetSize()[2] - 1) * spacing[2]
    readings = {
        "one of the lists counts the slices from the other end": moving_mm * [1, 1, -1] + [0, 0, height],
        "one of the lists has x and y exchanged": moving_mm[:, [1, 0, 2]],
        "one of the lists counts from 0, the other from 1": moving_mm + spacing * [1, 1, -1],
        "one of the lists counts from 1, the other from 0": moving_mm - spacing * [1, 1, -1],
    }
    for cause, points in readings.items():
        if _same(initial_error_mm(fixed_mm, points), protocol.initial_tre_mm[case]):
            yield cause


def _same(a: float, b: float) -> bool:
    return abs(a - b) <= TOLERANCE_MM
