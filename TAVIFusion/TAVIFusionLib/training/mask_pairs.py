"""Pairs of masks for the matching network: the vessel as the model projects, and as a frame shows it, elsewhere and in part."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .augmentation import random_affine

TURN_DEG, ZOOM, SHIFT = 15.0, (0.85, 1.18), 0.12
STRETCH = 0.08  # cone beam and another angle change the shape a little more than a similarity
EDGE_PX, HIDDEN = 2.0, 0.3  # roughness of the segmented edge; part of the frame beyond which no contrast was seen, at most


def mask_pair(mask: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Moving and fixed mask (rows, columns) float32, 0 or 1.

    The moving one is the whole mask at a random place, the fixed one the mask with a rough edge and without what lies beyond a
    random line, as contrast that has not arrived.
    """
    matrix, offset = random_affine(mask.shape, rng, TURN_DEG, ZOOM, SHIFT)
    middle = (np.array(mask.shape) - 1) / 2
    stretch = np.eye(2) + rng.uniform(-STRETCH, STRETCH, (2, 2))
    matrix, offset = matrix @ stretch, offset + matrix @ (middle - stretch @ middle)
    moving = ndimage.affine_transform(mask.astype(np.float32), matrix, offset, order=1) >= 0.5
    return moving.astype(np.float32), _seen(mask, rng).astype(np.float32)


def _seen(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if not mask.any():
        return mask
    noise = ndimage.gaussian_filter(rng.standard_normal(mask.shape), 3.0)
    inside = ndimage.distance_transform_edt(mask) - ndimage.distance_transform_edt(~mask)
    rough = inside > EDGE_PX * rng.uniform(0, 1) * noise / max(float(noise.std()), 1e-6)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices(mask.shape)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    limit = np.quantile(along[mask], rng.uniform(0, HIDDEN))
    return rough & (along >= limit)
