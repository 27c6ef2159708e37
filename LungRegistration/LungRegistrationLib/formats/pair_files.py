"""A pair as files and wishes: what a run reads, and what it shall write."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import SimpleITK as sitk

from CorrespondCoreLib.progress import Progress

from ..measures.evaluation import Pair
from . import inputs, landmarks


@dataclass
class Files:
    """What a run reads. Only the two volumes are needed; everything is a path.

    fixed, moving: any ITK image, a DICOM folder, or one file of a DICOM series.
    fixed_mask, moving_mask: lungs (nonzero); found if absent. fixed_lobes, moving_lobes: label maps.
    landmarks: CSV, see landmarks.py. initial_transform: ITK transform, maps fixed points to moving points.
    """

    fixed: Path
    moving: Path
    fixed_mask: Path | None = None
    moving_mask: Path | None = None
    fixed_lobes: Path | None = None
    moving_lobes: Path | None = None
    landmarks: Path | None = None
    initial_transform: Path | None = None

    def given(self) -> dict[str, Path]:
        """The files that are given, by role."""
        return {role: Path(path) for role, path in vars(self).items() if path is not None}

    def names(self) -> dict[str, str]:
        """Their bare names."""
        return {role: path.name for role, path in self.given().items()}


@dataclass
class Wishes:
    """What a run writes and says, beyond the registration's own settings.

    fixed_is: "inspiration" or "expiration". native_grid: field on the fixed image's own grid. maps: also stretches, ventilation,
    parametric response and expected error as images. names: file names of the inputs stand in the report.
    guide: the landmarks draw the registration, instead of only judging it. levels: a network's fields from coarse to fine.
    """

    fixed_is: str = "inspiration"
    native_grid: bool = False
    maps: bool = False
    names: bool = False
    guide: bool = False
    levels: bool = False
    lobe_names: dict[int, str] = field(default_factory=dict)


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
