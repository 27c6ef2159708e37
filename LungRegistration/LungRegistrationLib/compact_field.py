"""From the fitted B-spline to the fields that are handed out: forward on a compact grid, its error, never folded, and the inverse."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk
import torch
from CorrespondCoreLib.progress import Progress

from .bspline import ControlGrid
from .displacement import jacobian_determinant
from .filters import gaussian
from .frame import Frame, whole_box_mm
from .lattice import Lattice
from .linear import matrix_and_offset
from .tensors import field_to_image, lattice_points
from .warp import inside, sample

LARGEST_RESAMPLING_ERROR_MM = 0.05
LEAST_DETERMINANT = 0.01
PROBES = 200_000


def compact(
    frame: Frame, grid: ControlGrid, c: torch.Tensor, spacing_mm: float, smoothing_mm: float, progress: Progress
) -> tuple[torch.Tensor, Lattice, float]:
    """The field s (3, z, y, x) on a lattice over the fixed image, and its error (mm) against the spline at the image's own voxels.

    The spacing shrinks until the error is at most 0.05 mm. A field that folds is smoothed there until it does not.
    """
    while True:
        lattice = Lattice.over_box(*whole_box_mm(frame.fixed), spacing_mm)
        field = grid.evaluate(c, lattice)
        error = _resampling_error(frame, grid, c, field, lattice)
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
    a = torch.as_tensor(matrix, dtype=torch.float32, device=field.device)
    points = lattice_points(lattice, field.device)
    # (A - I) x + b in 64 bit along the axes, so that large coordinates do not cost precision
    linear_part = torch.as_tensor(_linear_displacement(matrix, offset, lattice), device=field.device)
    del points
    return field_to_image(torch.einsum("ij,jzyx->izyx", a, field) + linear_part, lattice)


def _linear_displacement(matrix: np.ndarray, offset: np.ndarray, lattice: Lattice) -> np.ndarray:
    """(A - I) x + b on a lattice, (3, z, y, x) float32."""
    d = matrix - np.eye(3)
    x, y, z = (lattice.axis_mm(a) for a in range(3))
    return np.stack(
        [
            (d[i, 2] * z[:, None, None] + d[i, 1] * y[None, :, None] + d[i, 0] * x[None, None, :] + offset[i]).astype(np.float32)
            for i in range(3)
        ]
    )


def _resampling_error(frame: Frame, grid: ControlGrid, c: torch.Tensor, field: torch.Tensor, lattice: Lattice) -> float:
    """Largest |compact - spline| (mm) at up to 200,000 voxel centers of the fixed image within the control grid."""
    rng = np.random.default_rng(0)
    index = rng.integers(0, frame.fixed.GetSize(), size=(PROBES, 3))
    to_lps = np.asarray(frame.fixed.GetDirection()).reshape(3, 3) * np.asarray(frame.fixed.GetSpacing())
    points = torch.as_tensor(index @ to_lps.T + np.asarray(frame.fixed.GetOrigin()), dtype=torch.float32, device=c.device)
    box = Lattice(grid.lower_mm, (grid.spacing_mm,) * 3, tuple(n - 2 for n in grid.size))  # type: ignore[arg-type]
    points = points[inside(box, points)]
    if len(points) == 0:
        return 0.0
    flat, basis = grid.point_weights(points)
    exact = (c.reshape(3, -1)[:, flat] * basis).sum(dim=-1)
    return float((sample(field[None], lattice, points) - exact).norm(dim=0).max())
