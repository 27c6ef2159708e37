"""The pairs of the benchmark as folders of files that every program reads.

A folder holds fixed.nrrd, moving.nrrd, their masks, landmarks.csv and, for a phantom, true_fixed_to_moving.nrrd and
true_jacobian.nrrd. The lung masks' centers lie on each other (the same pre-alignment for all): only the origin of the moving
image is changed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

from CorrespondCoreLib.files import whole_folder
from LungRegistrationLib.landmarks import read_landmarks, write_landmarks
from LungRegistrationLib.outputs import write_field
from LungRegistrationLib.phantom import breathing_phantom

from ..data import real_data

REPORTING_SEEDS = (101, 102, 103, 104, 105)
SIZE = (192, 160, 192)


def prepare(name: str, folder: Path, size: tuple[int, int, int] = SIZE) -> Path:
    """Write a pair, unless it is there: "real", or the seed of a phantom; returns its folder.

    Raises:
        SkipTest: the real data are absent.
    """
    folder = folder / name
    if not folder.exists():
        images, landmarks, true_field = _real() if name == "real" else _phantom(int(name), size)
        shift_mm = _center(images["moving_mask"]) - _center(images["fixed_mask"])
        for image in (images["moving"], images["moving_mask"]):
            image.SetOrigin((np.array(image.GetOrigin()) - shift_mm).tolist())
        with whole_folder(folder) as partial:
            for key, image in images.items():
                sitk.WriteImage(image, str(partial / f"{key}.nrrd"))
            write_landmarks(partial / "landmarks.csv", landmarks[0], landmarks[1] - shift_mm)
            if true_field is not None:
                shifted = sitk.GetArrayFromImage(true_field) - shift_mm
                field = sitk.GetImageFromArray(shifted.astype(np.float32), isVector=True)
                field.CopyInformation(true_field)
                write_field(field, partial / "true_fixed_to_moving.nrrd")
    return folder


def _real() -> tuple[dict[str, sitk.Image], tuple[np.ndarray, np.ndarray], None]:
    folder = real_data("lung/elastix")
    images = {}
    for role, name in (("fixed", "baseline"), ("moving", "followup")):
        images[role] = sitk.ReadImage(str(folder / f"3DCT_lung_{name}.mha"))
        images[f"{role}_mask"] = sitk.Cast(sitk.ReadImage(str(folder / f"3DCT_lung_{name}_mask.mha")) != 0, sitk.sitkUInt8)
    return images, read_landmarks(folder / "landmarks_lps_mm.csv"), None


def _phantom(seed: int, size: tuple[int, int, int]) -> tuple[dict[str, sitk.Image], tuple[np.ndarray, np.ndarray], sitk.Image]:
    pair = breathing_phantom(size=size, seed=seed)
    images = {name: getattr(pair, name) for name in ("fixed", "moving", "fixed_mask", "moving_mask", "true_jacobian")}
    return images, (pair.fixed_landmarks_mm, pair.moving_landmarks_mm), pair.fixed_to_moving_mm


def _center(mask: sitk.Image) -> np.ndarray:
    index = np.argwhere(sitk.GetArrayViewFromImage(mask) > 0).mean(axis=0)[::-1]
    return np.array(mask.TransformContinuousIndexToPhysicalPoint(index.tolist()))
