"""Where a fit starts: shifts and turns in the image at which the outlines of model and mask lie near each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.ndimage import distance_transform_edt

from ..carm import CArm
from ..pose import Pose
from .degrees import moved
from .outline_pairs import OutlineMatcher
from .rim import Rim, RimView
from .views import evenly

_STEP_MM = 4.0
_STEP_DEG = 4.0
_CAP_MM = 10.0
_CELL_MM = 1.0
_APART_MM = 6.0
_APART_DEG = 5.0
_POINTS = 250


def start_poses(
    rim: Rim, matchers: list[OutlineMatcher], start: Pose, fitted: Sequence[int], search_mm: float, search_deg: float, count: int
) -> list[Pose]:
    """The given pose, and the most promising others in each view's plane, at most `count` together.

    With several views, the shifts found in each are joined to one shift in space by least squares.

    Args:
        fitted: indices of `degrees.SIX`.
    """
    found = [
        _in_view(rim.seen(start, m.carm).outline(), m, rim, start, search_mm, search_deg if 5 in fitted else 0.0)
        for m in matchers
    ]
    poses = [start]
    for steps in sorted(itertools.product(*found), key=lambda each: sum(cost for cost, _ in each)):
        pose = _joined(start, [m.carm for m in matchers], [step for _, step in steps])
        if len(poses) < count:
            poses.append(pose)
    return poses[:count]


def centered(rim: Rim, matchers: list[OutlineMatcher], start: Pose) -> Pose:
    """The pose shifted so that the middle of the model is seen where the middle of each mask is."""
    steps = []
    for matcher in matchers:
        middle = matcher.outline.points_mm.mean(axis=0)
        here = matcher.carm.camera_points(start.apply(rim.center_mm[None]))[0, :2]
        steps.append(np.append(middle - here, 0.0))
    return _joined(start, [matcher.carm for matcher in matchers], steps)


def _in_view(seen: RimView, matcher: OutlineMatcher, rim: Rim, start: Pose, search_mm: float, search_deg: float):
    """The best (cost, (right mm, down mm, turn degrees)) that lie apart from each other, best first, at most four."""
    if len(seen.points_mm) == 0:
        return [(0.0, np.zeros(3))]
    outline = matcher.outline
    pivot = matcher.carm.camera_points(start.apply(np.asarray([start.pivot_mm])))[0, :2]
    model = seen.points_mm[evenly(seen.points_mm, _POINTS)]
    mask = outline.points_mm[evenly(outline.points_mm, _POINTS)]
    to_mask, to_model = _DistanceMap(outline.points_mm, search_mm), _DistanceMap(seen.points_mm, search_mm)
    shifts = np.arange(-search_mm, search_mm + 1e-6, _STEP_MM) if search_mm > 0 else np.zeros(1)
    shifts = shifts - shifts[np.argmin(np.abs(shifts))]
    grid = np.stack(np.meshgrid(shifts, shifts, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    turns = np.arange(-search_deg, search_deg + 1e-6, _STEP_DEG) if search_deg > 0 else np.zeros(1)
    tried = []
    for turn in turns:
        c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
        rotation = np.array([[c, s], [-s, c]])  # right, down as rows: a positive turn carries right to down
        there = to_mask((model - pivot) @ rotation + pivot + grid).mean(axis=1)
        back = to_model((mask - grid - pivot) @ rotation.T + pivot).mean(axis=1)
        tried += [(float(a + b), np.array([*shift, turn])) for a, b, shift in zip(there, back, grid[:, 0], strict=True)]
    tried.sort(key=lambda each: each[0])
    best: list[tuple[float, np.ndarray]] = []
    for cost, step in tried:
        far = all(np.hypot(*(step - b)[:2]) > _APART_MM or abs((step - b)[2]) > _APART_DEG for _, b in best)
        if far:
            best.append((cost, step))
        if len(best) == 4:
            break
    return best


def _joined(start: Pose, carms: Sequence[CArm], steps: Sequence[np.ndarray]) -> Pose:
    """One shift in space and one turn that come nearest to the steps (right, down, turn) of all views."""
    rows = np.concatenate([carm.axes()[:2] for carm in carms])
    shift = np.linalg.lstsq(rows, np.concatenate([step[:2] for step in steps]), rcond=None)[0]
    axes = carms[0].axes()
    beams = np.stack([carm.axes()[2] for carm in carms])
    turn = np.linalg.lstsq(beams, np.array([step[2] for step in steps]), rcond=None)[0]
    return moved(start, axes, np.concatenate([axes @ shift, axes @ turn]))


class _DistanceMap:
    """Capped distance to points (N, 2) in mm, looked up on a grid of 1 mm."""

    def __init__(self, points_mm: np.ndarray, margin_mm: float):
        self._lowest = points_mm.min(axis=0) - _CAP_MM - margin_mm
        size = np.ceil((points_mm.max(axis=0) + _CAP_MM + margin_mm - self._lowest) / _CELL_MM).astype(int) + 1
        empty = np.ones(tuple(size), dtype=bool)
        empty[tuple(np.rint((points_mm - self._lowest) / _CELL_MM).astype(int).T)] = False
        self._map = np.minimum(distance_transform_edt(empty) * _CELL_MM, _CAP_MM).astype(np.float32)

    def __call__(self, points_mm: np.ndarray) -> np.ndarray:
        cells = np.rint((points_mm - self._lowest) / _CELL_MM).astype(int)
        inside = ((cells >= 0) & (cells < self._map.shape)).all(axis=-1)
        cells = np.clip(cells, 0, np.asarray(self._map.shape) - 1)
        return np.where(inside, self._map[cells[..., 0], cells[..., 1]], _CAP_MM)
