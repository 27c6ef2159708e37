"""From a model and one or two frames to the model's pose: read, segment, fit, judge, write everything or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.pictures import png
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import caption, record

from .align_methods import Overlaid, Seen, overlaid
from .meshes import check_mesh, read_mesh
from .meshes.lines import read_lines
from .metrics import SCORES
from .point_files import ModelPoint, read_points
from .pose import Pose
from .pose_files import pose_entry, read_pose, write_transform
from .reports.overlay import AGREEMENT, Projected, agreement_picture, overlay_picture
from .reports.overlay_files import AGREEMENTS, OVERLAYS
from .reports.page import write_page
from .reports.report import checked, common_report, describe_run
from .root_focus import focused
from .run_input import ViewInput
from .seen_views import seen_views
from .segment_run import ROOM_BYTES, cpu_threads
from .settings import FusionSettings
from .silhouette import outline
from .vessel_finder import describe


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
    centerline: Path | None = None,
) -> dict:
    """Lay the model over one or two frames and write the result into a folder, all of it or none.

    Writes pose.json and pose.tfm (in the paper's mode affine.json), landmarks.csv, metrics.csv, overlays/, agreement/,
    settings.json, report.json and report.html.

    Args:
        views: one or two; of two runs that were taken in turn, frames that are not named are chosen by phase, see `seen_views`.
        mesh_frame: "LPS" or "RAS", of the model's file and the centerline's.
        start: pose.json to start from.
        pairs: points picked in model and frames, see `point_files.read_points`; landmarks: points to draw, and to judge by where
            it is said where they are seen; the fit uses them only to know where the root is, around which it matters most (those
            whose names begin with nadir).
        centerline: lines to draw, see `meshes.lines`.

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, progress = settings or FusionSettings(), progress or Progress()
    with progress.stage("Reading", until=0.1):
        output = check_output_folder(output, ROOM_BYTES)
        mesh = read_mesh(model_path, mesh_frame)
        for warning in check_mesh(mesh):
            progress.warning(warning)
        marks = read_points(landmarks, len(views)) if landmarks else []
        first, fit = focused(read_pose(start) if start else Pose(), mesh, marks, settings.alignment.fit)
        picked = read_points(pairs, len(views)) if pairs else []
        lines = read_lines(centerline, mesh_frame) if centerline else []
    with cpu_threads(threads):
        if picked and any(view.frame is None for view in views):
            raise InputError("Points are picked on frames: name the frames, or leave the pairs out.")
        seen, finder, phases = seen_views(mesh, views, first, fit, settings, device, progress)
        if phases:
            fit = fit.with_motion(phases["heart_mm"], phases["breath_mm"])
        result = overlaid(mesh, seen, first, picked, replace(settings.alignment, fit=fit), device, progress.part(until=0.9))
    told = [text for view in seen for text in check_mesh(mesh, view.carm, result.pose)] if result.pose else []
    for warning in [*result.warnings, *told]:
        progress.warning(warning)
    errors, rows = result.errors(marks, seen), result.rows(seen)
    used = {**(finder.used if finder else {}), **({"matching": result.model} if result.model else {})}
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0):
        write_json(folder / "settings.json", settings.to_dict())
        _write_result(folder, result, rows)
        names = ("frame", *SCORES, "residual_mm", "matched", "moved_mm")
        write_csv(
            folder / "metrics.csv", ("view", *names), [[n, *(row[name] for name in names)] for n, row in enumerate(rows, 1)]
        )
        if marks:
            columns = ("name", "view", "right_mm", "down_mm", "error_mm")
            write_csv(
                folder / "landmarks.csv", columns, [(e.name, e.view + 1, e.right_mm, e.down_mm, e.error_mm) for e in errors]
            )
        report = {
            **common_report(
                "alignment", result.method, settings.to_dict(), result.model, finder.device if finder else "cpu", progress
            ),
            "models": describe(used),
            "input": [describe_run(view.run, view.frame) for view in seen],
            "pose": pose_entry(result.pose) if result.pose else None,
            "affine_px": result.affine.matrix if result.affine else None,
            "degrees": result.degrees,
            "confidence": result.confidence,
            "phases": phases,
            "views": rows,
            "landmarks": [asdict(error) for error in errors],
            "pictures": _pictures(folder, result, seen, marks, lines, caption(record(result.method, {}, result.model))),
            "check_result": checked(result.warnings),
        }
        write_page(folder, report)
        files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    keys = (
        "method",
        "model",
        "pose",
        "affine_px",
        "degrees",
        "confidence",
        "phases",
        "views",
        "landmarks",
        "check_result",
        "warnings",
        "seconds",
    )
    return {**{key: report[key] for key in keys}, "files": [str(output / name) for name in files]}


def _write_result(folder: Path, result: Overlaid, rows: list[dict[str, Any]]) -> None:
    """pose.json and pose.tfm of a pose, affine.json of the paper's map."""
    known = {"method": result.method, "degrees": result.degrees, "views": rows, "warnings": result.warnings}
    if result.pose:
        write_json(folder / "pose.json", {**pose_entry(result.pose), "confidence": result.confidence, **known})
        write_transform(folder / "pose.tfm", result.pose)
    else:
        assert result.affine is not None
        write_json(folder / "affine.json", {"matrix_px": result.affine.matrix, **known})


def _pictures(
    folder: Path, result: Overlaid, seen: Sequence[Seen], marks: list[ModelPoint], lines: Sequence[np.ndarray], about: str
) -> list[dict]:
    """Write overlays/view_N.png and agreement/view_N.png; what the report says of them."""
    points = np.array([mark.point_mm for mark in marks]).reshape(-1, 3)
    entries = []
    for n, (view, shadow) in enumerate(zip(seen, result.shadows, strict=True)):
        frame = view.run.frames[view.frame]
        model = Projected(outline(shadow), result.place(points, n), [result.place(line, n) for line in lines])
        where = [mark.seen[n] for mark in marks if n in mark.seen]
        there = {
            "vessel found": view.mask is not None,
            "model": True,
            "centerline": bool(lines),
            "landmark": bool(marks),
            "where it is seen": bool(where),
        }
        drawn = [name for name, is_there in there.items() if is_there]
        made = [(OVERLAYS, overlay_picture(frame, view.mask, model, where), drawn)]
        if view.mask is not None:
            made.append((AGREEMENTS, agreement_picture(frame, shadow, view.mask), list(AGREEMENT)))
        for place, picture, names in made:
            (folder / place).mkdir(exist_ok=True)
            (folder / place / f"view_{n + 1}.png").write_bytes(png(picture, about))
            entries.append({"file": f"{place}/view_{n + 1}.png", "title": f"View {n + 1}, frame {view.frame}", "drawn": names})
    return entries
