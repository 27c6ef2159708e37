"""Pairs of chest CT scans whose true motion is known everywhere: to test, tune and train registration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .phantoms.ct import move_ct
from .phantoms.pair import Phantom
from .phantoms.render import Grid, render, true_motion
from .phantoms.scan import KERNELS, NOISE_HU, Scanner, scan
from .phantoms.thorax import Thorax

__all__ = ["Phantom", "breathing_phantom", "grid_over", "move_ct", "scanned"]

FIELD_OF_VIEW_MM = np.array([352.0, 288.0, 312.0])
FIELD_CENTER_MM = np.array([0.0, 10.0, -14.0])
STATES = ("inspiration", "expiration")


def breathing_phantom(
    size: Sequence[int] = (192, 160, 192),
    spacing: Sequence[float] | None = None,
    seed: int = 0,
    dose: str | Sequence[str] = ("standard", "low"),
    kernel: str | Sequence[str] | None = None,
    motion_mm: float = 45.0,
    landmarks: int = 300,
    fixed_is: str = "inspiration",
    progress: Progress | None = None,
) -> Phantom:
    """Two CT scans of a random thorax in two breathing states, with the true motion between them.

    The motion is an analytic map (see phantoms.motion): lungs, heart and abdomen slide along the chest wall, the diaphragm rises
    on expiration, the largest displacement in the lungs is `motion_mm`. Both scans are sampled from the same description of the
    body, neither is a warp of the other: vessels and airways are tubes along moved centerlines and keep their caliber, and the
    density of lung tissue (HU + 1000) is divided by det J, so that mass is conserved. The field is smooth within the lungs (no
    wave shorter than 56 mm) and jumps at the pleura.

    Args:
        size: voxels along x, y, z; at least 32 each.
        spacing: mm along x, y, z; by default such that the whole chest fits.
        seed: anatomy, motion, noise and kernels follow from it.
        dose: "standard" or "low" (noise of 25 or 45 HU), for both scans or one for each of fixed, moving.
        kernel: reconstruction "smooth" or "sharp", likewise; random by default.
        motion_mm: 5 to 60.
        landmarks: their largest number; they lie on vessels, evenly over the lungs, exact in both scans.
        fixed_is: "inspiration" or "expiration"; the moving scan is the other.

    Raises:
        InputError: impossible arguments.
    """
    progress = progress or Progress()
    grid = grid_over(size, spacing)
    rng = np.random.default_rng([seed, 1])
    doses = _pair(dose, NOISE_HU, "dose")
    kernels = _pair(rng.choice(sorted(KERNELS), 2).tolist() if kernel is None else kernel, KERNELS, "kernel")
    if not 5 <= motion_mm <= 60:
        raise InputError(f"The motion of the phantom is {motion_mm} mm; give a value from 5 to 60.")
    if fixed_is not in STATES:
        raise InputError(f"The fixed scan of the phantom is {fixed_is!r}; give {' or '.join(STATES)}.")
    with progress.stage("Building the thorax", until=0.2):
        thorax = Thorax.random(seed, motion_mm, float(grid.spacing.prod() ** (1 / 3)))
    scanners = Scanner.named(doses[0], kernels[0]), Scanner.named(doses[1], kernels[1])
    return scanned(thorax, grid, fixed_is == "expiration", scanners, landmarks, rng, progress)


def scanned(
    thorax: Thorax,
    grid: Grid,
    expiration: bool,
    scanners: tuple[Scanner, Scanner],
    landmarks: int,
    rng: np.random.Generator,
    progress: Progress,
) -> Phantom:
    """A person scanned in both breathing states, with the truth.

    Args:
        expiration: of the fixed scan; the moving one is of the other state.
        scanners: of the fixed and of the moving scan.
        landmarks: their largest number.
        rng: of the noise and of the landmarks.
    """
    noise = rng.spawn(2)
    with progress.stage("True motion", until=0.3):
        displacement, jacobian = (grid.image(array) for array in true_motion(thorax, grid, expiration))
    with progress.stage("Fixed scan", until=0.6) as step:
        hu, fixed_lobes = render(thorax, grid, expiration, step, scanners[0].contrast_hu)
        fixed = scan(hu, grid.spacing[::-1], scanners[0], noise[0])
    with progress.stage("Moving scan", until=1.0) as step:
        hu, moving_lobes = render(thorax, grid, not expiration, step, scanners[1].contrast_hu)
        moving = scan(hu, grid.spacing[::-1], scanners[1], noise[1])
    points = thorax.landmarks(grid.shows, landmarks, rng)
    return Phantom(
        fixed=grid.image(fixed),
        moving=grid.image(moving),
        fixed_mask=grid.image((fixed_lobes > 0).astype(np.uint8)),
        moving_mask=grid.image((moving_lobes > 0).astype(np.uint8)),
        fixed_lobes=grid.image(fixed_lobes),
        moving_lobes=grid.image(moving_lobes),
        fixed_landmarks_mm=points[expiration],
        moving_landmarks_mm=points[not expiration],
        fixed_to_moving_mm=displacement,
        true_jacobian=jacobian,
    )


def _pair(given: str | Sequence[str], known: Mapping[str, float], what: str) -> tuple[str, str]:
    pair = (given, given) if isinstance(given, str) else tuple(given)
    if len(pair) != 2 or not set(pair) <= set(known):
        raise InputError(f"The {what} of the phantom is {given!r}; give {' or '.join(known)}, or one for each scan.")
    return pair[0], pair[1]


def grid_over(size: Sequence[int], spacing: Sequence[float] | None) -> Grid:
    """A grid of a size (x, y, z) around the middle of the chest; by default its spacing (mm) is such that the whole chest fits.

    Raises:
        InputError: an impossible size or spacing.
    """
    if len(size) != 3 or min(size) < 32:
        raise InputError(f"The size of the phantom is {tuple(size)}; give three numbers of at least 32.")
    voxels = np.array(size)
    mm = FIELD_OF_VIEW_MM / voxels if spacing is None else np.array(spacing, float)
    if mm.shape != (3,) or not (np.isfinite(mm).all() and (mm > 0).all()):
        raise InputError(f"The spacing of the phantom is {spacing}; give three positive numbers in mm.")
    return Grid((int(size[0]), int(size[1]), int(size[2])), mm, FIELD_CENTER_MM - 0.5 * (voxels - 1) * mm)
