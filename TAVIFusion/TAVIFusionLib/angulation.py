"""Angles from which a valve is seen on edge: the S-curve, and the two views on it that a TAVI is done in.

A view is (primary, secondary) in degrees, LAO and CRA positive. Nadirs are the lowest points of the cusps in the order left,
right, non-coronary, LPS mm.
"""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.errors import InputError

from .carm import angles_of, view_direction

LEFT, RIGHT, NON_CORONARY = range(3)
FLATTEST_DEG = 5.0


def valve_normal(nadirs_mm: np.ndarray) -> np.ndarray:
    """(3,) LPS unit normal of the plane through (3, 3) nadirs, towards the head: the way the blood leaves.

    Raises:
        InputError: not three points, or points (nearly) on a line.
    """
    nadirs = np.asarray(nadirs_mm, dtype=float)
    if nadirs.shape != (3, 3) or not np.isfinite(nadirs).all():
        raise InputError("A valve plane needs three nadirs (left, right, non-coronary), each with three coordinates in mm.")
    sides = np.roll(nadirs, -1, axis=0) - nadirs
    lengths = np.linalg.norm(sides, axis=1)
    normal = np.cross(sides[0], sides[1])
    doubled_area = float(np.linalg.norm(normal))
    if lengths.min() == 0 or doubled_area < np.sin(np.deg2rad(FLATTEST_DEG)) * np.sort(lengths)[1:].prod():
        raise InputError(
            "The three nadirs lie (nearly) on a line, which makes no plane. Place each in the depth of its own cusp."
        )
    return normal / doubled_area * (1.0 if normal[2] >= 0 else -1.0)


def s_curve(normal: np.ndarray, primaries_deg: np.ndarray) -> np.ndarray:
    """Secondary angles (N,) at which the plane of a normal (3,) LPS is seen on edge, for primary angles (N,), in degrees.

    The view direction d is perpendicular to the normal n there: tan(secondary) = (cos a n_P - sin a n_L) / n_S. With n_S = 0
    the plane is upright: it is on edge from straight above only (90), or from its own primary angle at any secondary (0 is
    given).
    """
    left, posterior, superior = np.asarray(normal, dtype=float)
    a = np.deg2rad(np.asarray(primaries_deg, dtype=float))
    across = np.cos(a) * posterior - np.sin(a) * left
    across = np.where(np.abs(across) < 1e-12, 0.0, across)
    return np.rad2deg(np.arctan2(across * (1.0 if superior >= 0 else -1.0), abs(superior)))


def foreshortening_deg(view: tuple[float, float], normal: np.ndarray) -> float:
    """Angle between a view's direction and the valve plane: 0 where the plane is on edge, 90 where one looks along its normal."""
    unit = np.asarray(normal, dtype=float) / np.linalg.norm(normal)
    return float(np.rad2deg(np.arcsin(np.clip(abs(view_direction(*view) @ unit), 0.0, 1.0))))


def cusp_overlap_view(nadirs_mm: np.ndarray) -> tuple[float, float]:
    """The view along the line through the left and the right nadir: both coincide, the non-coronary one stands alone.

    Of the two directions along the line, that from the patient's front is given. Raises: see `valve_normal`.
    """
    valve_normal(nadirs_mm)
    nadirs = np.asarray(nadirs_mm, dtype=float)
    return _from_the_front(nadirs[RIGHT] - nadirs[LEFT])


def three_cusp_view(nadirs_mm: np.ndarray) -> tuple[float, float]:
    """The view in which the three nadirs stand in one line, the right one half way between the other two.

    One looks along the line from the middle of the left and the non-coronary nadir to the right one, which is a median of the
    nadirs' triangle and lies in the valve plane. Raises: see `valve_normal`.
    """
    valve_normal(nadirs_mm)
    nadirs = np.asarray(nadirs_mm, dtype=float)
    return _from_the_front(nadirs[RIGHT] - (nadirs[LEFT] + nadirs[NON_CORONARY]) / 2)


def _from_the_front(direction: np.ndarray) -> tuple[float, float]:
    """Angles of the direction or its opposite, whichever has the detector before the patient."""
    return angles_of(direction if direction[1] <= 0 else -direction)
