"""Figures of one displacement field on one pair, the same for every program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from LungRegistrationLib.displacement import jacobian_determinant, resample_field
from LungRegistrationLib.landmarks import read_landmarks
from LungRegistrationLib.tre import error_statistics, landmark_errors_mm

PLEURA_MM = 10.0


def read_field(path: Path) -> sitk.Image:
    """A displacement field as a vector image of doubles; five-dimensional NIfTI files are read as vectors, too."""
    return sitk.Cast(sitk.ReadImage(str(path)), sitk.sitkVectorFloat64)


def figures(field_file: Path, pair: Path) -> tuple[dict, np.ndarray]:
    """Landmark errors, folding and, where the truth is known, dense error and Jacobian; and the errors (N,) in mm."""
    field = read_field(field_file)
    fixed = sitk.ReadImage(str(pair / "fixed.nrrd"))
    lungs = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "fixed_mask.nrrd"))) > 0
    errors = landmark_errors_mm(field, *read_landmarks(pair / "landmarks.csv"))
    jacobian = sitk.GetArrayFromImage(jacobian_determinant(field, fixed))
    values = {f"tre_{name}": value for name, value in error_statistics(errors).items()}
    values["folding_lung_percent"] = 100 * float((jacobian[lungs] <= 0).mean())
    values["folding_everywhere_percent"] = 100 * float((jacobian <= 0).mean())
    if (pair / "true_jacobian.nrrd").exists():
        values |= _against_truth(field, jacobian, lungs, pair, fixed)
    return values, errors


def _against_truth(field: sitk.Image, jacobian: np.ndarray, lungs: np.ndarray, pair: Path, fixed: sitk.Image) -> dict:
    truth = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "true_fixed_to_moving.nrrd")))
    difference = sitk.GetArrayFromImage(resample_field(field, fixed)) - truth
    dense = np.linalg.norm(difference[lungs], axis=-1)
    true_jacobian = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "true_jacobian.nrrd"))).astype(float)
    depth = ndimage.distance_transform_edt(lungs, sampling=fixed.GetSpacing()[::-1])
    values = {"dense_mean": float(dense.mean()), "dense_p95": float(np.percentile(dense, 95))}
    for suffix, region in (("", lungs), ("_near_pleura", lungs & (depth <= PLEURA_MM))):
        a, b = true_jacobian[region], jacobian[region].astype(float)
        values[f"jacobian_r{suffix}"] = float(np.corrcoef(a, b)[0, 1])
        values[f"jacobian_slope{suffix}"] = float(np.polyfit(a, b, 1)[0])
        values[f"jacobian_mae{suffix}"] = float(np.abs(a - b).mean())
    return values
