"""From the fitted B-spline to the field that is handed out: on a compact grid, of known error, never folded."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import torch

from CorrespondCoreLib.progress import Progress

from .bspline import SplineField
from .displacement import jacobian_determinant, voxel_to_lps
from .filters import gaussian
from .frame import Frame, whole_box_mm
from .lattice import Lattice
from .linear import matrix_and_offset
from .tensors import field_to_image
from .warp import inside, sample

LARGEST_RESAMPLING_ERROR_MM = 0.05
LEAST_DETERMINANT = 0.01
PROBES = 200_000


def compact(
    frame: Frame, spline: SplineField, spacing_mm: float, smoothing_mm: float, progress: Progress
) -> tuple[torch.Tensor, Lattice, float]:
    """The field s (3, z, y, x) on a lattice over the fixed image, and its error (mm) against the spline at the image's voxels.

    The spacing shrinks until the error is at most 0.05 mm. A field that folds is smoothed there until it does not.
    """
    while True:
        lattice = Lattice.over_box(*whole_box_mm(frame.fixed), spacing_mm)
        field = spline.on(lattice)
        error = _resampling_error(frame, spline, field, lattice)
        if error <= LARGEST_RESAMPLING_ERROR_MM:
            break
        spacing_mm *= 0.75
    field = gaussian(field[None], smoothing_mm / lattice.spacing_mm[0])[0]
    return unfolded(field, lattice, progress), lattice, error


def unfolded(field: torch.Tensor, lattice: Lattice, progress: Progress) -> torch.Tensor:
    """The field (3, z, y, x), smoothed around folded places until det(I + grad s) is positive everywhere."""
    rounds = 0
    while True:
        det = jacobian_determinant(field_to_image(field, lattice))
        folded = sitk.GetArrayViewFromImage(det) < LEAST_DETERMINANT
        count = int(folded.sum())
        if count == 0:
            break
        rounds += 1
        near = torch.from_numpy(folded.astype(np.float32)).to(field.device)[None, None]
        weight = (gaussian(near, 2.0 * rounds) * 50).clamp_max(1.0)[0]
        field = field + weight * (gaussian(field[None], 2.0 * rounds)[0] - field)
    if rounds:
        progress.warning("The field folded in places; it was smoothed there until it no longer does.")
    return field


def forward_image(frame: Frame, field: torch.Tensor, lattice: Lattice) -> sitk.Image:
    """u(x) = A (x + s(x)) + b - x as a vector image."""
    matrix, offset = matrix_and_offset(frame.linear)
    linear_part = torch.as_tensor(_linear_displacement(matrix, offset, lattice), device=field.device)
    turned = (torch.as_tensor(matrix, dtype=torch.float32, device=field.device) @ field.flatten(1)).reshape(field.shape)
    return field_to_image(turned + linear_part, lattice)


def _linear_displacement(matrix: np.ndarray, offset: np.ndarray, lattice: Lattice) -> np.ndarray:
    """(A - I) x + b on a lattice, (3, z, y, x); 64 bit until the end: coordinates are large, displacements small."""
    d = matrix - np.eye(3)
    x, y, z = (lattice.axis_mm(a) for a in range(3))
    return np.stack(
        [
            (d[i, 2] * z[:, None, None] + d[i, 1] * y[None, :, None] + d[i, 0] * x[None, None, :] + offset[i]).astype(np.float32)
            for i in range(3)
        ]
    )


def _resampling_error(frame: Frame, spline: SplineField, field: torch.Tensor, lattice: Lattice) -> float:
    """Largest |compact - spline| (mm) at up to 200,000 voxel centers of the fixed image within the control grid."""
    index = np.random.default_rng(0).integers(0, frame.fixed.GetSize(), size=(PROBES, 3))
    lps = index @ voxel_to_lps(frame.fixed).T + np.asarray(frame.fixed.GetOrigin())
    points = torch.as_tensor(lps, dtype=torch.float32, device=field.device)
    points = points[inside(spline.grid.box, points)]
    if len(points) == 0:
        return 0.0
    return float((sample(field[None], lattice, points).T - spline.at(points)).norm(dim=1).max())
