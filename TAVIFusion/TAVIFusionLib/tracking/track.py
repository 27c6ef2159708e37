"""The model follows the frames of a cine: a pose for each, a quality for each, and the motion as a curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..alignment.degrees import moved, turn_between
from ..alignment.pose_fit import PoseFit
from ..alignment.rim import Rim
from ..alignment.settings import FitSettings
from ..carm import CArm
from ..meshes import Mesh
from ..pose import Pose
from .curves import Curves, curves_of
from .follower import Follower
from .smoothing import jumps, smoothed

_HIDE_JUMP = 0.3
FEWER_STEPS = 2
"""Than in an alignment: the last frame's pose is near."""


@dataclass
class Track:
    """Poses of a run.

    Attributes:
        poses: of each frame; where a frame tells nothing, that of the smooth curve between the others.
        quality: (T,) 0 to 1; 0 where no vessel is seen.
        shown: (T,) bool; the overlay is hidden where it would be wrong.
        motion_mm: (T, 2) smoothed shift of the model's pivot, right and down in the image, from the pose that was given.
        found_mm: (T, 2) the same as each frame had it, nan where it had none.
        curves: of heart and breath.
        times_s: (T,).
        warnings: sentences for the user.
    """

    poses: list[Pose]
    quality: np.ndarray
    shown: np.ndarray
    motion_mm: np.ndarray
    found_mm: np.ndarray
    curves: Curves
    times_s: np.ndarray
    warnings: list[str] = field(default_factory=list)


def track_run(
    mesh: Mesh | Rim,
    masks: np.ndarray,
    carms: Sequence[CArm],
    times_s: np.ndarray,
    pose: Pose,
    smoothing_s: float = 0.1,
    least_quality: float = 0.5,
    settings: FitSettings | None = None,
    field_mask: np.ndarray | None = None,
    progress: Progress | None = None,
) -> Track:
    """Follow the motion in the image, frame by frame, from a pose that fits one of them.

    Each frame is fitted in-plane from the pose of the last good frame, with a search where that does not do.

    Args:
        mesh: LPS mm.
        masks: (T, rows, columns) bool. carms, times_s: of each frame; times rise.
        pose: of an alignment.
        smoothing_s: see `smoothing.smoothed`; 0 leaves every frame as it was found.
        least_quality: frames below are not shown.
        field_mask: (rows, columns) bool, what the collimator leaves open.

    Raises:
        InputError: counts that do not fit, times that do not rise, or no frame at all that shows the vessel. Cancelled.
    """
    settings, progress = settings or FitSettings(), progress or Progress()
    times = np.asarray(times_s, dtype=float)
    if not (len(masks) == len(carms) == len(times)):
        raise InputError(f"{len(masks)} masks, {len(carms)} geometries and {len(times)} times do not fit together.")
    if np.any(np.diff(times) <= 0):
        raise InputError("The times of the frames do not rise: give the frames' rate.")
    rim = mesh if isinstance(mesh, Rim) else Rim(mesh)
    follower = Follower(rim, pose, least_quality, replace(settings, steps=max(1, settings.steps // FEWER_STEPS)))
    followed: list[tuple[PoseFit | None, float]] = []
    with progress.stage("Tracking", until=1.0) as step:
        for number, (mask, carm) in enumerate(zip(masks, carms, strict=True)):
            followed.append(follower.follow(mask, carm, field_mask))
            step((number + 1) / len(masks))
    if not any(fit for fit, _ in followed):
        raise InputError("No frame shows the vessel where the model is: align the model to a frame with contrast first.")
    return _track(followed, list(carms), times, follower.aligned, smoothing_s, least_quality)


def _track(followed, carms, times, pose: Pose, smoothing_s: float, least_quality: float) -> Track:
    fits = [fit for fit, _ in followed]
    quality = np.array([quality for _, quality in followed])
    found = np.full((len(fits), 3), np.nan)
    for index, (fit, carm) in enumerate(zip(fits, carms, strict=True)):
        if fit is not None:
            found[index] = _in_image(pose, fit.pose, carm)
    valid = quality >= least_quality
    jumped = jumps(found[:, :2], times, valid)
    quality = np.where(jumped, _HIDE_JUMP * quality, quality)
    shown = valid & ~jumped & (quality >= least_quality)
    weights = np.where(shown, quality, 0.0)
    smooth = smoothed(np.nan_to_num(found), times, weights, smoothing_s) if shown.any() else np.zeros_like(found)
    poses = [
        moved(pose, carm.axes(), np.array([right, down, 0, 0, 0, turn]))
        for (right, down, turn), carm in zip(smooth, carms, strict=True)
    ]
    warnings = []
    if hidden := int(np.count_nonzero(~shown)):
        warnings.append(
            f"The overlay is hidden in {hidden} of {len(fits)} frames: no contrast, or the fit is too uncertain there."
        )
    return Track(poses, quality, shown, smooth[:, :2], found[:, :2], curves_of(smooth[:, :2], times, shown), times, warnings)


def _in_image(first: Pose, second: Pose, carm: CArm) -> np.ndarray:
    """(3,) shift right and down in mm and turn about the beam in degrees, from one pose to another of the same pivot."""
    axes = carm.axes()
    shift = axes @ np.subtract(second.translation_mm, first.translation_mm)
    return np.append(shift[:2], turn_between(first, second, axes)[2])
