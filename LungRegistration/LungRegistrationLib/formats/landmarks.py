"""Corresponding landmarks of a pair of scans: files, and whether they can belong to the two volumes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

CSV_HEADER = ("fixed_x", "fixed_y", "fixed_z", "moving_x", "moving_y", "moving_z")


def read_landmarks(path: str | Path) -> tuple[np.ndarray, np.ndarray]:
    """Read landmark pairs from a CSV file with the columns fixed_x, fixed_y, fixed_z, moving_x, moving_y, moving_z (LPS mm).

    Returns fixed and moving points, both (N, 3) in LPS mm. Further columns are ignored.

    Raises:
        InputError: no such file, another header, a row that is not six numbers.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read the landmark file {path.name}: {error}.") from error
    rows = csv.DictReader(io.StringIO(text))
    if not set(CSV_HEADER) <= set(rows.fieldnames or ()):
        raise InputError(f"The landmark file {path.name} must start with the line {','.join(CSV_HEADER)} (coordinates: LPS, mm).")
    points = []
    for row in rows:
        try:
            points.append([float(row[column]) for column in CSV_HEADER])
        except (TypeError, ValueError) as error:
            raise InputError(
                f"Line {rows.line_num} of the landmark file {path.name} is incomplete or not numeric: each fixed point needs "
                "its moving point."
            ) from error
    pairs = np.array(points, dtype=float).reshape(-1, 6)
    return check_landmark_pairs(pairs[:, :3], pairs[:, 3:])


def write_landmarks(path: str | Path, fixed_mm: np.ndarray, moving_mm: np.ndarray) -> None:
    """Write landmark pairs, (N, 3) each in LPS mm, in the form that `read_landmarks` reads."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(CSV_HEADER)
        writer.writerows([f"{value:.4f}" for value in (*f, *m)] for f, m in zip(fixed_mm, moving_mm, strict=True))


def check_landmark_pairs(fixed_mm: np.ndarray, moving_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both lists as (N, 3) float arrays.

    Raises:
        InputError: lists of different length, fewer than two pairs, coordinates that are not finite.
    """
    fixed_mm, moving_mm = (np.asarray(points, dtype=float).reshape(-1, 3) for points in (fixed_mm, moving_mm))
    if len(fixed_mm) != len(moving_mm):
        raise InputError(
            f"There are {len(fixed_mm)} fixed but {len(moving_mm)} moving landmarks: each needs its counterpart, in one order."
        )
    if len(fixed_mm) < 2:
        raise InputError(f"At least 2 landmark pairs are needed to judge a registration; there are {len(fixed_mm)}.")
    if not (np.isfinite(fixed_mm).all() and np.isfinite(moving_mm).all()):
        raise InputError("Some landmark coordinates are not finite numbers.")
    return fixed_mm, moving_mm


def check_landmarks_inside(points_mm: np.ndarray, image: sitk.Image, role: str, progress: Progress) -> None:
    """Warn about landmarks outside of their volume; refuse them if nearly all are.

    Args:
        role: "fixed" or "moving", for the message.

    Raises:
        InputError: more than half of the points lie outside; the message says so if RAS coordinates are the likely cause.
    """
    outside = 1 - _inside(points_mm, image).mean()
    if outside > 0.5:
        mirrored = _inside(points_mm * [-1, -1, 1], image).mean()
        hint = " They would lie inside if x and y had the other sign: they seem to be RAS." if mirrored > 0.5 else ""
        raise InputError(
            f"{outside:.0%} of the {role} landmarks lie outside of the {role} volume. Landmarks are expected in LPS mm.{hint}"
        )
    if outside > 0:
        progress.warning(
            f"{round(outside * len(points_mm))} of {len(points_mm)} {role} landmarks lie outside of the {role} volume."
        )


def _inside(points_mm: np.ndarray, image: sitk.Image) -> np.ndarray:
    index = np.array([image.TransformPhysicalPointToContinuousIndex(point.tolist()) for point in points_mm])
    return np.all((index >= -0.5) & (index <= np.array(image.GetSize()) - 0.5), axis=1)
