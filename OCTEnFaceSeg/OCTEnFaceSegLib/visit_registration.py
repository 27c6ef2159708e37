"""Registration of two visits in the en-face plane, by vessels: of the SLO where both visits have one, else of the scan itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from .enface_plane import plane_image, plane_map, resampled, upright_grid
from .projections import SLABS, filled, projection
from .scan import OctScan

FUNDUS = ("SLO", "IR", "NIR")
TURNS_DEG = np.arange(-12, 13, 2)
COARSE_MM, FINE_MM = 0.06, 0.02
VESSEL_MM = (
    0.20  # brightness is compared with its surroundings of this Gaussian width: lesions that grew weigh little, vessels much
)
LEAST_OVERLAP = 0.4  # of the smaller image
LEAST_CORRELATION = 0.25  # of the registered images; below it they are not of the same place of the same eye


@dataclass(frozen=True)
class VisitRegistration:
    """How a later visit lies over the first one.

    Attributes:
        transform: takes points of the first visit (LPS x, z in mm) to those of the later one.
        by: "SLO" or "en-face vessels".
        correlation: of the registered images, 1 at most. overlap: part of the first scan that the later one covers.
        shift_mm, turn_deg: of the scan's middle.
    """

    transform: sitk.Transform
    by: str
    correlation: float
    overlap: float
    shift_mm: tuple[float, float]
    turn_deg: float

    @property
    def trusted(self) -> bool:
        return self.correlation >= LEAST_CORRELATION and self.overlap >= LEAST_OVERLAP


def register_visits(first: OctScan, later: OctScan, first_bruch: np.ndarray, later_bruch: np.ndarray) -> VisitRegistration:
    """Find the rigid motion in the en-face plane between two visits of one eye.

    Args:
        first_bruch, later_bruch: Bruch's membrane (B-scans, A-scans) in voxels, for the scans' own projections.
    """
    kind = next((name for name in FUNDUS if name in first.fundus and name in later.fundus), None)
    if kind:
        fixed, moving = (plane_image(scan.fundus[kind]) for scan in (first, later))
    else:
        fixed, moving = vessel_map(first, first_bruch), vessel_map(later, later_bruch)
    transform = rigid_transform(fixed, moving)
    middle = _middle(plane_map(first, np.zeros(first.enface_shape)))
    there = transform.TransformPoint(middle)
    return VisitRegistration(
        transform=transform,
        by="SLO" if kind else "en-face vessels",
        correlation=correlation_of(fixed, moving, transform),
        overlap=_overlap(first, later, transform),
        shift_mm=(there[0] - middle[0], there[1] - middle[1]),
        turn_deg=float(np.degrees(sitk.Euler2DTransform(transform).GetAngle())),
    )


def vessel_map(scan: OctScan, bruch_depth: np.ndarray) -> sitk.Image:
    """The scan's own picture of its vessels: the mean around the RPE, where their shadows are darkest."""
    values = projection(sitk.GetArrayViewFromImage(scan.volume), bruch_depth, SLABS["rpe"], scan.spacing_mm[1])
    values = filled(values)
    return plane_map(scan, values - np.median(values, axis=1, keepdims=True))


def rigid_transform(fixed: sitk.Image, moving: sitk.Image) -> sitk.Euler2DTransform:
    """The rigid motion that takes points of one 2D image (mm) to those of another, by correlation of their local contrast."""
    start = _coarse(fixed, moving)
    for pixel_mm, step_mm in ((FINE_MM * 2, 0.05), (FINE_MM, 0.02)):
        refine(start, fixed, moving, pixel_mm, step_mm)
    return start


def refine(transform: sitk.Transform, fixed: sitk.Image, moving: sitk.Image, pixel_mm: float, step_mm: float) -> None:
    """Improve a transform in place, by the correlation of the local contrast of both images.

    Args:
        pixel_mm: at which the contrast is seen. step_mm: the longest step.

    Raises:
        RuntimeError: the images do not overlap under the transform.
    """
    a, b = (local_contrast(image, pixel_mm) for image in (fixed, moving))
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(step_mm, 1e-4, 100, 0.6, 1e-7)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetInitialTransform(transform, inPlace=True)
    method.Execute(a, b)


def _coarse(fixed: sitk.Image, moving: sitk.Image) -> sitk.Euler2DTransform:
    """The best of several turns, each with the shift at the peak of the masked normalized correlation (Padfield 2012)."""
    a = local_contrast(fixed, COARSE_MM)
    b = local_contrast(moving, COARSE_MM)
    best: tuple[float, sitk.Euler2DTransform] | None = None
    for turn in np.radians(TURNS_DEG):
        transform = sitk.Euler2DTransform(_middle(fixed), float(turn))
        turned = _turned(b, transform)
        values = _correlation_of_shifts(a, turned)
        row, column = np.unravel_index(int(values.argmax()), values.shape)
        if best is None or values.max() > best[0]:
            # peak at index (height - 1, width - 1) of the moving image means that both first pixels coincide
            shift = np.array((column, row)) - np.array(turned.GetSize()) + 1
            origin = np.array(a.TransformContinuousIndexToPhysicalPoint([float(s) for s in shift]))
            offset = np.array(turned.GetOrigin()) - origin
            matrix = np.array(transform.GetMatrix()).reshape(2, 2)
            moved = sitk.Euler2DTransform(transform)
            moved.SetTranslation((matrix @ offset).tolist())
            best = (float(values.max()), moved)
    assert best is not None
    return best[1]


def _correlation_of_shifts(a: sitk.Image, b: sitk.Image) -> np.ndarray:
    """Correlation for every shift in pixels; the filter wants images in one place, so they lose theirs."""
    first, second = (sitk.GetImageFromArray(sitk.GetArrayFromImage(image)) for image in (a, b))
    masks = [sitk.Cast(sitk.Abs(image) > 0, sitk.sitkFloat32) for image in (first, second)]
    return sitk.GetArrayFromImage(sitk.MaskedFFTNormalizedCorrelation(first, second, masks[0], masks[1], 0, LEAST_OVERLAP))


def _turned(image: sitk.Image, transform: sitk.Euler2DTransform) -> sitk.Image:
    """An image resampled by a turn, on an upright grid that holds all of it."""
    inverse = transform.GetInverse()
    columns, rows = image.GetSize()
    corners = [
        inverse.TransformPoint(image.TransformContinuousIndexToPhysicalPoint((x, y)))
        for x in (0.0, columns - 1.0)
        for y in (0.0, rows - 1.0)
    ]
    low, high = np.min(corners, axis=0), np.max(corners, axis=0)
    grid = sitk.Image([int(np.ceil(side / COARSE_MM)) + 1 for side in high - low], sitk.sitkUInt8)
    grid.SetSpacing((COARSE_MM, COARSE_MM))
    grid.SetOrigin((float(low[0]), float(high[1])))
    grid.SetDirection((1.0, 0.0, 0.0, -1.0))
    return sitk.Resample(image, grid, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32)


def local_contrast(image: sitk.Image, pixel_mm: float) -> sitk.Image:
    """An image on square pixels, each compared with its surroundings: about -3 to 3, never exactly 0 inside."""
    grid = upright_grid(image, pixel_mm)
    smoothed = sitk.SmoothingRecursiveGaussian(image, [max(pixel_mm, s) / 2 for s in image.GetSpacing()])
    values = filled(resampled(smoothed, grid))
    sigma = VESSEL_MM / pixel_mm
    difference = values - ndimage.gaussian_filter(values, sigma, mode="nearest")
    spread = np.sqrt(ndimage.gaussian_filter(difference**2, 3 * sigma, mode="nearest"))
    local = np.clip(difference / (spread + 1e-3 * np.ptp(values) + 1e-6), -3, 3)
    result = sitk.GetImageFromArray(np.where(local == 0, 1e-6, local).astype(np.float32))
    result.CopyInformation(grid)
    return result


def correlation_of(fixed: sitk.Image, moving: sitk.Image, transform: sitk.Transform) -> float:
    """Of the local contrast of two registered 2D images, where both are."""
    a = local_contrast(fixed, FINE_MM * 2)
    b = resampled(local_contrast(moving, FINE_MM * 2), a, transform)
    both = np.isfinite(b)
    if both.sum() < 100:
        return 0.0
    return float(np.nan_to_num(np.corrcoef(sitk.GetArrayFromImage(a)[both], b[both])[0, 1]))


def _overlap(first: OctScan, later: OctScan, transform: sitk.Transform) -> float:
    grid = upright_grid(plane_map(first, np.ones(first.enface_shape)), 2 * COARSE_MM)
    return float((resampled(plane_map(later, np.ones(later.enface_shape)), grid, transform, 0.0) > 0.5).mean())


def _middle(image: sitk.Image) -> tuple[float, float]:
    """Of a 2D image, in mm."""
    x, z = image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
    return x, z
