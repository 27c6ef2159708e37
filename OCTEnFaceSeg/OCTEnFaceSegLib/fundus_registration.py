"""Affine registration of a fundus image of another device to the scan's en-face plane: by points, or by vessels."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import SimpleITK as sitk
from scipy import ndimage, signal

from CorrespondCoreLib.errors import InputError

from .enface_plane import plane_image, resampled, upright_grid
from .projections import filled
from .scan import OctScan
from .visit_registration import (
    FINE_MM,
    correlation_of,
    refine,
    rigid_transform,
    vessel_map,
)

LEAST_PAIRS = 3
VESSEL_WIDTHS_MM, AROUND_MM = (0.04, 0.08), 0.8  # standard deviations of Gaussians
FRAME = 0.02  # of the range of gray values
LARGEST_RMS_UM = 250.0  # careful clicks on vessel crossings are 30 to 100 um apart; exchanged points a millimeter
LARGEST_STRETCH = 1.35  # of one direction against the other: optics of two devices differ by some percent
SCALES = 0.7, 1.4  # of an image whose millimeters are known
LEAST_CORRELATION = 0.35  # of vessels; those of phantoms of other eyes came to 0.29, of the same eye to 0.6 and more
BLOCKS, BLOCK_REACH_MM, BLOCK_CORRELATION = 3, 0.3, 0.5
ANOTHER = "Is it of the other eye, of another place, or are points exchanged?"


@dataclass(frozen=True)
class FundusRegistration:
    """How a fundus image lies under a scan.

    Attributes:
        transform: takes points of the scan's en-face plane (LPS x, z in mm) to those of the image.
        by: "points" or "vessels".
        left_um, largest_um: what is left between the two, in the scan's plane: root mean square and largest distance of the pairs
            of points; of vessels the median over parts of the image of the shift by which each fits best, and None, because a
            lesion that grew moves its part. None where nothing can tell.
        pairs: number of pairs of points. correlation: of the vessels, where they were used.
        similarity: the residual is that of the best similarity, because an affine map goes through any three pairs.
    """

    transform: sitk.AffineTransform
    by: str
    left_um: float | None
    largest_um: float | None
    pairs: int = 0
    correlation: float | None = None
    similarity: bool = False
    scales: tuple[float, float] = field(init=False)
    turn_deg: float = field(init=False)

    def __post_init__(self) -> None:
        matrix = _matrix(self.transform)
        u, sizes, v = np.linalg.svd(matrix)
        turn = u @ v
        object.__setattr__(self, "scales", (float(sizes[0]), float(sizes[1])))
        object.__setattr__(self, "turn_deg", float(np.degrees(np.arctan2(turn[1, 0], turn[0, 0]))))


def register_by_points(scan_mm: np.ndarray, fundus_mm: np.ndarray, metric: bool = False) -> FundusRegistration:
    """The best affine map through pairs of points.

    Args:
        scan_mm, fundus_mm: (N, 2) x and z of the same places in the scan's plane and on the image, N >= 3.
        metric: the image's millimeters are known, so that its size must fit.

    Raises:
        InputError: too few pairs, all on a line, or a map that no image of this place has; the message says which.
    """
    scan_mm, fundus_mm = np.asarray(scan_mm, float), np.asarray(fundus_mm, float)
    if scan_mm.shape != fundus_mm.shape:
        raise InputError(f"There are {len(scan_mm)} points on the scan and {len(fundus_mm)} on the image: mark the same places.")
    if len(scan_mm) < LEAST_PAIRS:
        raise InputError(f"There are {len(scan_mm)} pairs of points; an affine registration needs at least {LEAST_PAIRS}.")
    for points, where in ((scan_mm, "scan"), (fundus_mm, "image")):
        spread = np.linalg.svd(points - points.mean(axis=0), compute_uv=False)
        if spread[1] < 0.1 * spread[0]:
            raise InputError(f"The points on the {where} lie on a line: mark at least one beside it, far away.")
    solution = np.linalg.lstsq(np.column_stack([scan_mm, np.ones(len(scan_mm))]), fundus_mm, rcond=None)[0]
    transform = _affine(solution[:2].T, solution[2])
    similarity = len(scan_mm) == LEAST_PAIRS
    _check_map(transform, metric)
    left_mm = _similar(fundus_mm, scan_mm) - scan_mm if similarity else _moved(transform.GetInverse(), fundus_mm) - scan_mm
    left_um = 1000 * np.linalg.norm(left_mm, axis=1)
    rms_um = float(np.sqrt((left_um**2).mean()))
    if rms_um > LARGEST_RMS_UM:
        raise InputError(
            f"The points do not fit: they are {rms_um:.0f} um apart after the registration, pair {int(left_um.argmax()) + 1} "
            f"{left_um.max():.0f} um. {ANOTHER}"
        )
    return FundusRegistration(transform, "points", rms_um, float(left_um.max()), len(scan_mm), similarity=similarity)


def register_by_vessels(
    scan: OctScan, bruch_depth: np.ndarray, fundus: sitk.Image, metric: bool, start: sitk.AffineTransform | None = None
) -> FundusRegistration:
    """The affine map under which vessels fit best: those of the scan's own fundus image, else those of the scan itself.

    Args:
        bruch_depth: (B-scans, A-scans) in voxels; used where the scan has no fundus image of its own (`own_fundus`).
        fundus: image (x, 1, z). metric: its millimeters are known.
        start: a registration to refine, by points for example; without one the image must have a scale.

    Raises:
        InputError: no scale and no start, or the vessels do not fit; the message says which.
    """
    if start is None and not metric:
        raise InputError("The image states no scale: mark three pairs of points first; vessels then refine their registration.")
    own = own_fundus(scan)
    fixed = _vessels(plane_image(own) if own is not None else vessel_map(scan, bruch_depth))
    moving = _vessels(plane_image(fundus))
    transform = sitk.AffineTransform(start) if start is not None else _of_rigid(rigid_transform(fixed, moving))
    _refine(transform, fixed, moving, 2 * FINE_MM, 0.03)
    correlation = correlation_of(fixed, moving, transform)
    if correlation >= 0.75 * LEAST_CORRELATION:
        _refine(transform, fixed, moving, FINE_MM, 0.01)
        correlation = correlation_of(fixed, moving, transform)
    if correlation < LEAST_CORRELATION:
        raise InputError(
            f"The vessels of the image do not fit those of the scan (correlation {correlation:.2f}, at least "
            f"{LEAST_CORRELATION} is needed). {ANOTHER} If it is the right one, mark pairs of points."
        )
    _check_map(transform, metric)
    left_um = _left_in_blocks(fixed, moving, transform)
    return FundusRegistration(transform, "vessels", left_um, None, correlation=correlation)


def own_fundus(scan: OctScan) -> sitk.Image | None:
    """The scan's own fundus image, whose vessels stand for the scan's; None where it has none that shows them well."""
    return next((scan.fundus[kind] for kind in ("SLO", "FAF") if kind in scan.fundus), None)


def space_transform(plane: sitk.AffineTransform) -> sitk.AffineTransform:
    """A registration in the plane (LPS x, z) as a transform of space that leaves depth as it is."""
    matrix = np.eye(3)
    matrix[np.ix_((0, 2), (0, 2))] = _matrix(plane)
    shift = plane.TransformPoint((0.0, 0.0))
    return sitk.AffineTransform(matrix.ravel().tolist(), [float(shift[0]), 0.0, float(shift[1])])


def pairs_left_um(transform: sitk.Transform, scan_mm: np.ndarray, fundus_mm: np.ndarray) -> np.ndarray:
    """Distances (N,) of pairs of points under a registration, in the scan's plane."""
    return 1000 * np.linalg.norm(_moved(transform.GetInverse(), np.asarray(fundus_mm, float)) - scan_mm, axis=1)


def _check_map(transform: sitk.AffineTransform, metric: bool) -> None:
    """Refuse what no fundus image of this place can be."""
    matrix = _matrix(transform)
    sizes = np.linalg.svd(matrix, compute_uv=False)
    if np.linalg.det(matrix) <= 0:
        raise InputError(f"The image would lie mirrored under the scan. {ANOTHER}")
    if sizes[0] > LARGEST_STRETCH * sizes[1]:
        raise InputError(
            f"The image would be stretched {sizes[0] / sizes[1]:.2f} times more in one direction than in the other. {ANOTHER}"
        )
    if metric and not (SCALES[0] <= sizes[1] and sizes[0] <= SCALES[1]):
        raise InputError(f"The image would be {1 / np.sqrt(sizes.prod()):.2f} times as large as its own scale says. {ANOTHER}")


def _vessels(image: sitk.Image) -> sitk.Image:
    """How much a 2D image looks like a dark line, whatever its brightness: lesions that one device shows bright and another one
    dark do not count."""
    grid = upright_grid(image, FINE_MM)
    smoothed = sitk.SmoothingRecursiveGaussian(image, [max(FINE_MM, s) / 2 for s in image.GetSpacing()])
    values = filled(resampled(smoothed, grid))
    best = np.zeros_like(values)
    for width_mm in VESSEL_WIDTHS_MM:
        sigma = width_mm / FINE_MM
        rr, cc, rc = (
            sigma**2 * ndimage.gaussian_filter(values, sigma, order, mode="nearest") for order in ((2, 0), (0, 2), (1, 1))
        )
        curvature = (rr + cc) / 2 + np.sqrt(((rr - cc) / 2) ** 2 + rc**2)
        best = np.maximum(best, curvature)
    best[ndimage.binary_dilation(_frame(values), iterations=round(3 * max(VESSEL_WIDTHS_MM) / FINE_MM))] = 0
    spread = np.sqrt(ndimage.gaussian_filter(best**2, AROUND_MM / FINE_MM, mode="nearest"))
    line = sitk.GetImageFromArray((best / (spread + 1e-3 * np.ptp(values) + 1e-6)).astype(np.float32))
    line.CopyInformation(grid)
    return line


def _frame(values: np.ndarray) -> np.ndarray:
    """The black surroundings that many devices leave around the fundus."""
    regions, _count = ndimage.label(values <= values.min() + FRAME * np.ptp(values))
    border = np.unique(np.concatenate([regions[0], regions[-1], regions[:, 0], regions[:, -1]]))
    return np.isin(regions, border[border > 0])


def _refine(transform: sitk.AffineTransform, fixed: sitk.Image, moving: sitk.Image, pixel_mm: float, step_mm: float) -> None:
    try:
        refine(transform, fixed, moving, pixel_mm, step_mm)
    except RuntimeError as error:
        raise InputError(f"The image does not lie over the scan. {ANOTHER}") from error


def _left_in_blocks(fixed: sitk.Image, moving: sitk.Image, transform: sitk.Transform) -> float | None:
    """By how much parts of the image fit better elsewhere, in um: the median."""
    b = resampled(moving, fixed, transform)
    known = np.isfinite(b)
    values, reach = sitk.GetArrayFromImage(fixed), round(BLOCK_REACH_MM / FINE_MM)
    shifts = []
    for rows in np.array_split(np.arange(values.shape[0]), BLOCKS):
        for columns in np.array_split(np.arange(values.shape[1]), BLOCKS):
            part = np.ix_(rows, columns)
            if known[part].mean() > 0.9 and min(len(rows), len(columns)) > 2 * reach:
                shift = _best_shift(values[part], np.where(known, b, 0)[part], reach)
                shifts += [shift] if shift is not None else []
    return 1000 * FINE_MM * float(np.median(np.linalg.norm(shifts, axis=1))) if shifts else None


def _best_shift(a: np.ndarray, b: np.ndarray, reach: int) -> tuple[float, float] | None:
    """Rows and columns by which b fits a best; None where nothing in them is alike."""
    core = b[reach:-reach, reach:-reach] - b.mean()
    a = a - a.mean()
    ones = np.ones_like(core)
    product = signal.fftconvolve(a, core[::-1, ::-1], "valid")
    spread = np.sqrt(np.maximum(signal.fftconvolve(a**2, ones, "valid") * (core**2).sum(), 1e-9))
    values = ndimage.gaussian_filter(product / spread, 1.5)
    if values.max() < BLOCK_CORRELATION:
        return None
    row, column = (int(n) for n in np.unravel_index(int(values.argmax()), values.shape))
    return _peak(values[:, column], row) - reach, _peak(values[row], column) - reach


def _peak(line: np.ndarray, at: int) -> float:
    """Where the parabola through the largest value and its neighbors is highest."""
    if not 0 < at < len(line) - 1:
        return float(at)
    before, here, after = line[at - 1 : at + 2]
    return at + float((before - after) / (2 * (before - 2 * here + after)))


def _of_rigid(rigid: sitk.Euler2DTransform) -> sitk.AffineTransform:
    affine = sitk.AffineTransform(2)
    affine.SetMatrix(rigid.GetMatrix())
    affine.SetTranslation(rigid.GetTranslation())
    affine.SetCenter(rigid.GetCenter())
    return affine


def _affine(matrix: np.ndarray, shift: np.ndarray) -> sitk.AffineTransform:
    affine = sitk.AffineTransform(2)
    affine.SetMatrix(matrix.ravel().tolist())
    affine.SetTranslation(shift.tolist())
    return affine


def _matrix(transform: sitk.AffineTransform) -> np.ndarray:
    return np.array(transform.GetMatrix()).reshape(2, 2)


def _moved(transform: sitk.Transform, points: np.ndarray) -> np.ndarray:
    return np.array([transform.TransformPoint(point) for point in points.tolist()])


def _similar(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Points moved by the similarity (shift, turn, one scale) that brings them nearest to others."""
    z, w = ((points - points.mean(axis=0)) @ np.array([1, 1j]) for points in (source, target))
    moved = np.vdot(z, w) / np.vdot(z, z) * z
    return np.column_stack([moved.real, moved.imag]) + target.mean(axis=0)
