"""Crops, turns, mirrors and changes of intensity of an eye, as the original code has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .eyes import Eye

NOISE, CONTRAST, OFFSET = 0.2, (0.9, 1.1), (-0.2, 0.2)


def augmented(eye: Eye, crop: tuple[int, int], rng: np.random.Generator) -> Eye:
    """A random crop, turned by 180 degrees and mirrored in the en-face plane by chance, contrast and brightness changed.

    The order is that of the original code. Eyes smaller than the crop are padded by reflection (there they are resized up).

    Args:
        crop: B-scans, A-scans.
        rng: all that is random.
    """
    eye = cropped(eye, crop, rng)
    slab, target = eye.slab, eye.target
    if rng.random() < 0.5:
        slab, target = slab[::-1, :, ::-1], target[::-1, ::-1]
    for axis in (0, 1):
        if rng.random() < 0.5:
            slab, target = np.flip(slab, 2 * axis), np.flip(target, axis)
    noise, contrast, offset = rng.normal(0.0, NOISE), rng.uniform(*CONTRAST), rng.uniform(*OFFSET)
    changed = ((slab + noise) * contrast + offset).astype(np.float32)
    return replace(eye, slab=changed, target=np.ascontiguousarray(target))


def cropped(eye: Eye, crop: tuple[int, int], rng: np.random.Generator) -> Eye:
    """A random part of so many B-scans and A-scans, over the whole depth."""
    b, a = (max(0, wanted - n) for wanted, n in zip(crop, eye.target.shape, strict=True))
    slab = np.pad(eye.slab, ((0, b), (0, 0), (0, a)), mode="reflect") if a or b else eye.slab
    target = np.pad(eye.target, ((0, b), (0, a)), mode="reflect") if a or b else eye.target
    first_b, first_a = (int(rng.integers(n - wanted + 1)) for wanted, n in zip(crop, target.shape, strict=True))
    part_b, part_a = slice(first_b, first_b + crop[0]), slice(first_a, first_a + crop[1])
    return replace(eye, slab=slab[part_b, :, part_a], target=target[part_b, part_a])
