"""Small meshes for tests, LPS mm."""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from TAVIFusionLib.meshes import Mesh


def tube(centers, radii, around=24, closed=True):
    """A tube around a centerline (N, 3) with radii (N,), closed by its ends' middles."""
    centers, radii = np.asarray(centers, float), np.broadcast_to(radii, len(centers))
    tangents = np.gradient(centers, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1)[:, None]
    aside = np.cross(tangents, [0.3, 0.9, 0.2])
    aside /= np.linalg.norm(aside, axis=1)[:, None]
    other = np.cross(tangents, aside)
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    rings = centers[:, None] + radii[:, None, None] * (
        np.cos(angle)[:, None] * aside[:, None] + np.sin(angle)[:, None] * other[:, None]
    )
    points = rings.reshape(-1, 3)
    ring, here = np.meshgrid(np.arange(len(centers) - 1), np.arange(around), indexing="ij")
    a, b = (ring * around + here).ravel(), (ring * around + (here + 1) % around).ravel()
    triangles = np.concatenate([np.column_stack([a, b, a + around]), np.column_stack([b, b + around, a + around])])
    if closed:
        first, last = len(points), len(points) + 1
        points = np.vstack([points, centers[0], centers[-1]])
        start, turn = np.arange(around), (np.arange(around) + 1) % around
        end = (len(centers) - 1) * around
        triangles = np.concatenate(
            [
                triangles,
                np.column_stack([turn, start, 0 * start + first]),
                np.column_stack([end + start, end + turn, 0 * start + last]),
            ]
        )
    return Mesh(points, triangles)


def aorta(rings=40, around=24, closed=True):
    """Root, ascending part and arch as one tube, the root near the origin."""
    s = np.linspace(0, 1, rings)
    ascending = np.column_stack([8 - 14 * s, -6 - 14 * s, -10 + 75 * s])
    t = np.linspace(0, np.pi, rings)[1:]
    arch = np.column_stack([-6 + 12 * (1 - np.cos(t)), -20 + 28 * (1 - np.cos(t)), 65 + 30 * np.sin(t)])
    centers = gaussian_filter1d(np.vstack([ascending, arch]), rings / 8, axis=0, mode="nearest")
    radii = np.r_[np.interp(s, [0, 0.2, 0.4, 1], [12, 16, 14, 15]), np.linspace(15, 12, rings - 1)]
    return tube(centers, radii, around, closed)


def sphere(radius=20.0, center=(0.0, 0.0, 0.0), rings=24, around=48):
    """A ball, closed."""
    t = np.linspace(0.02, np.pi - 0.02, rings)
    centers = np.column_stack([0 * t, 0 * t, radius * np.cos(t)]) + center
    return tube(centers, radius * np.sin(t), around)
