"""Fit of the model's pose to the vessel's outline in one or more views: no images are rendered, outlines are brought together.

For a pose the rim of the mesh (see `rim`) is projected; each piece of the mask's outline is paired with the nearest piece of the
rim that faces the same way, and back; a damped Gauss-Newton step brings the pairs together along their normals; the reach of the
pairs shrinks. This is done from several starts, and the best is kept. Views are taken in turn: what heart and breath did in
between is fitted along, so that it does not bend the pose of the first view.
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
from .degrees import FITTED, chosen_degrees, turn_between, with_pivot
from .fit_steps import FitSteps, Tried, without_last
from .outline_pairs import OutlineMatcher
from .rim import Rim
from .settings import FitSettings
from .starts import centered, start_poses
from .views import View

_AMBIGUOUS_MM = 3.0
_MUCH_WORSE = 1.3
_FARTHER = 2.0
_MUCH_MOVED_MM = 3.0


@dataclass
class PoseFit:
    """Result of a fit.

    Attributes:
        pose: of the model in the patient's frame, when the first view was taken.
        moved_mm: (3,) LPS for each view, by how much heart and breath had moved the model in it against the first view: what is
            believed of it (`FitSettings.beat_mm`) and what the outlines want; 0 for the first.
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
    moved_mm: np.ndarray
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
    fit = FitSteps(rim, matchers, fitted, settings, focus)
    with progress.stage("Fit", until=1.0) as step:
        whole, near = (settings.first_reach_mm, settings.last_reach_mm), (settings.last_reach_mm, settings.last_reach_mm)

        def tried_from(pose: Pose, search_mm: float) -> list[Tried]:
            first = start_poses(rim, matchers, pose, fitted, search_mm, settings.search_deg, starts)
            return [fit.refined(fit.still(one), trusted or start, whole, count=max(1, settings.steps // 2)) for one in first]

        if starts == 1:
            best = [fit.refined(fit.still(start), trusted or start, whole, count=settings.steps)]
        else:
            tried = tried_from(start, settings.search_mm)
            step(0.4)
            if min(a.matched for a in _best_two(tried)[0].agreements) < settings.least_matched:
                tried += tried_from(centered(rim, matchers, start), _FARTHER * settings.search_mm)
            step(0.7)
            best = [fit.refined(one.placed, trusted or start, near, count=settings.steps) for one in _best_two(tried)]
    return _result(fit, best, degrees, settings)


def _best_two(tried: list[Tried]) -> list[Tried]:
    """The best, and the best of those that ended elsewhere and are not much worse."""
    best, *others = sorted(tried, key=lambda one: one.cost_mm)
    apart = [
        one for one in others if _apart_mm(one.placed.pose, best.placed.pose) > 1.0 and one.cost_mm < _MUCH_WORSE * best.cost_mm
    ]
    return [best, *apart[:1]]


def _result(fit: FitSteps, ended: list[Tried], degrees: str, settings: FitSettings) -> PoseFit:
    best = min(ended, key=lambda one: one.cost_mm)
    agreements, placed, pose = best.agreements, best.placed, best.placed.pose
    if max(a.matched for a in agreements) == 0:
        raise InputError(
            "The model is not seen where the vessel is: no part of its outline comes near to the mask's. Check the isocenter and "
            "the model's frame (LPS or RAS), move the model by hand, or pick point pairs to start from."
        )
    joint, pull = fit.normal_equations(placed, settings.last_reach_mm)
    directions, still = (
        {one.name: one for one in directions_of(normal, fit.axes, fit.fitted, settings)}
        for normal in (without_last(joint, pull, 6)[0], joint[:6, :6])
    )
    warnings = []
    residuals, matched = [a.residual_mm for a in agreements], [a.matched for a in agreements]
    if max(residuals) > settings.high_residual_mm or min(matched) < settings.least_matched:
        warnings.append(
            f"The fit may be stuck: outlines are {max(residuals):.1f} mm apart (median) and the model explains "
            f"{100 * min(matched):.0f} % of the mask's outline. Look at the overlay, move the model nearer, and fit again."
        )
    for other in ended:
        apart = _apart_mm(other.placed.pose, pose)
        if apart > _AMBIGUOUS_MM and other.cost_mm < 1.1 * best.cost_mm:
            warnings.append(f"Another pose, {apart:.0f} mm away, fits nearly as well. Pick point pairs, or add a view.")
    moves = np.vstack([np.zeros(3), placed.moves_mm])
    far = np.linalg.norm(moves, axis=1)
    if far.max() > _MUCH_MOVED_MM:
        warnings.append(
            f"Heart and breath seem to have moved the model by {far.max():.0f} mm between the views; the pose is that of the "
            "first view."
        )
    sliding = directions[SLIDING]
    if not still[SLIDING].certain:
        warnings.append("The outline hardly tells where the model lies along the vessel: pick a point pair, or add a view.")
    elif not sliding.certain:
        warnings.append(
            f"What heart and breath may have done between the views leaves the pose uncertain by {sliding.sigma:.1f} mm in the "
            "worst direction: choose frames of the same phase."
        )
    return PoseFit(pose, degrees, residuals, matched, directions, moves, warnings)


def _apart_mm(first: Pose, second: Pose) -> float:
    """Distance of the two poses' pivots, and a millimeter per degree between their rotations."""
    shift = np.linalg.norm(np.subtract(first.translation_mm, second.translation_mm))
    return float(shift + np.linalg.norm(turn_between(first, second, np.eye(3))))
