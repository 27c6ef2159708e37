"""Degrees of freedom of a pose, along and about the axes of a view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from CorrespondCoreLib.errors import InputError

from ..carm import CArm
from ..pose import Pose

SIX = (
    "shift right",
    "shift down",
    "shift along the beam",
    "rotation about the image's right",
    "rotation about the image's down",
    "rotation about the beam",
)
"""mm and degrees, along and about image right, image down, and source to detector of the first view."""

FITTED = {"in-plane": (0, 1, 5), "in-plane and depth": (0, 1, 2, 5), "six": (0, 1, 2, 3, 4, 5)}
"""Which of `SIX` each choice fits."""

ROTATIONS = (3, 4, 5)
"""Of `SIX`; those that are not fitted are held to the angles that are given."""


def moved(pose: Pose, axes: np.ndarray, step: np.ndarray) -> Pose:
    """A pose after a step (6,) of `SIX`, the rotations about where the pivot is now.

    Args:
        axes: (3, 3) LPS unit vectors as rows (`CArm.axes`).
    """
    turn = Rotation.from_rotvec(step[3:] @ axes, degrees=True) * Rotation.from_rotvec(pose.rotation_deg, degrees=True)
    shift = np.asarray(pose.translation_mm) + step[:3] @ axes
    return Pose(tuple(turn.as_rotvec(degrees=True).tolist()), tuple(shift.tolist()), pose.pivot_mm)


def point_moves(placed_mm: np.ndarray, pose: Pose, axes: np.ndarray) -> np.ndarray:
    """(6, K, 3) mm by which points (K, 3), already at a pose, move per unit of each of `SIX`."""
    arm = placed_mm - np.asarray(pose.pivot_mm) - np.asarray(pose.translation_mm)
    shifts = [np.broadcast_to(axis, arm.shape) for axis in axes]
    return np.stack(shifts + [np.deg2rad(1) * np.cross(axis, arm) for axis in axes])


def turn_between(first: Pose, second: Pose, axes: np.ndarray) -> np.ndarray:
    """(3,) degrees about the axes (rows), the rotation vector that carries the first pose's rotation to the second's."""
    first_turn, second_turn = (Rotation.from_rotvec(pose.rotation_deg, degrees=True) for pose in (first, second))
    return axes @ (second_turn * first_turn.inv()).as_rotvec(degrees=True)


def with_pivot(pose: Pose, pivot_mm: np.ndarray) -> Pose:
    """The same motion, told about another pivot."""
    return Pose.from_matrix(pose.matrix(), pivot_mm)


def view_angle_deg(first: CArm, second: CArm) -> float:
    """Angle between the beams of two views, 0 to 90: beams that run against each other see the same."""
    cosine = abs(float(first.axes()[2] @ second.axes()[2]))
    return float(np.rad2deg(np.arccos(min(cosine, 1.0))))


def largest_view_angle_deg(carms: Sequence[CArm]) -> float:
    """The largest angle between any two views; 0 for one."""
    return max((view_angle_deg(a, b) for i, a in enumerate(carms) for b in carms[:i]), default=0.0)


def chosen_degrees(degrees: str, carms: Sequence[CArm], least_angle_deg: float) -> str:
    """The key of `FITTED` that is meant; "auto" is six where two views are far enough apart, else in-plane.

    Raises:
        InputError: unknown, or six degrees of freedom are asked of views that cannot tell them.
    """
    angle = largest_view_angle_deg(carms)
    if degrees == "auto":
        return "six" if angle >= least_angle_deg else "in-plane"
    if degrees not in FITTED:
        raise InputError(f"Degrees of freedom: {degrees!r} is unknown; choose one of auto, {', '.join(FITTED)}.")
    if degrees == "six" and len(carms) < 2:
        raise InputError(
            f"One view cannot tell six degrees of freedom: it does not see the depth along its beam. Add a second view at "
            f"least {least_angle_deg:g} degrees away, or fit in-plane."
        )
    if degrees == "six" and angle < least_angle_deg:
        raise InputError(
            f"The views are {angle:.0f} degrees apart: too near to tell the depth along the beam. Six degrees of freedom need "
            f"views at least {least_angle_deg:g} degrees apart; choose another run, or fit in-plane."
        )
    return degrees
