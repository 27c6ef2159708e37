"""Tubes as models of vessels, and masks of them, for tests."""

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter

from TAVIFusionLib.alignment.views import View
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.meshes import Mesh
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.silhouette import silhouette

ARM = CArm(10.0, -10.0, 1100.0, 750.0, (0.8, 0.8), (256, 256))
SIDE = ARM.at(primary_deg=-35.0, secondary_deg=15.0)


def tube(centers: np.ndarray, radii: np.ndarray, around: int = 24) -> Mesh:
    """A closed tube about (N, 3) points, LPS mm."""
    along = np.gradient(centers, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    first = np.cross(along, (0.3, 0.9, 0.2))
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(along, first)
    angles = np.linspace(0, 2 * np.pi, around, endpoint=False)
    ring = np.cos(angles)[None, :, None] * first[:, None] + np.sin(angles)[None, :, None] * second[:, None]
    points = (centers[:, None] + radii[:, None, None] * ring).reshape(-1, 3)
    triangles = []
    for i in range(len(centers) - 1):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            triangles += [(a, b, a + around), (b, b + around, a + around)]
    start, end = len(points), len(points) + 1
    for j in range(around):
        last = (len(centers) - 1) * around
        triangles += [(start, (j + 1) % around, j), (end, last + j, last + (j + 1) % around)]
    return Mesh(np.vstack([points, centers[:1], centers[-1:]]), np.array(triangles))


def aorta(until: float = 1.0) -> Mesh:
    """Root with a bulge, ascending, arch and descending aorta, 80 mm high; `until` leaves out what comes behind."""
    s = np.linspace(0, 1, 24)[:, None]
    ascending = np.array([8.0, -6, -10]) + s * np.array([-14, -14, 75]) - np.sin(np.pi * s) * np.array([6, 0, 0])
    k = np.linspace(0, np.pi, 24)[1:, None]
    arch = ascending[-1] + np.hstack([12 * (1 - np.cos(k)), 28 * (1 - np.cos(k)), 30 * np.sin(k)])
    descending = arch[-1] + s[1:] * np.array([-4.0, 3, -100])
    centers = np.vstack([ascending, arch, descending])
    place = np.linspace(0, 1, len(centers))
    radii = np.interp(place, [0, 0.06, 0.15, 0.4, 1], [12, 17, 14, 15, 11])
    count = max(3, round(until * len(centers)))
    return tube(centers[:count], radii[:count])


def straight() -> Mesh:
    """A straight tube of 400 mm, longer than the frames are high."""
    return tube(np.linspace((0, 0, -200.0), (4, 3, 200.0), 60), np.full(60, 9.0))


def seen(mesh: Mesh, carm: CArm, pose: Pose | None = None, noise_mm: float = 0.0, seed: int = 0) -> View:
    """A view of a mesh, its mask's edge moved by a smooth random field of `noise_mm` (one standard deviation)."""
    mask = silhouette(mesh, carm, pose)
    if noise_mm:
        field = gaussian_filter(np.random.default_rng(seed).standard_normal(mask.shape), 5)
        edge = distance_transform_edt(mask) - distance_transform_edt(~mask)
        mask = edge + field / field.std() * noise_mm / carm.isocenter_pixel_mm[0] > 0
    return View(mask, carm)
