"""Points of the model and where they are seen: landmarks to draw and to judge by, pairs to align by."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from CorrespondCoreLib.errors import InputError

HEADER = ("name", "x", "y", "z")
SEEN = ("view", "column", "row")


@dataclass
class ModelPoint:
    """A point of the model.

    Attributes:
        name: nadir L, ostium R, ...
        point_mm: (3,) LPS in the model's frame.
        seen: number of a view, from 0 -> (2,) pixel (column, row) where a person sees the point.
    """

    name: str
    point_mm: np.ndarray
    seen: dict[int, np.ndarray] = field(default_factory=dict)


def read_points(path: str | Path, views: int | None = None) -> list[ModelPoint]:
    """Read a CSV file with the columns name,x,y,z (LPS, mm), and where points are seen: view,column,row.

    Args:
        views: how many there are; view counts from 1. A point that is seen in two has two lines of the same name. None: where
            points are seen is not read.

    Raises:
        InputError: no such file, another header, a line that is not numbers, no such view.
    """
    path = Path(path)
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read the points {path.name}: {error}.") from error
    if not set(HEADER) <= set(rows.fieldnames or ()):
        raise InputError(
            f"The file of points {path.name} must start with the line {','.join(HEADER)} (LPS, mm), or with "
            f"{','.join((*HEADER, *SEEN))}."
        )
    points: dict[str, ModelPoint] = {}
    for row in rows:
        place = f"Line {rows.line_num} of the points {path.name}"
        position = _numbers(row, HEADER[1:], place)
        point = points.setdefault(row["name"], ModelPoint(row["name"], position))
        if not np.allclose(point.point_mm, position):
            raise InputError(f"{place}: {row['name']} stands there twice with different coordinates.")
        if views is not None and any((row.get(column) or "").strip() for column in SEEN):
            view, *pixel = _numbers(row, SEEN, place)
            if view not in range(1, views + 1):
                raise InputError(f"{place}: there is no view {view:g}; views count from 1 to {views}.")
            point.seen[int(view) - 1] = np.array(pixel)
    if not points:
        raise InputError(f"The file of points {path.name} has no points.")
    return list(points.values())


def as_arrays(points: list[ModelPoint], views: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 3) LPS mm in the model's frame, and (views, N, 2) pixels where they are seen, nan where they are not."""
    places = np.array([point.point_mm for point in points]).reshape(-1, 3)
    pixels = np.full((views, len(points), 2), np.nan)
    for n, point in enumerate(points):
        for view, pixel in point.seen.items():
            pixels[view, n] = pixel
    return places, pixels


def _numbers(row: dict[str, str], columns: tuple[str, ...], place: str) -> np.ndarray:
    try:
        values = np.array([float(row[column]) for column in columns])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{place} is incomplete or not numeric: {', '.join(columns)} are needed.") from error
    if not np.isfinite(values).all():
        raise InputError(f"{place} holds a number that is not finite.")
    return values
