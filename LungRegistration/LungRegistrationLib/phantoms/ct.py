"""A known motion put on a given CT, so that registration can be tested on one's own scans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress

from ..geometry.displacement import voxel_to_lps
from ..masks import lung_mask as find_lungs
from .chest import Chest
from .motion import Breathing, random_breathing
from .pair import Phantom
from .salient_points import salient_points
from .scan import NOISE_HU, Scanner, add_noise

SLAB_VOXELS = 1 << 20  # worked on at a time
LUNG_HU, SOFT_HU = -500.0, -200.0  # below: lung tissue, whose density changes; above: not


def move_ct(
    ct: sitk.Image,
    lung_mask: sitk.Image | None = None,
    seed: int = 0,
    motion_mm: float = 30.0,
    dose: str = "standard",
    landmarks: int = 300,
    progress: Progress | None = None,
) -> Phantom:
    """A pair made from one CT: moving = the CT with noise, fixed = the CT pulled back through a known motion, with other noise.

    fixed(x) = CT(x + u(x)) with an analytic, folding-free u: breathing as of the phantom, but smooth everywhere (no sliding).
    In the fixed scan the lungs are fuller; the density of lung tissue is multiplied by det J, so that mass is conserved. The
    fixed grid reaches further down than the CT, as far as the lungs do. One scan underlies both images, its own noise too:
    results are better than on two real scans.

    Args:
        ct: 3D volume in HU, any axes. lung_mask: non-zero in the lungs, on any grid; found in the CT if None. Its labels are
            returned as lobes.
        seed: motion and noise follow from it.
        motion_mm: largest displacement in the lungs, 5 to 60.
        dose: "standard" or "low": noise of 25 or 45 HU that is added to both scans.
        landmarks: their largest number; salient points (Foerstner) of the fixed scan in the lungs.

    Raises:
        InputError: impossible arguments, or no lungs in the CT.
    """
    progress = progress or Progress()
    if ct.GetDimension() != 3 or ct.GetNumberOfComponentsPerPixel() != 1:
        raise InputError("A 3D volume with one value (HU) per voxel is needed to put a motion on.")
    if dose not in NOISE_HU:
        raise InputError(f"The dose is {dose!r}; give {' or '.join(NOISE_HU)}.")
    if not 5 <= motion_mm <= 60:
        raise InputError(f"The motion is {motion_mm} mm; give a value from 5 to 60.")
    rngs = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, 2]).spawn(3)]
    with progress.stage("Lungs", until=0.15):
        labels = _labels(ct, lung_mask)
        motion, origin = _motion(labels, motion_mm, rngs[0])
    grid = _longer_grid(ct, motion_mm)
    with progress.stage("Moving the CT", until=0.8) as step:
        hu, fixed_labels, field, jacobian = _pull_back(ct, labels, grid, motion, origin, step)
    with progress.stage("Noise and landmarks", until=1.0):
        points = salient_points(grid.image(hu), fixed_labels, landmarks)
        spacing_zyx = np.array(ct.GetSpacing())[::-1]
        moving = sitk.GetArrayFromImage(ct).astype(np.float32)
        scanner = Scanner.named(dose, "smooth")
        fixed = add_noise(hu, spacing_zyx, scanner, rngs[1])
        moving = add_noise(moving, spacing_zyx, scanner, rngs[2])
    return Phantom(
        fixed=grid.image(fixed),
        moving=_Grid.of(ct).image(moving),
        fixed_mask=fixed_labels > 0,
        moving_mask=labels > 0,
        fixed_lobes=fixed_labels,
        moving_lobes=labels,
        fixed_landmarks_mm=points,
        moving_landmarks_mm=motion.inner(points - origin) + origin,
        fixed_to_moving_mm=grid.image(field),
        true_jacobian=grid.image(jacobian),
    )


@dataclass(frozen=True)
class _Grid:
    """A voxel grid with any axes."""

    size: tuple[int, ...]
    origin: tuple[float, ...]
    spacing: tuple[float, ...]
    direction: tuple[float, ...]

    @classmethod
    def of(cls, image: sitk.Image) -> _Grid:
        return cls(image.GetSize(), image.GetOrigin(), image.GetSpacing(), image.GetDirection())

    def image(self, array: np.ndarray) -> sitk.Image:
        image = sitk.GetImageFromArray(array, isVector=array.ndim == 4)
        image.SetOrigin(self.origin)
        image.SetSpacing(self.spacing)
        image.SetDirection(self.direction)
        return image

    def points(self, first: int, last: int) -> np.ndarray:
        """Voxel centers (N, 3) in LPS mm of slices first..last of the array."""
        k, j, i = np.meshgrid(np.arange(first, last), np.arange(self.size[1]), np.arange(self.size[0]), indexing="ij")
        index = np.stack([i.ravel(), j.ravel(), k.ravel()], axis=1)
        return index @ (np.reshape(self.direction, (3, 3)) * self.spacing).T + self.origin


def _labels(ct: sitk.Image, lung_mask: sitk.Image | None) -> sitk.Image:
    """The lungs (uint8, labels kept) on the grid of the CT."""
    mask = find_lungs(ct) if lung_mask is None else lung_mask
    if mask is not None:
        labels = sitk.Resample(mask, ct, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        if sitk.GetArrayViewFromImage(labels).any():
            return labels
    raise InputError("No lungs were found in the CT: give a lung mask that lies on them.")


def _motion(labels: sitk.Image, motion_mm: float, rng: np.random.Generator) -> tuple[Breathing, np.ndarray]:
    """A random motion for these lungs, and the point (LPS mm) that is its origin."""
    inside = np.argwhere(sitk.GetArrayViewFromImage(labels) > 0)
    inside = inside[rng.permutation(len(inside))[:20000]]
    points = inside[:, ::-1] @ voxel_to_lps(labels).T + np.array(labels.GetOrigin())
    low, high = points.min(axis=0), points.max(axis=0)
    origin = np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, (low[2] + high[2]) / 2])
    points -= origin
    half_width, half_depth, apex_z = (high - low) / 2
    fuller = 1.0 + 0.8 * motion_mm / (2 * apex_z)  # the CT is the end of the motion, the lungs are longer at its start
    points[:, 2] = apex_z - (apex_z - points[:, 2]) * fuller
    chest = Chest(half_width, half_depth, apex_z, narrowing=0.13, apex_shift=0.0, spine_y=half_depth, spine_radius=20.0)
    return random_breathing(rng, chest, points, motion_mm), origin


def _longer_grid(ct: sitk.Image, more_mm: float) -> _Grid:
    """The grid of the CT, continued by some mm towards the feet."""
    grid = _Grid.of(ct)
    direction = np.reshape(grid.direction, (3, 3))
    axis = int(np.abs(direction[2]).argmax())
    more = int(np.ceil(more_mm / grid.spacing[axis]))
    size = tuple(n + more * (a == axis) for a, n in enumerate(grid.size))
    if direction[2, axis] < 0:
        return replace(grid, size=size)
    origin = np.array(grid.origin) - direction[:, axis] * grid.spacing[axis] * more
    return replace(grid, size=size, origin=tuple(origin.tolist()))


def _pull_back(
    ct: sitk.Image, labels: sitk.Image, grid: _Grid, motion: Breathing, origin: np.ndarray, step: Callable[[float], None]
) -> tuple[np.ndarray, sitk.Image, np.ndarray, np.ndarray]:
    """HU (float32) and labels at the voxels of a grid, the displacement to where they were read in the CT, and its det J."""
    shape = grid.size[::-1]
    hu, label = np.empty(shape, np.float32), np.empty(shape, np.uint8)
    field, jacobian = np.empty((*shape, 3), np.float32), np.empty(shape, np.float32)
    spline = ndimage.spline_filter(sitk.GetArrayFromImage(ct).astype(np.float32), output=np.float32, mode="nearest")
    lungs = sitk.GetArrayViewFromImage(labels)
    to_index = np.linalg.inv(voxel_to_lps(ct)).T
    thick = max(1, SLAB_VOXELS // (grid.size[0] * grid.size[1]))
    for first in range(0, grid.size[2], thick):
        last = min(first + thick, grid.size[2])
        points = grid.points(first, last)
        there = motion.inner(points - origin) + origin
        det = motion.inner_jacobian(points - origin)
        index = ((there - ct.GetOrigin()) @ to_index).T[::-1]
        values = ndimage.map_coordinates(spline, index, order=3, prefilter=False, mode="nearest")
        lung = ndimage.map_coordinates(lungs, index, order=0, mode="constant")
        tissue = np.clip((SOFT_HU - values) / (SOFT_HU - LUNG_HU), 0.0, 1.0) * (lung > 0)  # vessels keep their density
        values = (values + 1000.0) * (1.0 + (det - 1.0) * tissue) - 1000.0
        part = (last - first, *shape[1:])
        hu[first:last], label[first:last] = values.reshape(part), lung.reshape(part)
        field[first:last], jacobian[first:last] = (there - points).reshape(*part, 3), det.reshape(part)
        step(last / grid.size[2])
    return hu, grid.image(label), field, jacobian
