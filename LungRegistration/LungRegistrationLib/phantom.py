"""A breathing thorax whose true motion is known everywhere: pairs of CT scans to test, tune and train registration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from scipy.spatial import cKDTree

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from .phantom_anatomy import BLOOD_HU, LUNG_AIR_HU, MUSCLE_HU, Anatomy, covered, over
from .phantom_motion import Breathing, random_breathing
from .phantom_scan import KERNELS, NOISE_HU, scan
from .phantom_texture import Texture
from .phantom_trees import Tree, fill, grow
from .phantom_tubes import draw_tubes

FIELD_OF_VIEW_MM = np.array([352.0, 288.0, 312.0])
VESSEL_SPACING_MM = 8.5  # between the ends of arteries, and of veins
VESSEL_TIP_MM = 0.75
AIRWAY_SPACING_MM = 26.0
AIRWAY_TIP_MM = 1.1


@dataclass
class Phantom:
    """A pair of scans with its truth. Points and displacements are LPS mm and map fixed points to moving points."""

    fixed: sitk.Image  # int16 HU
    moving: sitk.Image
    fixed_mask: sitk.Image  # uint8, the lungs
    moving_mask: sitk.Image
    fixed_lobes: sitk.Image  # uint8, labels of phantom_anatomy.LOBES
    moving_lobes: sitk.Image
    fixed_landmarks_mm: np.ndarray  # (N, 3), exact in both scans
    moving_landmarks_mm: np.ndarray
    fixed_to_moving_mm: sitk.Image  # float32 vectors on the fixed grid
    true_jacobian: sitk.Image  # float32 on the fixed grid: volume after / volume before


@dataclass(frozen=True)
class Grid:
    """A voxel grid along the LPS axes. Orders: size, spacing, origin x, y, z; arrays z, y, x."""

    size: tuple[int, int, int]
    spacing: np.ndarray
    origin: np.ndarray

    def slabs(self) -> list[slice]:
        """Ranges of slices that are worked on at a time."""
        thick = max(1, (1 << 20) // (self.size[0] * self.size[1]))
        return [slice(k, min(k + thick, self.size[2])) for k in range(0, self.size[2], thick)]

    def points(self, slab: slice) -> np.ndarray:
        """Points (N, 3) float32 of a range of slices, x fastest."""
        x, y, z = (self.origin[i] + self.spacing[i] * np.arange(self.size[i]) for i in range(3))
        zz, yy, xx = np.meshgrid(z[slab], y, x, indexing="ij")
        return np.stack([xx.ravel(), yy.ravel(), zz.ravel()], axis=1).astype(np.float32)

    def image(self, array: np.ndarray) -> sitk.Image:
        image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
        image.SetSpacing(self.spacing.tolist())
        image.SetOrigin(self.origin.tolist())
        return image


@dataclass(frozen=True)
class Thorax:
    """One person who breathes."""

    anatomy: Anatomy
    motion: Breathing
    vessels: tuple[Tree, ...]
    airways: Tree
    texture: Texture

    @classmethod
    def random(cls, seed: int, motion_mm: float, voxel_mm: float) -> Thorax:
        rngs = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(5)]
        anatomy = Anatomy.random(rngs[0])
        lattice = _inside(anatomy, 9.0, rngs[1])
        motion = random_breathing(rngs[1], anatomy.chest, lattice, motion_mm)
        spacing = max(VESSEL_SPACING_MM, 2.0 * voxel_mm)
        tip = VESSEL_TIP_MM * spacing / VESSEL_SPACING_MM
        vessels = tuple(_tree(anatomy, spacing, tip, rng) for rng in rngs[2].spawn(2))
        airways = _tree(anatomy, AIRWAY_SPACING_MM, AIRWAY_TIP_MM, rngs[3])
        return cls(anatomy, motion, vessels, airways, Texture.random(rngs[4], 245.0, max(1.6, 0.5 * voxel_mm)))


def _inside(anatomy: Anatomy, spacing_mm: float, rng: np.random.Generator, depth_mm: float = 0.0) -> np.ndarray:
    """Points that fill the lungs, at least `depth_mm` below their surface."""
    chest = anatomy.chest
    box = np.array([chest.half_width, chest.half_depth, 0.0])
    points = fill(-box - [0, 0, 190], box + [0, 0, chest.apex_z + 5], spacing_mm, rng)
    return points[anatomy.lung_distance(points) < -depth_mm]


def _tree(anatomy: Anatomy, spacing_mm: float, tip_radius: float, rng: np.random.Generator) -> Tree:
    tips = _inside(anatomy, spacing_mm, rng, depth_mm=3.0)
    tips = tips[anatomy.fissure_distance(tips) > 2.5]
    wobble = rng.uniform(-5, 5, (2, 3))
    roots = {label: anatomy.hilum(left=label > 3) + wobble[int(label > 3)] for label in range(1, 6)}
    return grow(tips, anatomy.lobe(tips), roots, tip_radius, rng)


def breathing_phantom(
    size: Sequence[int] = (192, 160, 192),
    spacing: Sequence[float] | None = None,
    seed: int = 0,
    dose: str | tuple[str, str] = ("standard", "low"),
    kernel: str | tuple[str, str] | None = None,
    motion_mm: float = 45.0,
    landmarks: int = 300,
    progress: Progress | None = None,
) -> Phantom:
    """Two CT scans of a random thorax, fixed at inspiration and moving at expiration, with the true motion between them.

    The motion is an analytic map (see phantom_motion): lungs, heart and abdomen slide along the chest wall, the diaphragm rises by up
    to `motion_mm`. Both scans are sampled from the same description of the body, neither is a warp of the other: vessels and
    airways are tubes along moved centrelines and keep their calibre, the density of lung tissue (HU + 1000) is divided by det J, so
    that mass is conserved. The field is smooth within the lungs (no wave shorter than 56 mm) and jumps at the pleura.

    Args:
        size: voxels along x, y, z; at least 32 each.
        spacing: mm; by default such that the whole chest fits.
        seed: anatomy, motion, noise and kernels follow from it.
        dose: "standard" or "low" (noise of 25 or 45 HU), for both scans or one for each.
        kernel: "smooth" or "sharp", for both scans or one for each; random by default.
        motion_mm: largest displacement in the lungs, 5 to 60.
        landmarks: number of landmarks, at divisions of vessels.
    Raises:
        InputError: impossible arguments.
    """
    progress = progress or Progress()
    rng = np.random.default_rng([seed, 1])
    doses = _pair(dose, NOISE_HU, "dose")
    kernels = _pair(kernel if kernel is not None else tuple(rng.choice(sorted(KERNELS), 2)), KERNELS, "kernel")
    grid = _grid(size, spacing)
    if not 5 <= motion_mm <= 60:
        raise InputError(f"The motion of the phantom is {motion_mm} mm; give a value from 5 to 60.")
    voxel_mm = float(grid.spacing.prod() ** (1 / 3))
    with progress.stage("Building the thorax", until=0.15):
        thorax = Thorax.random(seed, motion_mm, voxel_mm)
    noise = rng.spawn(2)
    with progress.stage("Scanning at inspiration", until=0.4) as step:
        hu, lobes, field, jacobian = _render(thorax, grid, False, step)
        fixed = scan(hu, grid.spacing[::-1], doses[0], kernels[0], noise[0])
    with progress.stage("Scanning at expiration", until=1.0) as step:
        hu, moving_lobes, _, _ = _render(thorax, grid, True, step)
        moving = scan(hu, grid.spacing[::-1], doses[1], kernels[1], noise[1])
    fixed_points, moving_points = _landmarks(thorax, grid, landmarks, rng)
    return Phantom(
        fixed=grid.image(fixed),
        moving=grid.image(moving),
        fixed_mask=grid.image((lobes > 0).astype(np.uint8)),
        moving_mask=grid.image((moving_lobes > 0).astype(np.uint8)),
        fixed_lobes=grid.image(lobes),
        moving_lobes=grid.image(moving_lobes),
        fixed_landmarks_mm=fixed_points,
        moving_landmarks_mm=moving_points,
        fixed_to_moving_mm=grid.image(field),
        true_jacobian=grid.image(jacobian),
    )


def _pair(given: str | Sequence[str], known: dict, what: str) -> tuple[str, str]:
    pair = (given, given) if isinstance(given, str) else tuple(given)
    if len(pair) != 2 or not set(pair) <= set(known):
        raise InputError(f"The {what} of the phantom is {given!r}; give one of {', '.join(known)}, or one for each scan.")
    return pair[0], pair[1]


def _grid(size: Sequence[int], spacing: Sequence[float] | None) -> Grid:
    if len(size) != 3 or min(size) < 32:
        raise InputError(f"The size of the phantom is {tuple(size)}; give three numbers of at least 32.")
    voxels = np.array(size)
    mm = FIELD_OF_VIEW_MM / voxels if spacing is None else np.array(spacing, float)
    if mm.shape != (3,) or not (np.isfinite(mm).all() and (mm > 0).all()):
        raise InputError(f"The spacing of the phantom is {spacing}; give three positive numbers in mm.")
    centre = np.array([0.0, 10.0, -14.0])
    return Grid((int(size[0]), int(size[1]), int(size[2])), mm, centre - 0.5 * (voxels - 1) * mm)


def _render(thorax: Thorax, grid: Grid, expiration: bool, step):
    """Densities (HU, float32) and lobes (uint8) of one breathing state; at inspiration also the true field and Jacobian."""
    shape = grid.size[::-1]
    move = thorax.motion.inner if expiration else (lambda p: p)
    blood, lumen, airway = _tubes(thorax, grid, move)
    step(0.3)
    hu, lobes = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    field = None if expiration else np.empty((*shape, 3), np.float32)
    jacobian = None if expiration else np.empty(shape, np.float32)
    for slab in grid.slabs():
        points = grid.points(slab)
        body = thorax.motion.outer_inverse(points) if expiration else points
        wall = thorax.anatomy.chest.wall_distance(body)
        inside = np.flatnonzero(wall < 0)
        tissue = body[inside]
        if expiration:
            tissue = thorax.motion.slide_inverse(tissue)
        compression = thorax.motion.inner_jacobian(tissue)
        tubes = [t[slab].reshape(-1)[inside] for t in (blood, lumen, airway)]
        values = np.empty(len(points), np.float32)
        labels = np.zeros(len(points), np.uint8)
        voxel_mm = float(grid.spacing.mean())
        outside = np.flatnonzero(wall >= 0)
        values[outside] = thorax.anatomy.outer_hu(body[outside], wall[outside], voxel_mm)
        values[inside], labels[inside] = _chest_content(thorax, tissue, compression if expiration else None, tubes, voxel_mm)
        hu[slab], lobes[slab] = values.reshape(hu[slab].shape), labels.reshape(hu[slab].shape)
        if not expiration:
            moved, det = thorax.motion.outer(points), thorax.motion.outer_jacobian(points)
            moved[inside], det[inside] = thorax.motion.inner(tissue), compression
            field[slab] = (moved - points).reshape(field[slab].shape)
            jacobian[slab] = det.reshape(hu[slab].shape)
        step(0.3 + 0.6 * slab.stop / shape[0])
    return hu, lobes, field, jacobian


def _tubes(thorax: Thorax, grid: Grid, move) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Share of each voxel that is blood, air of an airway, and airway with its wall."""

    def draw(lines: list[tuple[np.ndarray, np.ndarray]], grow_mm: float = 0.0, factor: float = 1.0) -> np.ndarray:
        share = np.zeros(grid.size[::-1], np.float32)
        for points, radii in lines:
            moved = move(points.reshape(-1, 3)).reshape(points.shape)
            draw_tubes(share, moved, radii * factor + grow_mm, grid.origin, grid.spacing)
        return share

    trunk = [(line[None, :, :3], line[None, :, 3]) for line in thorax.anatomy.trachea()]
    airways = [thorax.airways.segments(), *trunk]
    return draw([tree.segments() for tree in thorax.vessels]), draw(airways), draw(airways, 0.4, 1.18)


def _chest_content(thorax: Thorax, tissue: np.ndarray, compression: np.ndarray | None, tubes: list[np.ndarray], voxel_mm: float):
    """HU and lobe labels of what lies in the chest cavity, at tissue points of the inspiration."""
    anatomy = thorax.anatomy
    blood, lumen, airway = tubes
    distance = anatomy.lung_distance(tissue)
    near = np.flatnonzero(distance < voxel_mm)
    points = tissue[near]
    density = anatomy.density(points) * np.maximum(1.0 + thorax.texture(points), 0.1)
    if compression is not None:
        density = density / compression[near]
    lung = np.minimum(density, 1000.0) - 1000.0
    fissure = np.exp(-((anatomy.fissure_distance(points) * (1 / (0.6 * voxel_mm))) ** 2))
    lung = over(lung, MUSCLE_HU, fissure * min(1.0, anatomy.contrast_mm / voxel_mm))
    lung = over(lung, BLOOD_HU, blood[near])
    hu = anatomy.inner_hu(tissue, voxel_mm)
    hu[near] = over(hu[near], lung, covered(distance[near], voxel_mm))
    hu = over(hu, MUSCLE_HU - 20.0, airway)
    hu = over(hu, LUNG_AIR_HU, lumen)
    return hu, np.where(distance < 0, anatomy.lobe(tissue), np.uint8(0))


def _landmarks(thorax: Thorax, grid: Grid, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Points on vessels that both scans show, spread evenly over the lungs' volume: (N, 3) fixed and moving."""
    found = [tree.landmarks() for tree in thorax.vessels]
    points, radii = np.concatenate([p for p, _ in found]), np.concatenate([r for _, r in found])
    moved = thorax.motion.inner(points)
    first, last = grid.origin + 2 * grid.spacing, grid.origin + (np.array(grid.size) - 3) * grid.spacing
    seen = (thorax.anatomy.lung_distance(points) < -1.0) & (radii < 4.0)
    for p in (points, moved):
        seen &= ((p > first) & (p < last)).all(axis=1)
    points, moved = points[seen], moved[seen]
    spots = _inside(thorax.anatomy, 8.0, rng)
    spots = spots[((spots > first) & (spots < last)).all(axis=1)]
    nearest = np.unique(cKDTree(points).query(rng.permutation(spots)[: 2 * count])[1])
    chosen = rng.permutation(nearest)[:count]
    return points[chosen], moved[chosen]
