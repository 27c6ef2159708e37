"""Salient points of an image: where its structure tensor is large in every direction (Foerstner and Guelch 1987)."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from ..geometry.displacement import voxel_to_lps


def salient_points(image: sitk.Image, mask: sitk.Image, count: int, apart_mm: float = 6.0, voxel_mm: float = 1.4) -> np.ndarray:
    """The strongest `count` salient points at least `apart_mm` from each other and 3 mm inside a mask: (N, 3), LPS mm.

    Args:
        mask: non-zero where points may lie, on the grid of the image.
        voxel_mm: finer images are averaged to about this size first.
    """
    factors = [max(1, round(voxel_mm / s)) for s in image.GetSpacing()]
    small = sitk.BinShrink(sitk.Cast(image, sitk.sitkFloat32), factors)
    inside = sitk.GetArrayFromImage(sitk.Resample(mask, small, sitk.Transform(), sitk.sitkNearestNeighbor, 0)) > 0
    spacing_zyx = np.array(small.GetSpacing())[::-1]
    box = tuple(slice(max(s.start - 6, 0), s.stop + 6) for s in ndimage.find_objects(inside.astype(np.uint8))[0])
    depth = ndimage.distance_transform_edt(np.pad(inside[box], 1), sampling=spacing_zyx)[1:-1, 1:-1, 1:-1]
    strength = _distinctiveness(np.clip(sitk.GetArrayViewFromImage(small)[box], -1000, 400), spacing_zyx)
    peaks = np.argwhere((strength == ndimage.maximum_filter(strength, 3)) & (depth > 3.0))
    peaks = peaks[np.argsort(-strength[tuple(peaks.T)], kind="stable")]
    index = peaks + np.array([s.start for s in box])
    points = index[:, ::-1] @ voxel_to_lps(small).T + np.array(small.GetOrigin())
    return points[_apart(points, apart_mm, count)]


def _distinctiveness(hu: np.ndarray, spacing_zyx: np.ndarray) -> np.ndarray:
    """1 / trace(inverse structure tensor), up to scale."""
    gradient = [ndimage.gaussian_filter(hu, 0.7, order=[int(a == b) for b in range(3)]) / spacing_zyx[a] for a in range(3)]
    xx, yy, zz, xy, xz, yz = (
        ndimage.gaussian_filter(gradient[a] * gradient[b], 1.0) for a, b in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    )
    minors = (yy * zz - yz * yz) + (xx * zz - xz * xz) + (xx * yy - xy * xy)
    determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    return np.where(minors > 0, determinant / np.maximum(minors, 1e-20), 0.0)


def _apart(points: np.ndarray, apart_mm: float, count: int) -> np.ndarray:
    """Indices of at most `count` points, first come first served, that keep their distance."""
    chosen: list[int] = []
    for i, point in enumerate(points):
        if not chosen or np.linalg.norm(points[chosen] - point, axis=1).min() >= apart_mm:
            chosen.append(i)
        if len(chosen) == count:
            break
    return np.array(chosen, int)
