"""Linear pre-alignment: a translation that survives table shifts and cut fields of view, and affine fits to displacements."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import fft

from CorrespondCoreLib.errors import InputError

from .lattice import Lattice, bounding_box_mm

SPACING_MM = 6.0
LEAST_OVERLAP = 0.25  # part of the smaller image that must overlap at a candidate shift
CUT_CONTACT = 0.1  # lung area on the image's faces, relative to volume^(2/3), from which on it counts as cut


def initial_translation(
    fixed: sitk.Image, moving: sitk.Image, fixed_mask: sitk.Image | None, moving_mask: sitk.Image | None
) -> np.ndarray:
    """Translation (mm) fixed -> moving points: between the centroids of whole lungs, else where the images correlate best."""
    if fixed_mask is not None and moving_mask is not None and not (is_cut(fixed_mask) or is_cut(moving_mask)):
        return centroid_mm(moving_mask) - centroid_mm(fixed_mask)
    return correlation_translation(fixed, moving)


def centroid_mm(mask: sitk.Image) -> np.ndarray:
    """Centroid of the non-zero voxels, LPS mm."""
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(sitk.Cast(mask != 0, sitk.sitkUInt8))
    return np.asarray(shape.GetCentroid(1))


def is_cut(mask: sitk.Image) -> bool:
    """Whether the lungs are cut by the edge of the image."""
    array = sitk.GetArrayViewFromImage(mask)
    faces = sum(np.count_nonzero(face) for a in range(3) for face in (array.take(0, axis=a), array.take(-1, axis=a)))
    return bool(faces > CUT_CONTACT * np.count_nonzero(array) ** (2 / 3))


def correlation_translation(fixed: sitk.Image, moving: sitk.Image) -> np.ndarray:
    """Translation (mm) fixed -> moving points of highest correlation within the overlap, over all shifts at once.

    Masked normalized cross-correlation by FFT (Padfield, IEEE Trans Image Process 21(5), 2012).
    """
    (f, f_in, f_origin), (m, m_in, m_origin) = _coarse(fixed), _coarse(moving)
    shape = [fft.next_fast_len(a + b - 1, real=True) for a, b in zip(f.shape, m.shape, strict=True)]

    def transform(a: np.ndarray) -> np.ndarray:
        return fft.rfftn(a, shape)

    def correlate(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return fft.irfftn(np.conj(a) * b, shape)

    tf, tf2, tfi = transform(f), transform(f * f), transform(f_in)
    tm, tm2, tmi = transform(m), transform(m * m), transform(m_in)
    overlap = np.maximum(correlate(tfi, tmi), 1e-3)
    sum_f, sum_m = correlate(tf, tmi), correlate(tfi, tm)
    covariance = correlate(tf, tm) - sum_f * sum_m / overlap
    variance_f = correlate(tf2, tmi) - sum_f**2 / overlap
    variance_m = correlate(tfi, tm2) - sum_m**2 / overlap
    score = covariance / np.sqrt(np.maximum(variance_f, 1.0) * np.maximum(variance_m, 1.0))
    score[overlap < LEAST_OVERLAP * min(f_in.sum(), m_in.sum())] = -1.0
    peak = np.array(np.unravel_index(int(score.argmax()), score.shape))
    shift = np.where(peak >= np.array(m.shape), peak - np.array(shape), peak)  # shifts beyond the moving image are negative ones
    return m_origin - f_origin + shift[::-1] * SPACING_MM


def fit_affine(points_mm: np.ndarray, targets_mm: np.ndarray) -> sitk.AffineTransform:
    """The affine transform that takes points (N, 3) to targets (N, 3) with least squared error.

    Raises:
        InputError: it would turn space inside out.
    """
    matrix, offset = least_squares_affine(points_mm, targets_mm)
    if np.linalg.det(matrix) < 0.05:
        raise InputError("The initial transform mirrors or flattens space: it does not map the fixed to the moving image.")
    return affine_of(matrix, offset)


def least_squares_affine(points_mm: np.ndarray, targets_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A (3, 3) and b (3,) with least squared error of A points + b against the targets, (N, 3)."""
    center = points_mm.mean(axis=0)
    design = np.hstack([points_mm - center, np.ones((len(points_mm), 1))])
    solution = np.linalg.lstsq(design, targets_mm, rcond=None)[0]
    matrix = solution[:3].T
    return matrix, solution[3] - matrix @ center


def fit_rigid(points_mm: np.ndarray, targets_mm: np.ndarray, rounds: int = 5) -> sitk.AffineTransform:
    """Rotation and translation that take points (N, 3) to targets (N, 3); the worst fifth is left out of each further round.

    Kabsch 1976, as an affine transform.
    """
    keep = np.ones(len(points_mm), bool)
    for _ in range(rounds):
        p, t = points_mm[keep].mean(axis=0), targets_mm[keep].mean(axis=0)
        u, _, vt = np.linalg.svd((points_mm[keep] - p).T @ (targets_mm[keep] - t))
        rotation = (u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt).T
        error = np.linalg.norm((points_mm - p) @ rotation.T + t - targets_mm, axis=1)
        keep = error <= np.quantile(error, 0.8)
    return affine_of(rotation, t - rotation @ p)


def translation(shift_mm: np.ndarray) -> sitk.AffineTransform:
    """A translation as affine transform."""
    return affine_of(np.eye(3), shift_mm)


def composed(outer: sitk.AffineTransform, inner: sitk.AffineTransform) -> sitk.AffineTransform:
    """x -> outer(inner(x))."""
    (a, b), (c, d) = matrix_and_offset(outer), matrix_and_offset(inner)
    return affine_of(a @ c, a @ d + b)


def inverted(transform: sitk.AffineTransform) -> sitk.AffineTransform:
    """The inverse, again as affine transform."""
    matrix, offset = matrix_and_offset(transform)
    inverse = np.linalg.inv(matrix)
    return affine_of(inverse, -inverse @ offset)


def affine_of(matrix: np.ndarray, offset: np.ndarray) -> sitk.AffineTransform:
    """x -> matrix x + offset."""
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(np.asarray(matrix, float).ravel().tolist())
    transform.SetTranslation(np.asarray(offset, float).tolist())
    return transform


def matrix_and_offset(transform: sitk.AffineTransform) -> tuple[np.ndarray, np.ndarray]:
    """A (3, 3) and b (3,) with T(x) = A x + b."""
    return np.asarray(transform.GetMatrix()).reshape(3, 3), np.asarray(transform.TransformPoint((0.0, 0.0, 0.0)))


def _coarse(image: sitk.Image) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The image at 6 mm along LPS less air (0..1400), its coverage 0/1, and its origin."""
    lower, upper = bounding_box_mm(image)
    lattice = Lattice.over_box(lower, upper, SPACING_MM)
    factors = [max(1, int(SPACING_MM / s)) for s in image.GetSpacing()]
    small = sitk.BinShrink(image, [min(f, n) for f, n in zip(factors, image.GetSize(), strict=True)])
    on_lattice = sitk.Resample(small, lattice.image_like(), sitk.Transform(), sitk.sitkLinear, -32000.0, sitk.sitkFloat32, True)
    values = sitk.GetArrayFromImage(on_lattice).astype(np.float64)
    covered = values > -10000
    return np.where(covered, np.clip(values, -1000, 400) + 1000, 0), covered.astype(float), lattice.lower_mm
