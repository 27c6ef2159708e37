"""From an aligned model and a cine to a pose for every frame: read, segment, follow, write everything or nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.provenance import caption, record

from .collimator import open_field
from .fluoroscopy import FluoroscopyRun
from .gray_scale import normalized
from .mask_files import all_masks, write_frames
from .meshes import check_mesh, read_mesh
from .meshes.lines import read_lines
from .point_files import read_points
from .pose_files import COLUMNS, pose_entry, pose_rows, read_pose
from .reports.overlay import overlay_picture, projected
from .reports.overlay_files import OVERLAYS, frames_to_draw, write_sequence
from .reports.page import write_page
from .reports.report import checked, common_report, describe_run
from .root_focus import focused
from .run_input import RunInput
from .segment_run import ROOM_BYTES, cpu_threads
from .settings import FusionSettings
from .tracking.track import Track, track_run
from .vessel_finder import VesselFinder, describe

MOTION = ("frame", "time_s", "right_mm", "down_mm", "heart_mm", "breath_mm")


def track_file(
    model_path: str | Path,
    run_input: RunInput,
    output: str | Path,
    settings: FusionSettings | None = None,
    device: str = "auto",
    threads: int | None = None,
    progress: Progress | None = None,
    *,
    mesh_frame: str,
    pose: Path,
    mask: Path | None = None,
    landmarks: Path | None = None,
    centerline: Path | None = None,
    overlays: str = "some",
) -> dict:
    """Let the model follow the frames of a cine and write the result into a folder, all of it or none.

    Writes poses.csv and poses.json, motion.csv, overlays/, masks.nrrd where masks were made here, settings.json, report.json and
    report.html.

    Args:
        mesh_frame: "LPS" or "RAS", of the model's file.
        pose: pose.json of an alignment to one of the frames.
        mask: masks.nrrd of all frames; segmented if None.
        landmarks: points to draw, see `point_files.read_points`; nadirs tell where the root is, see `root_focus`.
        centerline: lines to draw, see `meshes.lines`.
        overlays: pictures of "all" frames, of "some", or of "none".

    Raises:
        InputError, OutputError, OutOfMemory, MissingPackage, Cancelled: each with a message for the user.
    """
    settings, progress = settings or FusionSettings(), progress or Progress()
    with progress.stage("Reading", until=0.1):
        run = run_input.read(progress)
        for carm in run.geometry:
            carm.check()
        output = check_output_folder(output, ROOM_BYTES + run.frames.size)
        mesh = read_mesh(model_path, mesh_frame)
        for warning in check_mesh(mesh):
            progress.warning(warning)
        marks = read_points(landmarks) if landmarks else []
        lines = read_lines(centerline, mesh_frame) if centerline else []
        start, fit = focused(read_pose(pose), mesh, marks, settings.alignment.fit)
    with cpu_threads(threads):
        finder = None
        if mask:
            masks = all_masks(mask, run)
        else:
            finder = VesselFinder(settings.segmentation, device, progress)
            masks = _found(finder, run, settings, progress.part(until=0.5))
        wanted = settings.tracking
        track = track_run(
            mesh,
            masks,
            run.geometry,
            run.times_s,
            start,
            wanted.smoothing_s,
            wanted.least_quality,
            fit,
            open_field(normalized(run.frames.mean(axis=0, dtype=np.float32)[None])[0])[1],
            progress.part(until=0.85),
        )
    for warning in track.warnings:
        progress.warning(warning)
    drawn_names = ["vessel found", "model"] + ["centerline"] * bool(lines) + ["landmark"] * bool(marks)
    points = np.array([mark.point_mm for mark in marks]).reshape(-1, 3)
    motion = motion_rows(track)
    with whole_folder(output) as folder, progress.stage("Writing", until=1.0) as step:
        write_json(folder / "settings.json", settings.to_dict())
        if finder is not None:
            write_frames(folder / "masks.nrrd", masks, run)
        write_csv(folder / "poses.csv", COLUMNS, pose_rows(track.poses, track.times_s, track.quality, track.shown))
        write_json(folder / "poses.json", {"frames": frame_entries(track)})
        write_csv(folder / "motion.csv", MOTION, [[row[name] for name in MOTION] for row in motion])
        drawn = frames_to_draw(range(len(run)), overlays)
        pictures = {}
        for done, n in enumerate(drawn):
            model = projected(mesh, run.geometry[n], track.poses[n], points, lines) if track.shown[n] else None
            pictures[n] = overlay_picture(run.frames[n], masks[n], model)
            step(done / len(drawn))
        about = caption(record("pose fit", settings.to_dict()))
        report = {
            **common_report("tracking", "pose fit", settings.to_dict(), None, finder.device if finder else "cpu", progress),
            "models": describe(finder.used) if finder else [],
            "input": describe_run(run),
            "frames": frame_entries(track),
            "motion": motion,
            "rates": {"heart_hz": track.curves.heart_hz, "breath_hz": track.curves.breath_hz},
            "pictures": write_sequence(folder / OVERLAYS, pictures, run, about, drawn_names),
            "check_result": checked(track.warnings),
        }
        write_page(folder, report)
        files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    keys = ("method", "frames", "rates", "check_result", "warnings", "seconds")
    return {**{key: report[key] for key in keys}, "files": [str(output / name) for name in files]}


def frame_entries(track: Track) -> list[dict]:
    """Pose, quality, and whether the overlay is shown, of every frame."""
    return [
        {"frame": n, "time_s": float(t), "quality": float(quality), "shown": bool(shown), "pose": pose_entry(pose)}
        for n, (t, quality, shown, pose) in enumerate(zip(track.times_s, track.quality, track.shown, track.poses, strict=True))
    ]


def motion_rows(track: Track) -> list[dict]:
    """Rows of motion.csv, see `MOTION`: smoothed shift of the model's pivot in the image, and its parts of heart and breath."""
    curves = track.curves
    return [
        {
            "frame": n,
            "time_s": float(track.times_s[n]),
            "right_mm": float(track.motion_mm[n, 0]),
            "down_mm": float(track.motion_mm[n, 1]),
            "heart_mm": float(curves.heart_mm[n]),
            "breath_mm": float(curves.breath_mm[n]),
        }
        for n in range(len(track.poses))
    ]


def _found(finder: VesselFinder, run: FluoroscopyRun, settings: FusionSettings, progress: Progress) -> np.ndarray:
    return finder.probability(run.frames, progress)[0] >= settings.segmentation.threshold
