"""The views of an alignment as they are read: frames that were named, or those of two runs that show the same phase."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .align_methods import Seen
from .alignment.pose_fit import fit_pose
from .alignment.settings import FitSettings
from .alignment.views import View
from .fluoroscopy import FluoroscopyRun
from .mask_files import all_masks, mask_of
from .meshes import Mesh
from .pose import Pose
from .run_input import ViewInput, frame_of
from .settings import FusionSettings
from .tracking.phases import PhaseMatch, match_phases
from .tracking.track import Track, track_run
from .vessel_finder import VesselFinder

FAR_MM = 2.0
"""Motion between two paired frames that is told as a warning; half of what the heart usually moves the root."""


def seen_views(
    mesh: Mesh,
    views: Sequence[ViewInput],
    start: Pose,
    fit: FitSettings,
    settings: FusionSettings,
    device: str,
    progress: Progress,
) -> tuple[list[Seen], VesselFinder | None, dict[str, Any] | None]:
    """The views with their vessel masks; a finder, where it was needed; what is known of the phases, where frames were chosen.

    Args:
        mesh, start: the model and about where it is; only to follow its motion where frames are chosen.

    Raises:
        InputError: a run or mask cannot be read, a frame does not exist, its geometry is incomplete; frames to be chosen of other
            than two runs, or of runs in which the model cannot be followed.
    """
    runs = [view.run.read(progress) for view in views]
    for view, run in zip(views, runs, strict=True):
        run.geometry[frame_of(run, view.frame or 0)].check()
    unseen = settings.alignment.mode != "points" and not all(view.mask for view in views)
    finder = VesselFinder(settings.segmentation, device, progress) if unseen else None
    if any(view.frame is None for view in views):
        seen, phases = _chosen(mesh, views, runs, start, fit, settings, finder, progress)
        return seen, finder, phases
    seen = []
    for n, (view, run) in enumerate(zip(views, runs, strict=True), 1):
        frame = view.frame or 0
        mask = mask_of(view.mask, run, frame) if view.mask else None
        if mask is None and finder is not None:
            part = progress.part(until=progress.fraction + (0.5 - progress.fraction) * n / len(views))
            mask = finder.probability(run.frames[frame : frame + 1], part)[0][0] >= settings.segmentation.threshold
        seen.append(Seen(run, frame, mask))
    return seen, finder, None


def _chosen(mesh, views, runs, start, fit, settings, finder, progress: Progress) -> tuple[list[Seen], dict[str, Any]]:
    """The best pair of frames of two runs, with their masks; the model is followed through both runs to find it."""
    if len(views) != 2 or settings.alignment.mode != "pose":
        raise InputError("Frames are chosen by their phase where the model is fitted in two views: name the frame.")
    masks, tracks = [], []
    for view, run in zip(views, runs, strict=True):
        if len(run) < 2:
            raise InputError("A run has one frame only: there is nothing to choose. Name the frame.")
        masks.append(_all_masks(view, run, settings, finder, progress.part(until=progress.fraction + 0.12)))
        part = progress.part(until=progress.fraction + 0.12)
        tracks.append(_followed(mesh, masks[-1], view.frame, run, start, fit, settings, part))
    match = match_phases(tracks[0], tracks[1], frames=(views[0].frame, views[1].frame))
    for text in _told(match, runs):
        progress.warning(text)
    chosen = match.pairs[0].frames
    seen = [Seen(run, frame, of_run[frame]) for run, frame, of_run in zip(runs, chosen, masks, strict=True)]
    others = [asdict(pair) | {"mismatch_mm": pair.mismatch_mm} for pair in match.pairs]
    return seen, {**others[0], "notes": match.notes, "next_best": others[1:]}


def _all_masks(view: ViewInput, run: FluoroscopyRun, settings: FusionSettings, finder, progress: Progress) -> np.ndarray:
    if view.mask is None:
        assert finder is not None
        return finder.probability(run.frames, progress)[0] >= settings.segmentation.threshold
    return all_masks(view.mask, run)


def _followed(
    mesh: Mesh,
    masks: np.ndarray,
    frame: int | None,
    run: FluoroscopyRun,
    start: Pose,
    fit: FitSettings,
    settings: FusionSettings,
    progress: Progress,
) -> Track:
    """The model's motion in the image, from a fit to the frame that is named, else to that with the most vessel."""
    for carm in run.geometry:
        carm.check()
    first = int(masks.sum(axis=(1, 2)).argmax()) if frame is None else frame
    field = Seen(run, first, None).field
    pose = fit_pose(
        mesh, [View(masks[first], run.geometry[first], field)], start, "in-plane", settings.alignment.starts, fit
    ).pose
    wanted = settings.tracking
    return track_run(mesh, masks, run.geometry, run.times_s, pose, wanted.smoothing_s, wanted.least_quality, fit, field, progress)


def _told(match: PhaseMatch, runs: Sequence[FluoroscopyRun]) -> list[str]:
    best, told = match.pairs[0], list(match.notes)
    if not all(run.timed for run in runs):
        told.append("A run does not tell the times of its frames: the phases follow from a rate that was taken for granted.")
    if best.mismatch_mm > FAR_MM:
        told.append(
            f"The frames that fit best, {best.frames[0]} and {best.frames[1]}, differ by {best.mismatch_mm:.1f} mm of motion "
            f"(heart {best.heart_mm:.1f}, breath {best.breath_mm:.1f}): the pose is uncertain by as much. Take the runs anew, at "
            "the same depth of breath."
        )
    return told
