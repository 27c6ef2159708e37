"""The pairs of the benchmark, as folders that every method reads.

A folder holds fixed.nrrd, moving.nrrd, fixed_mask.nrrd, moving_mask.nrrd, landmarks.csv, and of a phantom true_field.nrrd and
true_jacobian.nrrd. HU are clamped to [-1000, 400]. The moving image, its mask and its landmarks are moved so that the centers of
the lung masks meet: by the header, without interpolation; the same for all methods. prealignment.tfm keeps that translation.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from LungRegistrationLib.formats.landmarks import read_landmarks, write_landmarks
from LungRegistrationLib.phantom import breathing_phantom

from ..data import real_data

HU_RANGE = (-1000.0, 400.0)


def phantom_pair(folder: Path, seed: int, size: tuple[int, int, int]) -> Path:
    """A breathing phantom; seeds 0 to 9 are for tuning, 101 to 105 for reports."""
    phantom = breathing_phantom(size, seed=seed)
    images = {name: getattr(phantom, name) for name in ("fixed", "moving", "fixed_mask", "moving_mask")}
    shift = _write(folder, images, phantom.fixed_landmarks_mm, phantom.moving_landmarks_mm)
    displacement = sitk.GetArrayFromImage(phantom.fixed_to_moving_mm) - shift.astype(np.float32)
    field = sitk.GetImageFromArray(displacement, isVector=True)
    field.CopyInformation(phantom.fixed)
    sitk.WriteImage(field, str(folder / "true_field.nrrd"))
    sitk.WriteImage(phantom.true_jacobian, str(folder / "true_jacobian.nrrd"))
    return folder


def real_pair(folder: Path) -> Path:
    """The pair of right lungs of the elastix test data; raises unittest.SkipTest where it is absent."""
    source = real_data("lung/elastix")
    images = {
        f"{role}{mask}": sitk.ReadImage(str(source / f"3DCT_lung_{name}{mask}.mha"))
        for role, name in (("fixed", "baseline"), ("moving", "followup"))
        for mask in ("", "_mask")
    }
    _write(folder, images, *read_landmarks(source / "landmarks_lps_mm.csv"))
    return folder


def _write(folder: Path, images: dict[str, sitk.Image], fixed_mm: np.ndarray, moving_mm: np.ndarray) -> np.ndarray:
    """Write the pair, pre-aligned; returns what was subtracted from moving positions (LPS mm)."""
    folder.mkdir(parents=True, exist_ok=True)
    shift = _center(images["moving_mask"]) - _center(images["fixed_mask"])
    for name, image in images.items():
        kept = sitk.Cast(image > 0, sitk.sitkUInt8) if "mask" in name else sitk.Clamp(image, sitk.sitkInt16, *HU_RANGE)
        if "moving" in name:
            kept.SetOrigin((np.array(kept.GetOrigin()) - shift).tolist())
        sitk.WriteImage(kept, str(folder / f"{name}.nrrd"))
    sitk.WriteTransform(sitk.TranslationTransform(3, shift.tolist()), str(folder / "prealignment.tfm"))
    write_landmarks(folder / "landmarks.csv", fixed_mm, moving_mm - shift)
    return shift


def _center(mask: sitk.Image) -> np.ndarray:
    index = np.argwhere(sitk.GetArrayViewFromImage(mask) > 0).mean(axis=0)[::-1]
    return np.array(mask.TransformContinuousIndexToPhysicalPoint(index.tolist()))
