"""The linear part that a pair starts from, whatever then searches the rest."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..geometry.lattice import mask_box_mm
from ..geometry.linear import fit_affine, initial_translation, matrix_and_offset, translation
from .frame import Pair


def prealigned(pair: Pair, has_lungs: bool) -> tuple[sitk.AffineTransform, sitk.Transform | None]:
    """Linear part of the map, and the user's transform where it is not linear.

    Args:
        has_lungs: the pair's masks are lungs; else they are bodies.
    """
    masks = (pair.fixed_mask, pair.moving_mask) if has_lungs else (None, None)
    if pair.initial_transform is None:
        return translation(initial_translation(pair.fixed, pair.moving, *masks)), None
    lower, upper = mask_box_mm(pair.fixed_mask)
    points = lower + np.stack(np.meshgrid(*[np.linspace(0, 1, 8)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * (upper - lower)
    targets = np.array([pair.initial_transform.TransformPoint(p.tolist()) for p in points])
    linear = fit_affine(points, targets)
    matrix, offset = matrix_and_offset(linear)
    is_linear = np.abs(points @ matrix.T + offset - targets).max() < 0.01
    return linear, None if is_linear else pair.initial_transform
