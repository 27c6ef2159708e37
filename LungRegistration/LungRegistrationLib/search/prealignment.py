"""The linear part that a pair starts from, whatever then searches the rest."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from ..geometry.lattice import mask_box_mm
from ..geometry.linear import fit_affine, initial_translation, is_cut, matrix_and_offset, translation
from ..geometry.surface_affine import surface_affine
from .frame import Pair


def aligned_lungs(
    fixed: sitk.Image, moving: sitk.Image, fixed_mask: sitk.Image, moving_mask: sitk.Image, kind: str
) -> sitk.AffineTransform:
    """Pre-alignment by the lungs, fixed -> moving points.

    Args:
        kind: "translation", or "affine": of the lungs' surfaces. Lungs that the image's edge cuts, or that are too unlike, are
            aligned by a translation in either case.
    """
    if kind == "affine" and not (is_cut(fixed_mask) or is_cut(moving_mask)):
        affine = surface_affine(fixed_mask, moving_mask)
        if affine is not None:
            return affine
    return translation(initial_translation(fixed, moving, fixed_mask, moving_mask))


def prealigned(pair: Pair, has_lungs: bool, kind: str = "translation") -> tuple[sitk.AffineTransform, sitk.Transform | None]:
    """Linear part of the map, and the user's transform where it is not linear.

    Args:
        has_lungs: the pair's masks are lungs; else they are bodies, and a translation is found.
        kind: see `aligned_lungs`.
    """
    if pair.initial_transform is None and has_lungs:
        return aligned_lungs(pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask, kind), None
    if pair.initial_transform is None:
        return translation(initial_translation(pair.fixed, pair.moving, None, None)), None
    lower, upper = mask_box_mm(pair.fixed_mask)
    points = lower + np.stack(np.meshgrid(*[np.linspace(0, 1, 8)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) * (upper - lower)
    targets = np.array([pair.initial_transform.TransformPoint(p.tolist()) for p in points])
    linear = fit_affine(points, targets)
    matrix, offset = matrix_and_offset(linear)
    is_linear = np.abs(points @ matrix.T + offset - targets).max() < 0.01
    return linear, None if is_linear else pair.initial_transform
