"""Fit of the model's pose to the vessel's outline in one or more views: no images are rendered, outlines are brought together.

For a pose the rim of the mesh (see `rim`) is projected; each piece of the mask's outline is paired with the nearest piece of the
rim that faces the same way, and back; a damped Gauss-Newton step brings the pairs together along their normals; the reach of the
pairs shrinks. This is done from several starts, and the best is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..meshes import Mesh
from ..pose import Pose
from .confidence import SLIDING, Direction, directions_of
from .degrees import FITTED, ROTATIONS, chosen_degrees, moved, turn_between, with_pivot
from .outline_pairs import Agreement, OutlineMatcher, seen_by
from .rim import Rim
from .settings import FitSettings
from .starts import centered, start_poses
from .views import View

_CAP_MM = 6.0
_SMALL_STEP = 0.01
_AMBIGUOUS_MM = 3.0
_MUCH_WORSE = 1.3
_FAR_MM = 8.0


@dataclass
class PoseFit:
    """Result of a fit.

    Attributes:
        pose: of the model in the patient's frame.
        degrees: key of `degrees.FITTED`.
        residual_mm: median distance of the mask's outline to the model's in each view, mm at the isocenter.
        matched: part of the mask's outline that the model explains, in each view.
        confidence: of each direction, by its name (`degrees.SIX`, `confidence.SLIDING`).
        warnings: sentences for the user.
    """

    pose: Pose
    degrees: str
    residual_mm: list[float]
    matched: list[float]
    confidence: dict[str, Direction]
    warnings: list[str] = field(default_factory=list)


def fit_pose(
    mesh: Mesh | Rim,
    views: Sequence[View],
    start: Pose | None = None,
    degrees: str = "in-plane",
    starts: int = 4,
    settings: FitSettings | None = None,
    progress: Progress | None = None,
    trusted: Pose | None = None,
) -> PoseFit:
    """Align a model with the vessel that one or more views show.

    Args:
        mesh: LPS mm; a `Rim` saves the making of it when many frames are fitted.
        start: pose to start from. A pivot that it has is where the fit matters, the root: what lies within `focus_mm` of it
            counts most. Without one the middle of the model is the pivot, and all counts alike.
        degrees: "in-plane" (axes of the first view), "in-plane and depth", "six" with two views at least 30 degrees apart, or
            "auto". Rotations out of the plane that are not fitted are held to the angles: they give way within their error
            (`FitSettings.angle_trust_deg`), which keeps it from turning into a shift of the root, and are never called certain.
        starts: that are tried, the given pose among them; with 1 only the given pose.
        trusted: pose whose angles and shift hold what the outlines do not tell (see FitSettings); the start if None. It must have
            the start's pivot.

    Raises:
        InputError: no view, a view without a vessel, views too near to each other for six degrees of freedom, or a model that
            no view sees.
    """
    settings, progress, start = settings or FitSettings(), progress or Progress(), start or Pose()
    if not views:
        raise InputError("An alignment needs at least one view with the vessel's mask.")
    carms = [view.carm for view in views]
    with progress.stage("Outlines", until=0.2):
        rim = mesh if isinstance(mesh, Rim) else Rim(mesh)
        matchers = [OutlineMatcher(view, settings.normal_mm) for view in views]
    degrees = chosen_degrees(degrees, carms, settings.least_view_angle_deg)
    fitted = FITTED[degrees]
    focus = np.asarray(start.pivot_mm) if np.any(start.pivot_mm) else None
    if focus is None:
        start = with_pivot(start, rim.center_mm)
    fit = _Fit(rim, matchers, fitted, settings, focus)
    with progress.stage("Fit", until=1.0) as step:
        first = [start]
        if starts > 1:
            first = start_poses(rim, matchers, start, fitted, settings.search_mm, settings.search_deg, starts)
            if min(a.matched for a in fit.agreements(first[1] if len(first) > 1 else start)) < 0.2:
                first += start_poses(
                    rim, matchers, centered(rim, matchers, start), fitted, settings.search_mm, settings.search_deg, starts
                )
        tried = []
        for number, pose in enumerate(first):
            reaches = settings.first_reach_mm, 0.6 * settings.first_reach_mm
            tried.append(fit.refined(pose, trusted or start, *reaches, count=max(1, settings.steps // 2)))
            step((number + 1) / (len(first) + 2))
        reaches = 0.6 * settings.first_reach_mm, settings.last_reach_mm
        best = [fit.refined(pose, trusted or start, *reaches, count=settings.steps) for _, pose in _best_two(tried)]
        cost, pose = min(best, key=lambda each: each[0])
    return _result(fit, pose, cost, best, degrees, settings)


class _Fit:
    """Steps of the fit, and how good a pose is."""

    def __init__(
        self,
        rim: Rim,
        matchers: list[OutlineMatcher],
        fitted: Sequence[int],
        settings: FitSettings,
        focus_mm: np.ndarray | None,
    ):
        self.rim, self.matchers, self.fitted, self.settings, self._focus_mm = rim, matchers, list(fitted), settings, focus_mm
        self.axes = matchers[0].carm.axes()

    def agreements(self, pose: Pose) -> list[Agreement]:
        seen = seen_by(self.rim, self.matchers, pose)
        return [m.agreement(s, _CAP_MM) for m, s in zip(self.matchers, seen, strict=True)]

    def refined(self, pose: Pose, trusted: Pose, from_reach_mm: float, to_reach_mm: float, count: int) -> tuple[float, Pose]:
        """(cost in mm, pose) after steps whose reach shrinks; what the outlines do not tell is held to the trusted pose."""
        prior = np.repeat([self.settings.shift_trust_mm, self.settings.angle_trust_deg], 3) ** -2.0
        free = sorted({*self.fitted, *ROTATIONS})
        for number in range(count):
            reach = from_reach_mm * (to_reach_mm / from_reach_mm) ** min(1.0, number / max(1, count - 4))
            normal, pull = self.normal_equations(pose, reach)
            shifted = self.axes @ np.subtract(pose.translation_mm, trusted.translation_mm)
            away = np.append(shifted, turn_between(trusted, pose, self.axes))
            normal, pull = normal + np.diag(prior), pull - prior * away
            step = np.zeros(6)
            damping = 1e-3 * np.diag(np.maximum(np.diag(normal), 1e-9))
            step[free] = np.linalg.solve((normal + damping)[np.ix_(free, free)], pull[free])
            step *= min(1.0, _FAR_MM / max(np.abs(step[:3]).max(), 2 * np.abs(step[3:]).max(), 1e-9))
            pose = moved(pose, self.axes, step)
            if number >= count - 4 and np.abs(step).max() < _SMALL_STEP:
                break
        return float(np.mean([a.cost_mm for a in self.agreements(pose)])), pose

    def normal_equations(self, pose: Pose, reach_mm: float) -> tuple[np.ndarray, np.ndarray]:
        """(6, 6) and (6,), in independent pieces of outline over the variance of their residuals; each outline counts half.

        A common distance of the outlines along their normals, by which a vessel is wider in mask than in model (threshold, phase
        of the heart), is fitted along and eliminated, so that it does not pull where only one side of a vessel is seen.
        """
        normal, pull = np.zeros((7, 7)), np.zeros(7)
        normal[6, 6] = self.settings.width_mm**-2.0
        for matcher in self.matchers:
            pairs = matcher.pairs(self.rim.seen(pose, matcher.carm), reach_mm)
            if len(pairs.weights) == 0:
                continue
            residual, derivative = pairs.residuals(pose, matcher.carm, self.axes)
            derivative = np.column_stack([derivative, -np.ones(len(residual))])
            spread = max(self.settings.noise_mm, 1.4826 * float(np.median(np.abs(residual))))
            weight = 0.5 * pairs.weights * self._attention(pairs.model_mm) / self.settings.piece_mm / spread**2
            normal += derivative.T @ (weight[:, None] * derivative)
            pull -= derivative.T @ (weight * residual)
        width = normal[:6, 6] / normal[6, 6]
        return normal[:6, :6] - np.outer(width, normal[6, :6]), pull[:6] - width * pull[6]

    def _attention(self, model_mm: np.ndarray) -> np.ndarray:
        """(K,) 1 at the focus, half at `focus_mm` from it, little beyond: an arch in another phase must not move the root."""
        if self._focus_mm is None:
            return np.ones(len(model_mm))
        return 1 / (1 + (np.linalg.norm(model_mm - self._focus_mm, axis=1) / self.settings.focus_mm) ** 4)


def _best_two(tried: list[tuple[float, Pose]]) -> list[tuple[float, Pose]]:
    """The best, and the best of those that ended elsewhere and are not much worse."""
    tried = sorted(tried, key=lambda each: each[0])
    apart = [each for each in tried[1:] if _apart_mm(each[1], tried[0][1]) > 1.0 and each[0] < _MUCH_WORSE * tried[0][0]]
    return [tried[0], *apart[:1]]


def _result(fit: _Fit, pose: Pose, cost: float, best, degrees: str, settings: FitSettings) -> PoseFit:
    agreements = fit.agreements(pose)
    if max(a.matched for a in agreements) == 0:
        raise InputError(
            "The model is not seen where the vessel is: no part of its outline comes near to the mask's. Check the isocenter and "
            "the model's frame (LPS or RAS), move the model by hand, or pick point pairs to start from."
        )
    normal, _ = fit.normal_equations(pose, settings.last_reach_mm)
    directions = directions_of(normal, fit.axes, fit.fitted, settings)
    warnings = []
    residuals, matched = [a.residual_mm for a in agreements], [a.matched for a in agreements]
    if max(residuals) > settings.high_residual_mm or min(matched) < settings.least_matched:
        warnings.append(
            f"The fit may be stuck: outlines are {max(residuals):.1f} mm apart (median) and the model explains "
            f"{100 * min(matched):.0f} % of the mask's outline. Look at the overlay, move the model nearer, and fit again."
        )
    for other_cost, other in best:
        if _apart_mm(other, pose) > _AMBIGUOUS_MM and other_cost < 1.1 * cost:
            warnings.append(
                f"Another pose, {_apart_mm(other, pose):.0f} mm away, fits nearly as well. Pick point pairs, or add a view."
            )
    confidence = {direction.name: direction for direction in directions}
    if not confidence[SLIDING].certain:
        warnings.append("The outline hardly tells where the model lies along the vessel: pick a point pair, or add a view.")
    return PoseFit(pose, degrees, residuals, matched, confidence, warnings)


def _apart_mm(first: Pose, second: Pose) -> float:
    """Distance of the two poses' pivots, and a millimetre per degree between their rotations."""
    shift = np.linalg.norm(np.subtract(first.translation_mm, second.translation_mm))
    return float(shift + np.linalg.norm(turn_between(first, second, np.eye(3))))
