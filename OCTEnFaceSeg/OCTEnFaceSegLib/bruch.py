"""Bruch's membrane in an OCT volume: a smooth surface with confidence, which bridges atrophy instead of falling into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .membrane.band_path import bright_band
from .membrane.correction import add_points
from .membrane.edge import bare_edge, lower_edge
from .membrane.smooth_surface import SmoothSurface
from .membrane.work_grid import WorkGrid

FEWEST = (1, 32, 16)  # B-scans, depth, A-scans
SEARCH_UM = (-5.0, 75.0)  # from the middle of the bright band
NEAR_UM = 24.0  # from the first surface
TOLERANCES_UM = (40.0, 25.0, 15.0, 10.0)  # of the first surface's robust fit
NEAR_TOLERANCES_UM = (10.0, 8.0)
BARE_UM = (45.0, 25.0)  # from the surface, where the epithelium is lost
LOCAL_MM = (0.10, 0.15)  # between and along B-scans: what the surface leaves is averaged over this
LOCAL_PRIOR = 0.1  # weight of "no local deviation"
DOUBTFUL = 0.25  # mean confidence below which the user is warned


@dataclass
class Bruch:
    """Bruch's membrane: `depth` in voxels and `confidence` 0..1, both (B-scans, A-scans) float32.

    The confidence is the share of the A-scans around that show the membrane's edge where the surface is: about 0 where the
    surface is bridged, in atrophy, over calcified drusen and in B-scans without image; 1 where a user drew it.
    """

    depth: np.ndarray
    confidence: np.ndarray


def find_bruch(volume: np.ndarray, spacing_mm: tuple[float, float, float], progress: Progress | None = None) -> Bruch:
    """Find Bruch's membrane.

    The bright band of the outer retina is followed in each B-scan (dynamic programming); the band's lower edge is searched
    under it, with trust that vanishes where the pigment epithelium is lost. A B-spline surface with one offset and slope per
    B-scan is fitted to the trusted edges (iteratively reweighted least squares, Geman-McClure), the edges are searched again
    near it; where the epithelium is lost, the choroid's beginning near the surface counts a little. What the edges deviate is
    averaged locally. Where there is no edge at all, the surface goes on smoothly.

    Args:
        volume: (B-scans, depth, A-scans), the vitreous first; any intensity scale. Values that are not finite count as dark.
        spacing_mm: between A-scans, along the beam, between B-scans.

    Raises:
        InputError: a volume that is too small, spacing that is not positive, or a volume in which nothing is seen.
    """
    progress = progress or Progress()
    _check(volume, spacing_mm)
    with progress.stage("Bruch's membrane", until=1.0) as step:
        grid = WorkGrid.of(volume, spacing_mm)
        if not grid.valid.any():
            raise InputError("All B-scans of the volume are empty or constant, so Bruch's membrane cannot be found in it.")
        step(0.2)
        band = bright_band(grid)
        step(0.5)
        model = SmoothSurface(grid.x_mm, grid.z_mm)
        row, trust = lower_edge(grid, band, *SEARCH_UM)
        surface = model.fit(row, trust + 1e-6 * grid.valid[:, None])
        surface, _ = _robust(model, grid, row, trust, surface, TOLERANCES_UM)
        step(0.75)
        row, trust = lower_edge(grid, surface, -NEAR_UM, NEAR_UM)
        surface, weight = _robust(model, grid, row, trust, surface, NEAR_TOLERANCES_UM)
        step(0.85)
        for within_um in BARE_UM:
            bare, bare_trust = bare_edge(grid, surface, within_um, trust)
            seen = bare_trust > trust
            row, both = np.where(seen, bare, row), np.where(seen, bare_trust, trust)
            surface, weight = _robust(model, grid, row, both, surface, (within_um / 2,))
        mean = _local_mean(grid)
        nearby = mean(weight)
        surface = surface + mean(weight * (row - surface)) / (nearby + LOCAL_PRIOR)
        depth = np.clip(grid.to_ascans(grid.to_voxels(surface)), 0, volume.shape[1] - 1)
        confidence = np.clip(grid.to_ascans(nearby), 0, 1) * grid.valid[:, None]
    if confidence.mean() < DOUBTFUL:
        progress.warning(
            "Bruch's membrane is seen in few places of this volume. Check it on the B-scans, and correct it if needed."
        )
    return Bruch(np.asarray(depth, np.float32), np.asarray(confidence, np.float32))


def corrected(bruch: Bruch, points: Mapping[int, Sequence[tuple[float, float]]]) -> Bruch:
    """The membrane through a user's points.

    The surface is moved by a correction that is exact at the points, monotone between neighbours (PCHIP along the B-scan, then
    from B-scan to B-scan) and fades out within an eighth of the scan beyond the outermost points and B-scans.

    Args:
        points: B-scan -> [(A-scan, depth in voxels), ...], any order.

    Returns:
        A new Bruch; confidence is 1 between the outermost points of the B-scans that have points.

    Raises:
        InputError: points outside of the scan, or two at one A-scan.
    """
    return Bruch(*add_points(bruch.depth, bruch.confidence, points))


def _robust(
    model: SmoothSurface, grid: WorkGrid, row: np.ndarray, trust: np.ndarray, surface: np.ndarray, tolerances_um: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Surface and the weights of its last fit, with a tolerance that narrows."""
    weight = trust
    for um in tolerances_um:
        weight = trust / (1 + ((row - surface) * grid.row_um / um) ** 2) ** 2
        surface = model.fit(row, weight + 1e-9 * grid.valid[:, None])
    return surface, weight


def _local_mean(grid: WorkGrid):
    steps = [float(np.diff(mm).mean()) if len(mm) > 1 else 1.0 for mm in (grid.z_mm, grid.x_mm)]
    sigma = [mm / step for mm, step in zip(LOCAL_MM, steps, strict=True)]
    return lambda values: ndimage.gaussian_filter(values, sigma, mode="nearest")


def _check(volume: np.ndarray, spacing_mm: tuple[float, float, float]) -> None:
    if volume.ndim != 3 or any(n < fewest for n, fewest in zip(volume.shape, FEWEST, strict=True)):
        raise InputError(
            f"The volume has the shape {volume.shape}; Bruch's membrane needs B-scans of at least {FEWEST[1]} voxels' depth "
            f"and {FEWEST[2]} A-scans."
        )
    if len(spacing_mm) != 3 or not all(np.isfinite(mm) and mm > 0 for mm in spacing_mm):
        raise InputError(f"The spacing of the volume is {tuple(spacing_mm)} mm; three positive numbers are needed.")
