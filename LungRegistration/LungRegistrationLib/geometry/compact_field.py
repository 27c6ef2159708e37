"""From the fitted B-spline to the fields that are handed out: never folded, both ways, on compact grids of known error."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import SimpleITK as sitk
import torch

from CorrespondCoreLib.progress import Progress

from ..search.frame import Frame, whole_box_mm
from .bspline import SplineField
from .displacement import displacement_at, jacobian_determinant, voxel_to_lps
from .filters import gaussian
from .inversion import inverse_field, invert
from .lattice import Lattice
from .linear import matrix_and_offset
from .tensors import field_to_image

LARGEST_RESAMPLING_ERROR_MM = 0.05
LARGEST_INVERSE_ERROR_MM = 0.1
LEAST_DETERMINANT = 0.01
PROBES = 100_000


def smoothed(spline: SplineField, sigma_mm: float) -> SplineField:
    """The field after a Gaussian of standard deviation `sigma_mm`, applied to its coefficients."""
    return SplineField(spline.grid, gaussian(spline.coefficients[None], sigma_mm / spline.grid.spacing_mm)[0])


def field_lattice(frame: Frame, spline: SplineField, spacing_mm: float) -> Lattice:
    """Lattice over the fixed image and over all that the spline moves."""
    lower, upper = whole_box_mm(frame.fixed)
    box = spline.grid.box
    return Lattice.over_box(np.minimum(lower, box.lower_mm), np.maximum(upper, box.upper_mm), spacing_mm)


def unfolded(spline: SplineField, lattice: Lattice, progress: Progress) -> SplineField:
    """The field, smoothed around folded places until det(I + grad s) is positive on the whole lattice."""
    rounds = 0
    while True:
        det = jacobian_determinant(field_to_image(spline.on(lattice), lattice))
        folded = torch.from_numpy(sitk.GetArrayFromImage(det) < LEAST_DETERMINANT).to(spline.coefficients.device)
        if not bool(folded.any()):
            break
        rounds += 1
        near = (spline.grid.adjoint(folded[None].float(), lattice) > 0).float()
        weight = (5 * gaussian(near[None], rounds)[0]).clamp_max(1.0)
        c = spline.coefficients
        spline = SplineField(spline.grid, c + weight * (gaussian(c[None], rounds)[0] - c))
    if rounds:
        progress.warning("The field folded in places; it was smoothed there until it no longer does.")
    return spline


def both_fields(
    frame: Frame, spline: SplineField, spacing_mm: float, step: Callable[[float], None]
) -> tuple[sitk.Image, sitk.Image]:
    """Vector images of u(x) = A (x + s(x)) + b - x over the fixed image and of its inverse over the moving image."""
    lattice = field_lattice(frame, spline, spacing_mm)
    s = spline.on(lattice)
    matrix, offset = matrix_and_offset(frame.linear)
    turned = (torch.as_tensor(matrix, dtype=torch.float32, device=s.device) @ s.flatten(1)).reshape(s.shape)
    forward = field_to_image(turned + torch.as_tensor(_linear_displacement(matrix, offset, lattice), device=s.device), lattice)
    del turned
    target = Lattice.over_box(*whole_box_mm(frame.moving), spacing_mm)
    return forward, field_to_image(inverse_field(s, lattice, *frame.matrix_and_offset(), target, step), target)


def resampling_error_mm(frame: Frame, spline: SplineField, field: sitk.Image, inverse: bool) -> float:
    """Largest distance (mm) of a compact field from the exact map, at up to 100,000 voxel centers of its image.

    Args:
        inverse: `field` goes from moving to fixed points; else from fixed to moving points.
    """
    image = frame.moving if inverse else frame.fixed
    index = np.random.default_rng(0).integers(0, image.GetSize(), size=(PROBES, 3))
    points = index @ voxel_to_lps(image).T + np.asarray(image.GetOrigin())
    matrix, offset = matrix_and_offset(frame.linear)
    in_frame = (points - offset) @ np.linalg.inv(matrix).T if inverse else points
    x = torch.as_tensor(in_frame, dtype=torch.float32, device=frame.device)
    if inverse:
        exact = in_frame + (invert(spline.at, x) - x).cpu().numpy()
    else:
        exact = (points + spline.at(x).cpu().numpy()) @ matrix.T + offset
    return float(np.linalg.norm(points + displacement_at(field, points) - exact, axis=1).max())


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
