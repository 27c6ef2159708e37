"""A pose from points picked in the model and in the frames: alone, or as a start for the fit to the outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from CorrespondCoreLib.errors import InputError

from ..carm import CArm
from ..pose import Pose
from .degrees import FITTED, chosen_degrees, largest_view_angle_deg, moved, point_moves, turn_between, with_pivot
from .views import plane_mm, plane_motion

_PICK_MM = 1.0
_STEPS = 60
_LEAST_VIEW_ANGLE_DEG = 30.0


@dataclass
class PointFit:
    """A pose from point pairs.

    Attributes:
        pose: of the model in the patient's frame.
        degrees: key of `degrees.FITTED`.
        residual_mm: (views, N) distance at the isocenter of the pairs that were used; nan where a point is not seen.
    """

    pose: Pose
    degrees: str
    residual_mm: np.ndarray


def fit_points(
    points_mm: np.ndarray,
    pixels: np.ndarray,
    carms: Sequence[CArm],
    start: Pose | None = None,
    degrees: str = "auto",
    angle_trust_deg: float | None = 3.0,
) -> PointFit:
    """The pose at which points of the model are seen where they were picked.

    Args:
        points_mm: (N, 3) LPS, in the model's frame; up to four are usual.
        pixels: (views, N, 2) (column, row) in each view, nan where a point is not seen; (N, 2) for one view.
        carms: one per view.
        start: its rotation is believed within `angle_trust_deg` (one standard deviation, against 1 mm for a pick).
        degrees: see `pose_fit.fit_pose`; "auto": six with points in two views at least 30 degrees apart, else in-plane.
        angle_trust_deg: None where the model's frame is turned in an unknown way; then three points that are seen in two views
            tell the rotation.

    Raises:
        InputError: no pairs, shapes that do not fit, or too few points for an unknown rotation.
    """
    points, picked = np.asarray(points_mm, dtype=float), np.asarray(pixels, dtype=float)
    picked = picked[None] if picked.ndim == 2 else picked
    if points.ndim != 2 or points.shape[1] != 3 or picked.shape != (len(carms), len(points), 2):
        raise InputError(f"Point pairs are (N, 3) points and (views, N, 2) pixels, not {points.shape} and {picked.shape}.")
    seen = np.isfinite(picked).all(axis=2)
    if not seen.any():
        raise InputError("Pick at least one point in the model and in a frame.")
    start = start or Pose()
    used = [carm for carm, row in zip(carms, seen, strict=True) if row.any()]
    degrees = chosen_degrees(degrees, used, _LEAST_VIEW_ANGLE_DEG)
    if not np.any(start.pivot_mm):
        start = with_pivot(start, points[seen.any(axis=0)].mean(axis=0))
    if angle_trust_deg is None:
        start = _turned_start(points, picked, carms, start.pivot_mm)
    pose = _fitted(points, picked, seen, carms, used[0].axes(), start, FITTED[degrees], angle_trust_deg)
    residual = np.stack(
        [np.linalg.norm(_offsets(points, row, carm, pose), axis=1) for row, carm in zip(picked, carms, strict=True)]
    )
    return PointFit(pose, degrees, residual)


def triangulated(pixels: np.ndarray, carms: Sequence[CArm]) -> np.ndarray:
    """(3,) LPS mm that lies nearest to the rays through pixels (views, 2), at least two of them.

    Sum of (I - d d^T) (x - source) over the rays = 0.
    """
    normal, right = np.zeros((3, 3)), np.zeros(3)
    for pixel, carm in zip(pixels, carms, strict=True):
        direction = carm.rays(pixel[None])[0]
        across = np.eye(3) - np.outer(direction, direction)
        normal += across
        right += across @ carm.source_mm
    return np.linalg.solve(normal, right)


def _turned_start(points: np.ndarray, picked: np.ndarray, carms: Sequence[CArm], pivot_mm) -> Pose:
    """The rigid motion that carries points to where their rays of two views meet (Kabsch)."""
    both = np.isfinite(picked).all(axis=2).sum(axis=0) >= 2
    if np.count_nonzero(both) < 3 or largest_view_angle_deg(carms) < _LEAST_VIEW_ANGLE_DEG:
        raise InputError(
            "A model that is turned in an unknown way needs three points or more, each picked in two views that are at least "
            f"{_LEAST_VIEW_ANGLE_DEG:g} degrees apart."
        )
    there = []
    for index in np.nonzero(both)[0]:
        rays = np.isfinite(picked[:, index]).all(axis=1)
        there.append(triangulated(picked[rays, index], [carm for carm, ray in zip(carms, rays, strict=True) if ray]))
    here, there_mm = points[both], np.array(there)
    turn = Rotation.align_vectors(there_mm - there_mm.mean(axis=0), here - here.mean(axis=0))[0].as_matrix()
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn, there_mm.mean(axis=0) - turn @ here.mean(axis=0)
    return Pose.from_matrix(matrix, pivot_mm)


def _fitted(points, picked, seen, carms, axes, start: Pose, fitted, trust_deg: float | None) -> Pose:
    """Damped Gauss-Newton steps."""
    pose, prior = start, np.zeros(6)
    prior[3:] = 0.0 if trust_deg is None else trust_deg**-2.0
    for _ in range(_STEPS):
        away = np.append(np.zeros(3), turn_between(start, pose, axes))
        normal, pull = np.diag(prior + 1e-6), -prior * away
        for row, shown, carm in zip(picked, seen, carms, strict=True):
            derivative = _derivative(points[shown], pose, axes, carm)
            offsets = _offsets(points[shown], row[shown], carm, pose).T.ravel()
            normal = normal + derivative.T @ derivative / _PICK_MM**2
            pull = pull + derivative.T @ offsets / _PICK_MM**2
        step = np.zeros(6)
        step[list(fitted)] = np.linalg.solve(normal[np.ix_(fitted, fitted)], pull[list(fitted)])
        step[3:] *= min(1.0, 15.0 / max(float(np.abs(step[3:]).max()), 1e-9))
        pose = moved(pose, axes, step)
        if np.abs(step).max() < 1e-4:
            break
    return pose


def _offsets(points: np.ndarray, picked: np.ndarray, carm: CArm, pose: Pose) -> np.ndarray:
    """(N, 2) mm at the isocenter from where points are projected to where they were picked."""
    return plane_mm(picked, carm) - plane_mm(carm.project(pose.apply(points)), carm)


def _derivative(points: np.ndarray, pose: Pose, axes: np.ndarray, carm: CArm) -> np.ndarray:
    """(2 N, 6) how projected points move right (first N rows) and down by a step of `degrees.SIX`."""
    placed = pose.apply(points)
    moves = point_moves(placed, pose, axes)
    sides = [np.broadcast_to(side, (len(points), 2)) for side in np.eye(2)]
    return np.concatenate([plane_motion(placed, moves, side, carm) for side in sides])
