"""A pair from its files: everything is read and checked."""

from __future__ import annotations

import SimpleITK as sitk

from CorrespondCoreLib.progress import Progress

from ..measures.evaluation import Pair
from . import inputs, landmarks
from .pair_files import Files, Wishes


def read_pair(files: Files, wishes: Wishes, progress: Progress) -> tuple[Pair, sitk.Transform | None]:
    """Read and check everything that `files` names; the initial transform comes second.

    Raises:
        InputError: anything that cannot be used, with what to do about it.
    """
    fixed, moving = inputs.read_volume(files.fixed, "fixed"), inputs.read_volume(files.moving, "moving")
    initial = inputs.read_transform(files.initial_transform) if files.initial_transform else None
    inputs.check_pair(fixed, moving, progress, initial)
    pair = Pair(fixed, moving, fixed_is=wishes.fixed_is, lobe_names=wishes.lobe_names)
    for role, image in (("fixed", fixed), ("moving", moving)):
        mask, lobes = getattr(files, f"{role}_mask"), getattr(files, f"{role}_lobes")
        if mask:
            setattr(pair, f"{role}_mask", inputs.read_mask(mask, image, role, progress))
        if lobes:
            labels = inputs.read_labels(lobes, image, f"{role} lobe map", progress)
            setattr(pair, f"{role}_lobes", labels)
            if not mask:
                setattr(pair, f"{role}_mask", binary(labels))
    if files.landmarks:
        pair.fixed_landmarks_mm, pair.moving_landmarks_mm = landmarks.read_landmarks(files.landmarks)
        landmarks.check_landmarks_inside(pair.fixed_landmarks_mm, fixed, "fixed", progress)
        landmarks.check_landmarks_inside(pair.moving_landmarks_mm, moving, "moving", progress)
        pair.landmarks_used_in_fit = wishes.guide
    return pair, initial


def binary(mask: sitk.Image | None) -> sitk.Image | None:
    """A mask or label map as uint8 mask: 1 where anything is marked."""
    return None if mask is None else sitk.Cast(mask != 0, sitk.sitkUInt8)
