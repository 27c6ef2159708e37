"""A model as a C-arm would show it, from files to files."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder, whole_folder, write_csv, write_json
from CorrespondCoreLib.pictures import SEQUENTIAL, color_of, png
from CorrespondCoreLib.progress import Progress

from .carm import CArm
from .depth_map import depth_map
from .meshes import Mesh, check_mesh, read_mesh
from .point_files import read_points
from .pose import Pose
from .pose_files import pose_entry, read_pose
from .run_input import RunInput, frame_of
from .silhouette import outline, silhouette


def project_files(
    mesh: str | Path,
    mesh_frame: str,
    output: str | Path,
    values: dict[str, Any] | None = None,
    run: RunInput | None = None,
    frame: int = 0,
    pose: str | Path | None = None,
    landmarks: str | Path | None = None,
    progress: Progress | None = None,
) -> dict:
    """Project a model and write silhouette.png, depth.png, outline.csv, points.csv and geometry.json, all or nothing.

    Args:
        mesh_frame: of the model's file, "LPS" or "RAS".
        values: of CArm, in the place of those of the run. Without "isocenter_mm" the isocenter is the middle of the model, or
            the origin where a pose is given, which brings the model there.
        run: whose frame's geometry is taken.
        pose: pose.json. landmarks: points to project instead of the model's own (see `point_files`).

    Returns the geometry, the covered part of the frame, and the paths of the files.

    Raises:
        InputError: a file cannot be read, the geometry is incomplete, the model is not in the beam. OutputError.
    """
    progress = progress or Progress()
    output = check_output_folder(output)
    with progress.stage("Reading", until=0.4):
        model = read_mesh(mesh, mesh_frame)
        carm = _arm(run, frame, values or {}, progress)
        placed = read_pose(pose) if pose is not None else Pose()
        if "isocenter_mm" not in (values or {}) and pose is None:
            carm = carm.at(isocenter_mm=_middle(model))
        names, points = _points(model, landmarks)
    for warning in check_mesh(model, carm, placed):
        progress.warning(warning)
    with progress.stage("Projecting", until=0.8):
        mask, depth = silhouette(model, carm, placed), depth_map(model, carm, placed)
        pixels = carm.project(placed.apply(points))
    with progress.stage("Writing", until=1.0), whole_folder(output) as folder:
        (folder / "silhouette.png").write_bytes(png(np.repeat(mask[:, :, None], 3, axis=2) * np.uint8(255)))
        (folder / "depth.png").write_bytes(png(depth_picture(depth)))
        lines = [(number, *at) for number, line in enumerate(outline(mask)) for at in line.tolist()]
        write_csv(folder / "outline.csv", ("line", "column", "row"), lines)
        rows = [(name, *_numbers(point), *_numbers(pixel)) for name, point, pixel in zip(names, points, pixels, strict=True)]
        write_csv(folder / "points.csv", ("name", "x", "y", "z", "column", "row"), rows)
        write_json(folder / "geometry.json", asdict(carm))
        files = sorted(path.name for path in folder.iterdir())
    return {
        "geometry": asdict(carm),
        "pose": pose_entry(placed),
        "covered_percent": 100 * float(mask.mean()),
        "files": [str(output / name) for name in files],
    }


def depth_picture(depth: np.ndarray) -> np.ndarray:
    """(rows, columns, 3) uint8: what is nearest to the source is brightest; black where there is nothing."""
    shown = np.isfinite(depth)
    picture = np.zeros((*depth.shape, 3), np.uint8)
    if shown.any():
        near, far = float(depth[shown].min()), float(depth[shown].max())
        picture[shown] = color_of(-depth[shown], SEQUENTIAL, -far - 0.2 * (far - near) - 1e-3, -near)
    return picture


def _arm(run: RunInput | None, frame: int, values: dict[str, Any], progress: Progress) -> CArm:
    if run is None:
        return CArm(**values)
    read = run.read(progress)
    carm = read.geometry[frame_of(read, frame)].at(**values)
    if carm.missing:
        hints = [
            f"{name}: {read.suggestions[name][0]} ({read.suggestions[name][1]})"
            for name in carm.missing
            if name in read.suggestions
        ]
        raise InputError(
            f"{run.path.name} does not tell {', '.join(carm.missing)}: give it as an option."
            + (f" Suggested: {'; '.join(hints)}." if hints else "")
        )
    return carm


def _middle(model: Mesh) -> tuple[float, float, float]:
    if not len(model.points_mm):
        return (0.0, 0.0, 0.0)
    x, y, z = (model.points_mm.min(axis=0) + model.points_mm.max(axis=0)) / 2
    return float(x), float(y), float(z)


def _points(model: Mesh, landmarks: str | Path | None) -> tuple[list[str], np.ndarray]:
    if landmarks is None:
        return [str(number) for number in range(len(model.points_mm))], model.points_mm
    points = read_points(landmarks, views=1)
    return [point.name for point in points], np.array([point.point_mm for point in points])


def _numbers(values: np.ndarray) -> list[str]:
    return ["" if np.isnan(value) else f"{value:.3f}" for value in values]
