"""Where Bruch's membrane of a scan comes from: the user, the file, or the volume; and its corrections."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.image_files import read_image_file
from CorrespondCoreLib.progress import Progress

from .bruch import Bruch, corrected, find_bruch
from .projections import filled
from .scan import OctScan

NAMES = ("BM", "BRUCH", "BMEOS")
"""What files call Bruch's membrane, the likeliest first."""
LEAST_KNOWN = 0.5
"""A layer of a file that misses more of the A-scans than this is not used by itself."""
Points = Mapping[int, Sequence[tuple[float, float]]]
"""B-scan -> (A-scan, depth) in voxels."""


@dataclass
class Membrane:
    """Bruch's membrane, and where it is from: "given", "file" or "found", with ", corrected" where points moved it."""

    bruch: Bruch
    source: str


def membrane_of(
    scan: OctScan,
    volume: np.ndarray,
    wanted: str = "auto",
    given: np.ndarray | None = None,
    points: Points | None = None,
    progress: Progress | None = None,
) -> Membrane:
    """Bruch's membrane of a scan.

    Args:
        volume: the scan's array (B-scans, depth, A-scans) float32.
        wanted: "file", "find", or "auto" (the file's if it has one).
        given: (B-scans, A-scans) in voxels, nan where unknown; used in place of all others.
        points: through which it is then drawn.

    Raises:
        InputError: the file's layer is wanted and it has none, the given one has another shape or knows nothing.
    """
    progress = progress or Progress()
    if given is not None:
        membrane = Membrane(known(given, scan), "given")
    elif (layer := _file_layer(scan, wanted, progress)) is not None:
        membrane = Membrane(known(layer, scan), "file")
    else:
        membrane = Membrane(find_bruch(volume, scan.spacing_mm, progress), "found")
    if points:
        _check_points(points, scan)
        membrane = Membrane(corrected(membrane.bruch, dict(points)), f"{membrane.source}, corrected")  # type: ignore[arg-type]
    return membrane


def known(depth: np.ndarray, scan: OctScan) -> Bruch:
    """A membrane from depths that somebody else knows: gaps take the nearest A-scan's depth, and confidence 0.

    Raises:
        InputError: another shape, no value at all, or values outside of the scan.
    """
    if depth.shape != scan.enface_shape:
        raise InputError(
            f"Bruch's membrane has {depth.shape[1]} x {depth.shape[0]} values, the scan {scan.enface_shape[1]} x "
            f"{scan.enface_shape[0]} (A-scans x B-scans): it is of another scan."
        )
    finite = np.isfinite(depth)
    if not finite.any():
        raise InputError("Bruch's membrane has no value at any A-scan. Leave it out: it is then found in the volume.")
    inside = finite & (depth >= 0) & (depth <= scan.depth - 1)
    if inside.sum() < 0.5 * finite.sum():
        raise InputError(
            "Bruch's membrane lies outside of the scan: its values must be depths in voxels, 0 at the top "
            f"(0 to {scan.depth - 1}), not millimeters."
        )
    return Bruch(filled(np.where(inside, depth, np.nan)).astype(np.float32), inside.astype(np.float32))


def read_membrane(path: str | Path) -> tuple[np.ndarray | None, dict[int, list[tuple[float, float]]] | None]:
    """What a file says of Bruch's membrane: (depths (B-scans, A-scans) in voxels, None) of an image as a run writes it
    (bruch.nrrd), or (None, points) of a CSV with the columns b_scan, a_scan, depth (voxels, all from 0).

    Raises:
        InputError: it cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        return None, _read_points(path)
    if not path.is_file():
        raise InputError(f"The file {path} of Bruch's membrane does not exist. Give bruch.nrrd of a run, or a CSV of points.")
    array = sitk.GetArrayFromImage(read_image_file(path, "map of Bruch's membrane", "close other programs"))
    if array.ndim != 3 or array.shape[1] != 1:
        raise InputError(f"{path} is no map of Bruch's membrane: it must have A-scans x 1 x B-scans voxels.")
    return array[:, 0].astype(np.float32), None


def _read_points(path: Path) -> dict[int, list[tuple[float, float]]]:
    points: dict[int, list[tuple[float, float]]] = {}
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                points.setdefault(int(row["b_scan"]), []).append((float(row["a_scan"]), float(row["depth"])))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path} cannot be read as points of Bruch's membrane ({error}): it needs the columns b_scan, a_scan, depth."
        ) from error
    if not points:
        raise InputError(f"{path} holds no point of Bruch's membrane.")
    return points


def _file_layer(scan: OctScan, wanted: str, progress: Progress) -> np.ndarray | None:
    """The file's layer if it shall be used; None if the membrane has to be found."""
    if wanted == "find":
        return None
    layers = {name.upper(): layer for name, layer in scan.layers.items()}
    layer = next((layers[name] for name in NAMES if name in layers), None)
    if layer is None:
        if wanted == "file":
            raise InputError("The file has no layer of Bruch's membrane (BM). Choose to have it found in the volume.")
        return None
    missing = 1 - float(np.isfinite(layer).mean())
    if missing > LEAST_KNOWN and wanted == "auto":
        progress.warning(
            f"The file's Bruch's membrane is missing at {100 * missing:.0f} % of the A-scans: it was found in the volume instead."
        )
        return None
    if missing > 0.02:
        progress.warning(
            f"The file's Bruch's membrane is missing at {100 * missing:.0f} % of the A-scans; the nearest one's was taken."
        )
    return layer


def _check_points(points: Points, scan: OctScan) -> None:
    b_scans, a_scans = scan.enface_shape
    for b, line in points.items():
        for a, depth in line:
            if not (0 <= b < b_scans and 0 <= a <= a_scans - 1 and 0 <= depth <= scan.depth - 1):
                raise InputError(
                    f"The point of Bruch's membrane at B-scan {b}, A-scan {a:g}, depth {depth:g} lies outside of the scan "
                    f"({b_scans} B-scans, {a_scans} A-scans, {scan.depth} voxels deep, counted from 0)."
                )
