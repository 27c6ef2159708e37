"""From a model and one or two frames to the model's pose: read, segment, fit, judge, write everything or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.pictures import png
from CorrespondCoreLib.progress import Progress

from .alignment.point_errors import point_errors
from .alignment.point_pairs import fit_points
from .alignment.pose_fit import PoseFit, fit_pose
from .alignment.views import View
from .carm import CArm
from .fluoroscopy import FluoroscopyRun
from .mask_files import mask_of
from .meshes import Mesh, check_mesh, read_mesh
from .metrics import SCORES, frame_scores
from .point_files import ModelPoint, as_arrays, read_points
from .pose import Pose
from .pose_files import pose_entry, read_pose, write_transform
from .reports.overlay import agreement_picture, overlay_picture, projected
from .reports.overlay_files import AGREEMENTS, OVERLAYS
from .reports.page import write_page
from .reports.report import checked, common_report, describe_run
from .run_input import ViewInput, frame_of
from .segment_run import ROOM_BYTES, cpu_threads
from .settings import FusionSettings
from .silhouette import silhouette
from .vessel_finder import VesselFinder, describe

POSE_FIT = "pose fit"


@dataclass
class Seen:
    """A view as it was read: its run, the frame, and the vessel in it."""

    run: FluoroscopyRun
    frame: int
    mask: np.ndarray

    @property
    def carm(self) -> CArm:
        """Geometry of the frame."""
        return self.run.geometry[self.frame]


def align_files(
    model_path: str | Path,
    views: Sequence[ViewInput],
    output: str | Path,
    settings: FusionSettings | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    *,
    mesh_frame: str,
    start: Path | None = None,
    pairs: Path | None = None,
    landmarks: Path | None = None,
) -> dict:
    """Lay the model over one or two frames and write the result into a folder, all of it or none.

    Writes pose.json, pose.tfm, landmarks.csv, metrics.csv, overlays/, settings.json, report.json and report.html.

    Args:
        mesh_frame: "LPS" or "RAS", of the model's file.
        start: pose.json to start from.
        pairs: points picked in model and frames, see `point_files.read_points`; landmarks: points to draw, and to judge by where
            it is said where they are seen; they take no part in the fit.

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, progress = settings or FusionSettings(), progress or Progress()
    with progress.stage("Reading", until=0.1):
        output = check_output_folder(output, ROOM_BYTES)
        mesh = read_mesh(model_path, mesh_frame)
        for warning in check_mesh(mesh):
            progress.warning(warning)
        first = read_pose(start) if start else Pose()
        marks = read_points(landmarks, len(views)) if landmarks else []
        picked = read_points(pairs, len(views)) if pairs else []
    with cpu_threads(threads):
        seen, finder = seen_frames(views, settings, device, progress)
        fit = _fitted(mesh, seen, first, picked, settings, progress.part(until=0.9))
    for warning in [*fit.warnings, *(text for view in seen for text in check_mesh(mesh, view.carm, fit.pose))]:
        progress.warning(warning)
    points, pixels = as_arrays(marks, len(seen))
    errors = point_errors([mark.name for mark in marks], points, pixels, [view.carm for view in seen], fit.pose)
    shadows = [silhouette(mesh, view.carm, fit.pose) for view in seen]
    rows = [_row(view, shadow, fit, n) for n, (view, shadow) in enumerate(zip(seen, shadows, strict=True))]
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0):
        write_json(folder / "settings.json", settings.to_dict())
        entry = {**pose_entry(fit.pose), **_certainty(fit), "views": rows, "warnings": fit.warnings}
        write_json(folder / "pose.json", entry)
        write_transform(folder / "pose.tfm", fit.pose)
        names = ("frame", *SCORES, "residual_mm", "matched")
        write_csv(
            folder / "metrics.csv", ("view", *names), [[n, *(row[name] for name in names)] for n, row in enumerate(rows, 1)]
        )
        if marks:
            names = ("name", "view", "right_mm", "down_mm", "error_mm")
            write_csv(folder / "landmarks.csv", names, [(e.name, e.view + 1, e.right_mm, e.down_mm, e.error_mm) for e in errors])
        report = {
            **common_report("alignment", POSE_FIT, settings.to_dict(), None, finder.device if finder else "cpu", progress),
            "models": describe(finder.used) if finder else [],
            "input": [describe_run(view.run, view.frame) for view in seen],
            "pose": pose_entry(fit.pose),
            "affine_px": None,
            **_certainty(fit),
            "views": rows,
            "landmarks": [asdict(error) for error in errors],
            "pictures": _pictures(folder, mesh, seen, shadows, fit.pose, marks),
            "check_result": checked(fit.warnings),
        }
        write_page(folder, report)
        files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    keys = ("method", "model", "pose", "degrees", "confidence", "views", "landmarks", "check_result", "warnings", "seconds")
    return {**{key: report[key] for key in keys}, "files": [str(output / name) for name in files]}


def seen_frames(
    views: Sequence[ViewInput], settings: FusionSettings, device: str, progress: Progress
) -> tuple[list[Seen], VesselFinder | None]:
    """The views with their vessel masks; a finder, where it was needed for a view without one.

    Raises:
        InputError: a run or mask cannot be read, a frame does not exist, its geometry is incomplete.
    """
    runs = [view.run.read(progress) for view in views]
    for view, run in zip(views, runs, strict=True):
        run.geometry[frame_of(run, view.frame)].check()
    finder = None if all(view.mask for view in views) else VesselFinder(settings.segmentation, device, progress)
    seen = []
    for n, (view, run) in enumerate(zip(views, runs, strict=True), 1):
        if view.mask:
            mask = mask_of(view.mask, run, view.frame)
        else:
            assert finder is not None
            part = progress.part(until=progress.fraction + (0.5 - progress.fraction) * n / len(views))
            mask = finder.probability(run.frames[view.frame : view.frame + 1], part)[0][0] >= settings.segmentation.threshold
        seen.append(Seen(run, view.frame, mask))
    return seen, finder


def _fitted(
    mesh: Mesh, seen: Sequence[Seen], start: Pose, picked: list[ModelPoint], settings: FusionSettings, progress: Progress
) -> PoseFit:
    """The fit to the vessel's outlines, from the picked pairs where there are some."""
    wanted = settings.alignment
    if picked:
        start = picked_pose(picked, seen, start, settings)
    views = [View(view.mask, view.carm) for view in seen]
    return fit_pose(mesh, views, start, wanted.degrees, 1 if picked else wanted.starts, wanted.fit, progress)


def picked_pose(picked: list[ModelPoint], seen: Sequence[Seen], start: Pose, settings: FusionSettings) -> Pose:
    """The pose from picked pairs alone."""
    trust = None if settings.alignment.turned else settings.alignment.fit.angle_trust_deg
    carms = [view.carm for view in seen]
    return fit_points(*as_arrays(picked, len(seen)), carms, start, settings.alignment.degrees, trust).pose


def _row(view: Seen, shadow: np.ndarray, fit: PoseFit, n: int) -> dict[str, Any]:
    """What is known of a view after the fit."""
    angles = {"primary_deg": view.carm.primary_deg, "secondary_deg": view.carm.secondary_deg}
    scores = frame_scores(shadow, view.mask)
    return {"frame": view.frame, **angles, "residual_mm": fit.residual_mm[n], "matched": fit.matched[n], **scores}


def _certainty(fit: PoseFit) -> dict[str, Any]:
    return {"degrees": fit.degrees, "confidence": {name: asdict(direction) for name, direction in fit.confidence.items()}}


def _pictures(
    folder: Path, mesh: Mesh, seen: Sequence[Seen], shadows: Sequence[np.ndarray], pose: Pose, marks: Sequence[ModelPoint]
) -> list[dict[str, str]]:
    """Write overlays/view_N.png and agreement/view_N.png; what the report says of them."""
    points = np.array([mark.point_mm for mark in marks]).reshape(-1, 3)
    entries = []
    for n, (view, shadow) in enumerate(zip(seen, shadows, strict=True)):
        frame = view.run.frames[view.frame]
        model = projected(mesh, view.carm, pose, points)
        where = [mark.seen[n] for mark in marks if n in mark.seen]
        drawn = {
            "overlay": overlay_picture(frame, view.mask, model, where),
            "agreement": agreement_picture(frame, shadow, view.mask),
        }
        for key, place in (("overlay", OVERLAYS), ("agreement", AGREEMENTS)):
            (folder / place).mkdir(exist_ok=True)
            (folder / place / f"view_{n + 1}.png").write_bytes(png(drawn[key]))
            entries.append({"file": f"{place}/view_{n + 1}.png", "title": f"View {n + 1}, frame {view.frame}", "key": key})
    return entries
