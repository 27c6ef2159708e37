"""Affine pre-alignment of two lung masks by their surfaces: what networks that expect affinely aligned images start from."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial import cKDTree

from .linear import affine_of, least_squares_affine

VOXEL_MM = 3.0  # finer masks are thinned out to about this size
POINTS = 4000  # of each surface
ROUNDS = 25
KEPT = 0.9  # of the matches, the closest; the others have no partner
LEAST, MOST = 0.3, 2.5  # of the moving lungs' volume / the fixed lungs' volume


def surface_affine(fixed_mask: sitk.Image, moving_mask: sitk.Image) -> sitk.AffineTransform | None:
    """The affine transform, fixed -> moving points, that takes the surface of one mask to that of the other.

    It starts where mean and covariance of the voxels agree, without any turn, then matches each surface point with the nearest
    one of the other surface, both ways, and fits an affine transform, again and again (iterative closest points; Besl and McKay,
    IEEE Trans Pattern Anal Mach Intell 14(2), 1992). Less than a second.

    Args:
        fixed_mask, moving_mask: non-zero in the lungs, which are whole, on any grids.

    Returns:
        None where the masks are too unlike: a volume ratio outside 0.3 to 2.5.
    """
    fixed, moving = _points(fixed_mask), _points(moving_mask)
    matrix, offset = _matched_moments(fixed[0], moving[0])
    tree = cKDTree(moving[1])
    for _ in range(ROUNDS):
        placed = fixed[1] @ matrix.T + offset
        there, partner = tree.query(placed)
        back, source = cKDTree(placed).query(moving[1])
        points, targets = np.concatenate([fixed[1], fixed[1][source]]), np.concatenate([moving[1][partner], moving[1]])
        distance = np.concatenate([there, back])
        near = distance <= np.quantile(distance, KEPT)
        matrix, offset = least_squares_affine(points[near], targets[near])
    return affine_of(matrix, offset) if LEAST < np.linalg.det(matrix) < MOST else None


def _matched_moments(fixed: np.ndarray, moving: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A symmetric matrix and an offset that give fixed points (N, 3) mean and covariance of the moving ones."""
    root = _square_root(np.cov(fixed.T))
    inverse = np.linalg.inv(root)
    matrix = inverse @ _square_root(root @ np.cov(moving.T) @ root) @ inverse
    return matrix, moving.mean(axis=0) - matrix @ fixed.mean(axis=0)


def _square_root(covariance: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 1e-6))) @ vectors.T


def _points(mask: sitk.Image) -> tuple[np.ndarray, np.ndarray]:
    """Voxel centers inside, and at most POINTS of them at the surface, LPS mm."""
    thin = sitk.Shrink(mask, [max(1, round(VOXEL_MM / s)) for s in mask.GetSpacing()])
    inside = np.pad(sitk.GetArrayViewFromImage(thin) > 0, 1)
    surface = (inside & ~ndimage.binary_erosion(inside))[1:-1, 1:-1, 1:-1]
    to_lps = np.reshape(thin.GetDirection(), (3, 3)) * np.array(thin.GetSpacing())
    voxels, rim = (np.argwhere(v)[:, ::-1] @ to_lps.T + np.array(thin.GetOrigin()) for v in (inside[1:-1, 1:-1, 1:-1], surface))
    return voxels, rim[np.random.default_rng(0).permutation(len(rim))[:POINTS]]
