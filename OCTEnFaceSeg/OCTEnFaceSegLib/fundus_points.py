"""Pairs of points on a scan and on a fundus image, as a table that people make by hand."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

from .scan import OctScan

COLUMNS = ("b_scan", "a_scan", "column", "row")


@dataclass(frozen=True)
class PointPairs:
    """The same places on both, counted from 0.

    Attributes:
        scan: (N, 2) B-scan and A-scan. pixels: (N, 2) column and row of the image, the first row on top.
    """

    scan: np.ndarray
    pixels: np.ndarray

    def in_mm(self, scan: OctScan, image: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
        """(N, 2) LPS x and z on the scan, and on the image (x, 1, z) as `formats.fundus.upright_image` makes it.

        Raises:
            InputError: points lie outside of the scan or of the image.
        """
        columns, _, rows = image.GetSize()
        _check_inside(self.scan, scan.enface_shape, "scan", "B-scans x A-scans")
        _check_inside(self.pixels, (columns, rows), "image", "columns x rows")
        on_scan = [scan.volume.TransformContinuousIndexToPhysicalPoint((float(a), 0.0, float(b))) for b, a in self.scan]
        on_image = [image.TransformContinuousIndexToPhysicalPoint((float(c), 0.0, rows - 1 - float(r))) for c, r in self.pixels]
        return np.array(on_scan)[:, [0, 2]], np.array(on_image)[:, [0, 2]]


def read_point_pairs(path: str | Path) -> PointPairs:
    """Read a CSV with the columns b_scan, a_scan, column, row; further columns are ignored.

    Raises:
        InputError: not there, other columns, a value that is no number, no row.
    """
    path = Path(path)
    head = ",".join(COLUMNS)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise InputError(f"The table of points {path.name} must begin with the line {head}.")
            rows = [_numbers(row, reader.line_num, path) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The table of points {path} cannot be read ({error}). It is a CSV with the columns {head}.") from error
    if not rows:
        raise InputError(f"The table of points {path.name} holds no point.")
    values = np.array(rows)
    return PointPairs(values[:, :2], values[:, 2:])


def _numbers(row: dict, line: int, path: Path) -> list[float]:
    try:
        values = [float(row[column]) for column in COLUMNS]
    except (TypeError, ValueError) as error:
        raise InputError(f"Line {line} of the table of points {path.name} is incomplete or not numeric.") from error
    if not np.isfinite(values).all():
        raise InputError(f"Line {line} of the table of points {path.name} holds a value that is not finite.")
    return values


def _check_inside(points: np.ndarray, shape: tuple[int, int], where: str, names: str) -> None:
    outside = ((points < -0.5) | (points > np.array(shape) - 0.5)).any(axis=1)
    if outside.any():
        n = int(outside.argmax())
        raise InputError(
            f"Point {n + 1} ({points[n, 0]:g}, {points[n, 1]:g}) lies outside of the {where} ({shape[0]} x {shape[1]} {names}, "
            "counted from 0)."
        )
