"""The aorta's lumen out of a contrast CT or MR angiography: seeds, region growing, cleaning, a closed mesh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.progress import Progress

from .mask_surface import TRIANGLES, labelled_box, mesh_of_mask
from .meshes import Mesh

SEED_RADIUS_MM = 3.0
TISSUE_HU = 50.0
CT_BELOW = -300.0
"""An image that reaches below this is taken as CT in Hounsfield units: nothing else measures so far below zero."""
CLEARLY_BRIGHTER = 1.3


@dataclass(frozen=True)
class AortaSettings:
    """How the lumen is found.

    Attributes:
        lower, upper: values of the lumen; from the seeds if absent (see `thresholds`).
        opening_mm: radius of the ball that must fit in: cuts off leaks, and vessels thinner than twice that (coronaries).
        largest_ml: more than this is a leak. A whole aorta with iliac arteries holds 150 to 400 ml, an aneurysm more.
        bounds_mm: two corners (3,) LPS mm; the region stays in the box between them. None: the whole volume.
        smooth_mm: of the surface, see `mask_surface.mesh_of_mask`. triangles: at most about so many.
    """

    lower: float | None = None
    upper: float | None = None
    opening_mm: float = 2.0
    largest_ml: float = 700.0
    bounds_mm: tuple[tuple[float, float, float], tuple[float, float, float]] | None = None
    smooth_mm: float | None = None
    triangles: int = TRIANGLES


def aorta_mesh(
    image: sitk.Image, seeds_mm: np.ndarray, settings: AortaSettings | None = None, progress: Progress | None = None
) -> Mesh:
    """The closed surface of the lumen around seeds.

    Args:
        image: contrast CTA or MRA, three-dimensional, one component.
        seeds_mm: (3,) or (K, 3) LPS, inside the lumen. What the opening parts from all seeds is lost, such as the vessel below a
            plaque: a seed there keeps it.

    Raises:
        InputError: see `aorta_mask`; MissingPackage: no VTK; Cancelled.
    """
    settings, progress = settings or AortaSettings(), progress or Progress()
    mask = aorta_mask(image, seeds_mm, settings, progress.part(until=0.7))
    with progress.stage("Surface", until=1.0):
        return mesh_of_mask(mask, smooth_mm=settings.smooth_mm, triangles=settings.triangles)


def aorta_mask(
    image: sitk.Image, seeds_mm: np.ndarray, settings: AortaSettings | None = None, progress: Progress | None = None
) -> sitk.Image:
    """The lumen around seeds as label map (1 inside) on the image's grid.

    What is connected to the seeds within the thresholds is opened by a ball, what then still is connected to a seed is kept, and
    its holes are filled.

    Raises:
        InputError: no volume, a seed outside of it or not in contrast, a region that leaks into the heart or bones or touches
            nothing of the seeds after opening. Cancelled.
    """
    settings, progress = settings or AortaSettings(), progress or Progress()
    _check_volume(image)
    part, seeds = _part(image, seeds_mm, settings)
    with progress.stage("Thresholds", until=0.1):
        lower, upper = thresholds(part, seeds, settings)
    with progress.stage("Region growing", until=0.6) as step:
        grow = sitk.ConnectedThresholdImageFilter()
        grow.SetSeedList(seeds)
        grow.SetLower(lower)
        grow.SetUpper(upper)
        region = _executed(grow, step, part)
        _check_leak(region, lower, upper, settings, "grew from the seeds", 4.0)
    with progress.stage("Cleaning", until=0.95) as step:
        region = _cleaned(region, seeds, settings, step)
        _check_leak(region, lower, upper, settings, "was found", 1.0)
    with progress.stage("Mask", until=1.0):
        return sitk.Resample(region, image, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)


def thresholds(image: sitk.Image, seeds: list[tuple[int, ...]], settings: AortaSettings) -> tuple[float, float]:
    """Lowest and highest value of the lumen.

    The lower one is half way between the lumen (median within 3 mm of the seeds) and what is around (in CT 50 HU, in other images
    the mean of the darker class by Otsu); the upper one as far above the lumen, for bones and calcium are brighter. Values that
    the settings tell are taken as they are.

    Raises:
        InputError: the seeds are hardly brighter than what is around them, or the thresholds exclude them.
    """
    values = sitk.GetArrayViewFromImage(image)
    near = np.concatenate([_around(values, seed, image.GetSpacing()) for seed in seeds])
    lumen = float(np.median(near))
    if settings.lower is None or settings.upper is None:
        around = TISSUE_HU if float(values.min()) < CT_BELOW else _darker_class(image)
        if lumen < CLEARLY_BRIGHTER * around:
            raise InputError(
                f"The seed lies in values around {lumen:.0f}, what surrounds the vessels has about {around:.0f}: there is no "
                "contrast. Place the seed inside the contrast-filled aorta, or give the lower threshold."
            )
        half = (lumen - around) / 2
    lower = settings.lower if settings.lower is not None else lumen - half
    upper = settings.upper if settings.upper is not None else max(lumen + half, float(np.percentile(near, 99)))
    outside = [seed for seed in seeds if not lower <= float(values[seed[::-1]]) <= upper]
    if outside:
        raise InputError(
            f"A seed has the value {float(values[outside[0][::-1]]):.0f}, which is not within {lower:.0f} to {upper:.0f}. "
            "Move it to the middle of the lumen, or change the thresholds."
        )
    return lower, upper


def _check_volume(image: sitk.Image) -> None:
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1 or min(image.GetSize()) < 3:
        raise InputError("The aorta is found in a volume: three dimensions, one value per voxel, three slices or more.")


def _part(image: sitk.Image, seeds_mm: np.ndarray, settings: AortaSettings) -> tuple[sitk.Image, list[tuple[int, ...]]]:
    """The image within the bounds, and the seeds as its voxels (x, y, z)."""
    low, size = np.zeros(3, int), np.array(image.GetSize())
    if settings.bounds_mm is not None:
        box = np.array(settings.bounds_mm, dtype=float)
        corners = np.array(np.meshgrid(*box.T, indexing="ij")).reshape(3, -1).T
        index = np.array([image.TransformPhysicalPointToContinuousIndex(corner) for corner in corners.tolist()])
        low = np.clip(np.ceil(index.min(axis=0)), 0, size - 1).astype(int)
        size = np.clip(np.floor(index.max(axis=0)) + 1, low, size).astype(int) - low
        if size.min() < 3:
            raise InputError("The box that limits the aorta holds nothing of the volume. Check its corners (LPS, mm).")
    part = sitk.RegionOfInterest(image, size.tolist(), low.tolist())
    seeds = []
    for point in np.atleast_2d(np.asarray(seeds_mm, dtype=float)):
        index = np.array(part.TransformPhysicalPointToIndex(point.tolist()))
        if not ((index >= 0) & (index < size)).all():
            raise InputError(
                f"The seed ({', '.join(f'{value:.1f}' for value in point)}) lies outside of the volume or of the box that limits "
                "the aorta. Seeds are in LPS mm: negate the first two numbers of RAS coordinates."
            )
        seeds.append(tuple(index.tolist()))
    return part, seeds


def _around(values: np.ndarray, seed: tuple[int, ...], spacing: tuple[float, ...]) -> np.ndarray:
    """Values (slices, rows, columns) within 3 mm of a voxel (x, y, z); at least that voxel's own."""
    offsets = np.ogrid[tuple(slice(-i, n - i) for i, n in zip(seed[::-1], values.shape, strict=True))]
    near = [np.flatnonzero(np.abs(o.ravel() * side) <= SEED_RADIUS_MM) for o, side in zip(offsets, spacing[::-1], strict=True)]
    squares = [(offset.ravel()[index] * side) ** 2 for offset, index, side in zip(offsets, near, spacing[::-1], strict=True)]
    ball = sum(np.ix_(*squares)) <= SEED_RADIUS_MM**2
    return values[np.ix_(*near)][ball].astype(float)


def _darker_class(image: sitk.Image) -> float:
    values = sitk.GetArrayViewFromImage(image)
    split = sitk.OtsuThresholdImageFilter()
    split.Execute(image)
    return float(values[values <= split.GetThreshold()].mean())


def _cleaned(region: sitk.Image, seeds: list[tuple[int, ...]], settings: AortaSettings, step: Callable[..., None]) -> sitk.Image:
    """Opened, connected to a seed, without holes; only the box that holds it."""
    low, high = labelled_box(sitk.GetArrayViewFromImage(region))
    region = region[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    if settings.opening_mm > 0:
        opening = sitk.BinaryMorphologicalOpeningImageFilter()
        opening.SetKernelType(sitk.sitkBall)
        opening.SetKernelRadius([int(round(settings.opening_mm / side)) for side in region.GetSpacing()])
        region = _executed(opening, lambda fraction: step(0.8 * fraction), region)
    parts = sitk.GetArrayFromImage(sitk.ConnectedComponent(region))
    inside = [tuple(int(i) - start for i, start in zip(seed, low, strict=True)) for seed in seeds]
    kept = {int(number) for seed in inside for number in np.unique(_around(parts, seed, region.GetSpacing()))} - {0}
    if not kept:
        raise InputError(
            f"Nothing of the region around the seeds is as thick as {2 * settings.opening_mm:g} mm. Place the seeds in the "
            "aorta, lower the threshold, or choose a smaller opening."
        )
    chosen = sitk.GetImageFromArray(np.isin(parts, sorted(kept)).astype(np.uint8))
    chosen.CopyInformation(region)
    step(0.9)
    return sitk.BinaryFillhole(chosen)


def _check_leak(region: sitk.Image, lower: float, upper: float, settings: AortaSettings, how: str, tolerance: float) -> None:
    voxel_ml = float(np.prod(region.GetSpacing())) / 1000
    volume_ml = float(sitk.GetArrayViewFromImage(region).sum()) * voxel_ml
    if volume_ml > tolerance * settings.largest_ml:
        raise InputError(
            f"The region that {how} holds {volume_ml:.0f} ml, an aorta at most {settings.largest_ml:.0f} ml: it has leaked into "
            f"the heart, bones or veins. Raise the lower threshold (now {lower:.0f}; upper {upper:.0f}), enlarge the opening "
            f"(now {settings.opening_mm:g} mm), or limit the region by a box."
        )


def _executed(work: Any, step: Callable[[float], None], image: sitk.Image) -> sitk.Image:
    """The filter's result; its progress is told, and a cancel stops it."""
    stopped: list[Cancelled] = []

    def tell() -> None:
        try:
            step(work.GetProgress())
        except Cancelled as error:
            stopped.append(error)
            work.Abort()

    work.AddCommand(sitk.sitkProgressEvent, tell)
    try:
        return work.Execute(image)
    except RuntimeError as error:
        raise stopped[0] if stopped else error from None
    finally:
        work.RemoveAllCommands()
