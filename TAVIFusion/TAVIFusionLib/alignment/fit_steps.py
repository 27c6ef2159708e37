"""Steps of the fit of a pose to outlines: which equations the pairs of a placement give, and where they lead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..pose import Pose
from .degrees import ROTATIONS, moved, turn_between
from .outline_pairs import Agreement, OutlineMatcher
from .rim import Rim, RimView
from .settings import FitSettings

TO_THE_APEX = np.array([0.5, -0.3, -0.8])
"""Where the base of the heart, and the root with it, goes in systole, LPS: about the axis of the left ventricle."""
TO_THE_FEET = np.array([0.0, 0.0, -1.0])
_CAP_MM = 6.0
_SMALL_STEP = 0.01
_FAR_MM = 8.0


@dataclass(frozen=True)
class Placed:
    """Where the model lies: its pose in the first view, and by how much heart and breath moved it since in each of the others.

    Attributes:
        pose: in the first view. moves_mm: (views - 1, 3) LPS.
    """

    pose: Pose
    moves_mm: np.ndarray

    @property
    def poses(self) -> list[Pose]:
        """Of each view."""
        return [self.pose, *(self.pose.shifted(move) for move in self.moves_mm)]


@dataclass(frozen=True)
class Tried:
    """A placement, and how well it explains the mask of each view."""

    placed: Placed
    agreements: list[Agreement]

    @property
    def cost_mm(self) -> float:
        """Mean over the views."""
        return float(np.mean([agreement.cost_mm for agreement in self.agreements]))


def without_last(normal: np.ndarray, pull: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of the first unknowns, the others eliminated."""
    other = np.linalg.solve(normal[kept:, kept:], np.column_stack([normal[kept:, :kept], pull[kept:]]))
    return normal[:kept, :kept] - normal[:kept, kept:] @ other[:, :-1], pull[:kept] - normal[:kept, kept:] @ other[:, -1]


class FitSteps:
    """Steps of the fit, and how good a pose is."""

    def __init__(
        self,
        rim: Rim,
        matchers: list[OutlineMatcher],
        fitted: Sequence[int],
        settings: FitSettings,
        focus_mm: np.ndarray | None,
    ):
        self._rim, self.matchers, self.fitted, self.settings, self._focus_mm = rim, matchers, list(fitted), settings, focus_mm
        self._last: tuple[Placed | None, list[RimView]] = None, []
        self.axes = matchers[0].carm.axes()
        ways = (settings.beat_mm * TO_THE_APEX, settings.breath_mm * TO_THE_FEET, *(settings.moved_mm * np.eye(3)))
        self._moves_held = np.linalg.inv(sum(np.outer(way, way) for way in ways))

    def still(self, pose: Pose) -> Placed:
        """A pose that is the same in all views."""
        return Placed(pose, np.zeros((len(self.matchers) - 1, 3)))

    def refined(self, placed: Placed, trusted: Pose, reaches_mm: tuple[float, float], count: int) -> Tried:
        """The placement after steps whose reach shrinks; what the outlines do not tell is held to the trusted pose."""
        settings, (from_reach_mm, to_reach_mm) = self.settings, reaches_mm
        prior = np.repeat([settings.shift_trust_mm, settings.angle_trust_deg], 3) ** -2.0
        free = sorted({*self.fitted, *ROTATIONS})
        for number in range(count):
            reach = from_reach_mm * (to_reach_mm / from_reach_mm) ** min(1.0, number / max(1, count - 4))
            normal, pull = self.normal_equations(placed, reach)
            pose = placed.pose
            shifted = self.axes @ np.subtract(pose.translation_mm, trusted.translation_mm)
            away = np.append(shifted, turn_between(trusted, pose, self.axes))
            normal[range(6), range(6)] += prior
            pull[:6] -= prior * away
            step = np.zeros(len(pull))
            damping = 1e-3 * np.diag(np.maximum(np.diag(normal), 1e-9))
            unknown = [*free, *range(6, len(pull))]
            step[unknown] = np.linalg.solve((normal + damping)[np.ix_(unknown, unknown)], pull[unknown])
            step[:6] *= min(1.0, _FAR_MM / max(np.abs(step[:3]).max(), 2 * np.abs(step[3:6]).max(), 1e-9))
            placed = Placed(moved(pose, self.axes, step[:6]), placed.moves_mm + step[6:].reshape(-1, 3))
            if number >= count - 4 and np.abs(step).max() < _SMALL_STEP:
                break
        seen = self._seen(placed)
        return Tried(placed, [m.agreement(s, _CAP_MM) for m, s in zip(self.matchers, seen, strict=True)])

    def normal_equations(self, placed: Placed, reach_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """Of the pose (6) and of the moves between the views (3 for each but the first), in independent pieces of outline over
        the variance of their residuals; each outline counts half.

        A common distance of the outlines along their normals, by which a vessel is wider in mask than in model (threshold, phase
        of the heart), is fitted along and eliminated, so that it does not pull where only one side of a vessel is seen.
        """
        count = 6 + 3 * len(placed.moves_mm)
        normal, pull = np.zeros((count + 1, count + 1)), np.zeros(count + 1)
        normal[count, count] = self.settings.width_mm**-2.0
        for move, place in zip(placed.moves_mm, range(6, count, 3), strict=True):
            normal[place : place + 3, place : place + 3] = self._moves_held
            pull[place : place + 3] = -self._moves_held @ move
        for number, (matcher, pose, seen) in enumerate(zip(self.matchers, placed.poses, self._seen(placed), strict=True)):
            pairs = matcher.pairs(seen, reach_mm)
            if len(pairs.weights) == 0:
                continue
            residual, by_pose = pairs.residuals(pose, matcher.carm, self.axes)
            derivative = np.zeros((len(residual), count + 1))
            derivative[:, :6], derivative[:, count] = by_pose, -1
            if number:
                derivative[:, 3 + 3 * number : 6 + 3 * number] = by_pose[:, :3] @ self.axes
            spread = max(self.settings.noise_mm, 1.4826 * float(np.median(np.abs(residual))))
            weight = 0.5 * pairs.weights * self._attention(pairs.model_mm) / self.settings.piece_mm / spread**2
            normal += derivative.T @ (weight[:, None] * derivative)
            pull -= derivative.T @ (weight * residual)
        return without_last(normal, pull, count)

    def _seen(self, placed: Placed) -> list[RimView]:
        """The rim in each view; that of the last placement is kept, for a step's end is looked at more than once."""
        if placed is not self._last[0]:
            views = [self._rim.seen(pose, matcher.carm) for pose, matcher in zip(placed.poses, self.matchers, strict=True)]
            self._last = placed, views
        return self._last[1]

    def _attention(self, model_mm: np.ndarray) -> np.ndarray:
        """(K,) 1 at the focus, half at `focus_mm` from it, little beyond: an arch in another phase must not move the root."""
        if self._focus_mm is None:
            return np.ones(len(model_mm))
        return 1 / (1 + (np.linalg.norm(model_mm - self._focus_mm, axis=1) / self.settings.focus_mm) ** 4)
