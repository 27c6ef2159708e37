"""Figures of one displacement field on one pair: the same for every method."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk
from scipy import ndimage

from LungRegistrationLib.formats.landmarks import read_landmarks
from LungRegistrationLib.geometry.displacement import jacobian_determinant, resample_field
from LungRegistrationLib.measures.tre import error_statistics, landmark_errors_mm

RIM_MM = 3.0  # of the lungs (and at least 1.5 voxels), left out where det J is compared: the true motion jumps at the pleura
NEAR_PLEURA_MM = 10.0


def landmark_errors(pair: Path, field: sitk.Image | None) -> np.ndarray:
    """TRE (N,) in mm at the pair's landmarks; without a field, after the pre-alignment alone."""
    return landmark_errors_mm(field, *read_landmarks(pair / "landmarks.csv"))


def scores(pair: Path, field: sitk.Image | None) -> dict[str, float]:
    """TRE, folding, Jacobian, and on a phantom the error of the whole field and of det J against the truth."""
    lungs = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "fixed_mask.nrrd"))) > 0
    fixed = sitk.ReadImage(str(pair / "fixed.nrrd"))
    figures = {f"tre_{name}": value for name, value in error_statistics(landmark_errors(pair, field)).items()}
    jacobian = np.ones(lungs.shape, np.float32)
    if field is not None:
        own = jacobian_determinant(field)
        figures["folding_everywhere_percent"] = 100.0 * float((sitk.GetArrayViewFromImage(own) <= 0).mean())
        jacobian = sitk.GetArrayFromImage(
            sitk.Resample(own, fixed, sitk.Transform(), sitk.sitkLinear, 1.0, sitk.sitkFloat32, True)
        )
        figures["folding_lung_percent"] = 100.0 * float((jacobian[lungs] <= 0).mean())
    figures["jacobian_p1"], figures["jacobian_p99"] = (float(v) for v in np.percentile(jacobian[lungs], (1, 99)))
    figures["volume_error_percent"] = 100.0 * (_volume_mm3(fixed, jacobian[lungs].sum()) / _moving_volume_mm3(pair) - 1.0)
    if (pair / "true_field.nrrd").exists():
        figures |= _against_truth(pair, field, fixed, lungs, jacobian)
    return figures


def _volume_mm3(image: sitk.Image, voxels: float) -> float:
    return float(voxels * np.prod(image.GetSpacing()))


def _moving_volume_mm3(pair: Path) -> float:
    mask = sitk.ReadImage(str(pair / "moving_mask.nrrd"))
    return _volume_mm3(mask, float(sitk.GetArrayViewFromImage(mask).sum()))


def _against_truth(
    pair: Path, field: sitk.Image | None, fixed: sitk.Image, lungs: np.ndarray, jacobian: np.ndarray
) -> dict[str, float]:
    true = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "true_field.nrrd")))
    found = 0.0 if field is None else sitk.GetArrayFromImage(resample_field(field, fixed))
    error = np.linalg.norm(true - found, axis=-1)[lungs]
    figures = {"dense_mean": float(error.mean()), "dense_p95": float(np.percentile(error, 95))}
    true_jacobian = sitk.GetArrayFromImage(sitk.ReadImage(str(pair / "true_jacobian.nrrd")))
    depth = ndimage.distance_transform_edt(lungs, sampling=fixed.GetSpacing()[::-1])
    rim = max(RIM_MM, 1.5 * max(fixed.GetSpacing()))
    for name, where in (("", depth > rim), ("_near_pleura", (depth > rim) & (depth <= NEAR_PLEURA_MM))):
        x, y = true_jacobian[where].astype(float), jacobian[where].astype(float)
        figures[f"jacobian_mae{name}"] = float(np.abs(x - y).mean())
        figures[f"jacobian_slope{name}"] = float(np.cov(x, y)[0, 1] / x.var(ddof=1))
        figures[f"jacobian_r{name}"] = float(np.corrcoef(x, y)[0, 1]) if y.std() > 0 else float("nan")
    return figures
