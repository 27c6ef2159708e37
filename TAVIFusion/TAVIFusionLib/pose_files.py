"""Poses on disk: JSON for this program and others, CSV for tables, and an ITK transform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.json_objects import read_json_object

from .pose import Pose

COLUMNS = (
    "frame",
    "time_s",
    "quality",
    "shown",
    *(
        f"{name}_{unit}"
        for unit, names in (("mm", ("shift_l", "shift_p", "shift_s")), ("deg", ("turn_l", "turn_p", "turn_s")))
        for name in names
    ),
)
"""Of poses.csv: shift of the pivot and rotation vector about it, LPS."""


def pose_entry(pose: Pose) -> dict[str, Any]:
    """A pose as JSON values: matrix_lps (4 x 4, model to patient, mm), rotation_deg, translation_mm, pivot_mm."""
    return {
        "matrix_lps": pose.matrix().tolist(),
        "rotation_deg": list(pose.rotation_deg),
        "translation_mm": list(pose.translation_mm),
        "pivot_mm": list(pose.pivot_mm),
    }


def pose_of(entry: dict[str, Any], name: str = "pose") -> Pose:
    """The pose of such an entry; the matrix counts, the pivot is optional.

    Raises:
        InputError: there is no rigid 4 x 4 matrix.
    """
    try:
        matrix = np.asarray(entry["matrix_lps"], dtype=float)
        pivot = np.asarray(entry.get("pivot_mm") or (0.0, 0.0, 0.0), dtype=float)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The {name} has no 4 x 4 matrix of numbers, matrix_lps.") from error
    if matrix.shape != (4, 4) or pivot.shape != (3,) or not np.isfinite(matrix).all():
        raise InputError(f"The {name} has no 4 x 4 matrix of numbers, matrix_lps.")
    turn = matrix[:3, :3]
    if not np.allclose(turn @ turn.T, np.eye(3), atol=1e-4) or np.linalg.det(turn) < 0:
        raise InputError(
            f"The matrix of the {name} is not rigid: a pose turns and shifts the model, it does not scale or mirror it."
        )
    return Pose.from_matrix(matrix, pivot)


def read_pose(path: str | Path) -> Pose:
    """The pose of pose.json.

    Raises:
        InputError: the file cannot be read, or holds no pose.
    """
    return pose_of(read_json_object(Path(path), "pose file"), f"pose file {path}")


def pose_rows(
    poses: Sequence[Pose], times_s: Iterable[float], quality: Iterable[float], shown: Iterable[bool], first: int = 0
) -> list[tuple]:
    """Rows of poses.csv, see `COLUMNS`."""
    return [
        (first + n, f"{t:.4f}", f"{q:.4f}", int(visible), *(f"{v:.5f}" for v in (*pose.translation_mm, *pose.rotation_deg)))
        for n, (pose, t, q, visible) in enumerate(zip(poses, times_s, quality, shown, strict=True))
    ]


def write_transform(path: Path, pose: Pose) -> Path:
    """Write a pose as ITK transform (.tfm or .h5).

    As ITK and 3D Slicer have it, the file maps points of the patient to the model (the inverse of `pose.matrix()`): loaded in
    Slicer as a transform, it carries the model that is put under it to the patient.

    Raises:
        OutputError: it cannot be written.
    """
    inverse = np.linalg.inv(pose.matrix())
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(inverse[:3, :3].ravel().tolist())
    transform.SetTranslation(inverse[:3, 3].tolist())
    try:
        sitk.WriteTransform(transform, str(path))
    except RuntimeError as error:
        raise OutputError(f"Cannot write {path.name}. Free some space, or choose a folder that you may write to.") from error
    return path
