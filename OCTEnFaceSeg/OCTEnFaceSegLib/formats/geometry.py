"""From the lines of a scan on the fundus to the geometry of its volume.

The fundus plane: x mm to the patient's left (to the right on a fundus image of either eye), z mm upwards (superior).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError

from ..scan import LINE, RADIAL, RASTER

_PARALLEL_DEG = 5.0
_SHEAR_DEG = 2.0
_FARTHEST_MM = 1e4  # from the origin of a file's coordinates, which may be anywhere
_ROUNDING_MM = 0.0015  # of positions that are stated with three decimals


@dataclass(frozen=True)
class Placement:
    """How the B-scans of a file lie.

    Attributes:
        pattern: raster, radial or line.
        order: index in the file of each B-scan of the volume.
        mirrored: A-scans are to be reversed, for they run to the patient's right.
        spacing_xz_mm: between A-scans and between B-scans.
        origin_xz_mm: first A-scan of the first B-scan, in the fundus plane.
        along_xz: unit vector of the A-scans in the fundus plane.
        bottom_up: the B-scans follow each other at the left hand of `along_xz`, which is upwards for horizontal B-scans.
        notes: for the user.
    """

    pattern: str
    order: np.ndarray
    mirrored: bool
    spacing_xz_mm: tuple[float, float]
    origin_xz_mm: tuple[float, float]
    along_xz: tuple[float, float] = (1.0, 0.0)
    bottom_up: bool = True
    notes: list[str] = field(default_factory=list)

    def volume(self, bscans: np.ndarray, depth_mm: float) -> sitk.Image:
        """The volume of B-scans (B, D, W), given in the file's order."""
        image = sitk.GetImageFromArray(np.ascontiguousarray(self.ordered(bscans)))
        image.SetSpacing((self.spacing_xz_mm[0], depth_mm, self.spacing_xz_mm[1]))
        image.SetOrigin((self.origin_xz_mm[0], 0.0, self.origin_xz_mm[1]))
        ux, uz = self.along_xz
        sign = 1.0 if self.bottom_up else -1.0
        image.SetDirection((ux, 0.0, -uz * sign, 0.0, 1.0, 0.0, uz, 0.0, ux * sign))
        return image

    def ordered(self, values: np.ndarray) -> np.ndarray:
        """An array (B, ..., W) in the file's order, in the volume's."""
        values = values[self.order]
        return values[..., ::-1] if self.mirrored else values


def place_lines(starts_mm: np.ndarray, ends_mm: np.ndarray, ascans: int, ascan_mm: float | None = None) -> Placement:
    """Find the grid that B-scans lie on.

    A-scans are spread evenly around the middle of each line: first and last lie on its ends, or half a step inside if the line
    is stated from edge to edge.

    Args:
        starts_mm, ends_mm: (B-scans, 2) ends of each B-scan in the fundus plane (x, z).
        ascans: in each B-scan.
        ascan_mm: distance of A-scans where the file states it; else from the lines' length.

    Raises:
        InputError: a line without length, B-scans at the same place, uneven or sheared B-scans.
    """
    starts_mm, ends_mm = np.asarray(starts_mm, float), np.asarray(ends_mm, float)
    wild = ~(np.abs(np.hstack([starts_mm, ends_mm])) < _FARTHEST_MM).all(axis=1)
    if wild.any():
        raise InputError(f"The file places B-scan {int(wild.argmax()) + 1} outside of any eye: it is damaged. Export it again.")
    vectors = ends_mm - starts_mm
    lengths = np.linalg.norm(vectors, axis=1)
    if lengths.min() < 1e-3:
        raise InputError(f"The two ends of B-scan {int(lengths.argmin()) + 1} are at the same place. Export the scan again.")
    step_mm = float(ascan_mm or lengths.mean() / max(ascans - 1, 1))
    units = vectors / lengths[:, None]
    if len(units) == 1:
        return _raster(starts_mm, ends_mm, units[0], ascans, step_mm, LINE)
    cosine = np.clip(units @ units[0], -1, 1)
    if np.degrees(np.arccos(cosine)).max() > _PARALLEL_DEG:
        return Placement(RADIAL, np.arange(len(units)), False, (step_mm, step_mm), (0.0, 0.0))
    along = units.mean(axis=0)
    return _raster(starts_mm, ends_mm, along / np.linalg.norm(along), ascans, step_mm, RASTER)


def _raster(starts: np.ndarray, ends: np.ndarray, along: np.ndarray, ascans: int, step_mm: float, pattern: str) -> Placement:
    if mirrored := bool(along[0] < -abs(along[1])):
        along = -along
    if abs(along[1]) < 1e-4:
        along = np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    middles = (starts + ends) / 2
    heights, shifts = middles @ across, middles @ along
    notes = []
    if abs(along[1]) > np.cos(np.pi / 4):
        notes.append("The B-scans run vertically over the fundus.")
    order = np.arange(len(heights))
    steps = np.diff(heights)
    if pattern == RASTER and not ((steps > 0).all() or (steps < 0).all()):
        order = np.argsort(heights, kind="stable")
        steps = np.diff(heights[order])
        notes.append("The file's B-scans are not in the order of their positions; they were sorted.")
    bscan_mm, bottom_up = step_mm, True
    if pattern == RASTER:
        bscan_mm, bottom_up = float(np.abs(steps).mean()), bool(steps.mean() > 0)
        notes += _check_steps(np.abs(steps), order, heights[order], shifts[order])
    first = middles[order[0]] - (ascans - 1) / 2 * step_mm * along
    origin, unit = (float(first[0]), float(first[1])), (float(along[0]), float(along[1]))
    return Placement(pattern, order, mirrored, (step_mm, bscan_mm), origin, unit, bottom_up, notes)


def _check_steps(steps: np.ndarray, order: np.ndarray, heights: np.ndarray, shifts: np.ndarray) -> list[str]:
    """Notes on small unevenness; raises InputError for what no regular grid can hold."""
    usual = float(np.median(steps))
    if steps.min() < 1e-4:
        at = int(steps.argmin())
        raise InputError(
            f"B-scans {order[at] + 1} and {order[at + 1] + 1} lie at the same place: repeated B-scans are not supported. "
            "Export the averaged scan."
        )
    off = np.abs(steps - usual)
    between = f"between B-scans {order[off.argmax()] + 1} and {order[off.argmax() + 1] + 1}"
    if off.max() > 0.25 * usual + _ROUNDING_MM:
        raise InputError(
            f"The B-scans are unevenly spaced: {steps[off.argmax()] * 1000:.0f} um {between}, "
            f"{usual * 1000:.0f} um elsewhere. B-scans are missing, or the raster is not regular: areas would be wrong. Export "
            "the complete scan."
        )
    trend, start = (
        np.polyfit(heights, shifts, 1) if len(heights) > 2 else ((shifts[1] - shifts[0]) / (heights[1] - heights[0]), 0)
    )
    if abs(np.degrees(np.arctan(trend))) > _SHEAR_DEG:
        raise InputError(
            "The B-scans are shifted against each other along the scan (a sheared raster), which no regular grid can hold. "
            "Choose another scan."
        )
    notes = []
    if off.max() > 0.05 * usual + _ROUNDING_MM:
        notes.append(f"The distance of B-scans varies by up to {off.max() * 1000:.0f} um; its mean is used.")
    scatter = np.abs(shifts - (trend * heights + start)).max() if len(heights) > 2 else 0.0
    if scatter > 0.03:
        notes.append(f"B-scans are shifted by up to {scatter * 1000:.0f} um along the scan; they are kept as they are.")
    return notes
