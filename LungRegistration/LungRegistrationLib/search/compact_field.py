"""From the fitted B-spline to the fields that are handed out: never folded, both ways, on compact grids of known error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
import torch

from CorrespondCoreLib.progress import Progress

from ..geometry.bspline import SplineField
from ..geometry.displacement import displacement_at, jacobian_determinant, voxel_to_lps
from ..geometry.filters import gaussian
from ..geometry.inversion import inverse_field, invert
from ..geometry.lattice import Lattice
from ..geometry.linear import matrix_and_offset
from ..geometry.tensors import field_to_image
from ..geometry.warp import sample
from ..measures.volume_checks import inverse_consistency_mm
from .frame import Frame, whole_box_mm

LARGEST_RESAMPLING_ERROR_MM = 0.05
LARGEST_INVERSE_ERROR_MM = 0.1
FINEST_MM = 1.0  # no finer grid is made, whatever the errors are: they are stated with the result
HOPELESS = 10.0  # times its limit: an error that would stay above this on the finest grid, too, is not worth its time
LEAST_DETERMINANT = 0.01
PROBES = 100_000


@dataclass
class CompactFields:
    """Vector images (LPS mm) over the fixed and over the moving image, and how exact they are."""

    fixed_to_moving_mm: sitk.Image
    moving_to_fixed_mm: sitk.Image
    resampling_error_mm: float  # of fixed_to_moving_mm, largest
    inverse_error_mm: dict[str, float]  # mean, p95, max of |x - inverse(forward(x))|
    refined: bool = True  # grids were made finer where the errors asked for it

    def cautions(self) -> list[str]:
        """What a user must know of fields that miss their limits, in sentences."""
        texts, error, inverse = [], self.resampling_error_mm, self.inverse_error_mm
        if not self.refined and (error > LARGEST_RESAMPLING_ERROR_MM or inverse["max"] > LARGEST_INVERSE_ERROR_MM):
            texts.append(
                f"No finer grid was made for a field that had folded: the grid misses the field by up to {error:.2f} mm, and the "
                f"inverse misses by up to {inverse['max']:.2f} mm in the lungs."
            )
        if error > HOPELESS * LARGEST_RESAMPLING_ERROR_MM:
            texts.append(f"The field varies too wildly for its grid: the grid misses it by up to {error:.1f} mm.")
        if inverse["max"] > HOPELESS * LARGEST_INVERSE_ERROR_MM:
            texts.append(
                "The field squeezes space so strongly that it cannot be undone everywhere: in the lungs its inverse misses by "
                f"{inverse['mean']:.2f} mm on average, by {inverse['max']:.1f} mm at most."
            )
        return texts


def smoothed(spline: SplineField, sigma_mm: float) -> SplineField:
    """The field after a Gaussian of standard deviation `sigma_mm`, applied to its coefficients."""
    return SplineField(spline.grid, gaussian(spline.coefficients[None], sigma_mm / spline.grid.spacing_mm)[0])


def field_lattice(frame: Frame, spline: SplineField, spacing_mm: float) -> Lattice:
    """Lattice over the fixed image and over all that the spline moves."""
    lower, upper = whole_box_mm(frame.fixed)
    box = spline.grid.box
    return Lattice.over_box(np.minimum(lower, box.lower_mm), np.maximum(upper, box.upper_mm), spacing_mm)


def unfolded(spline: SplineField, lattice: Lattice, progress: Progress) -> SplineField:
    """The field, smoothed around folded places until det(I + grad s) is positive on the whole lattice.

    Each round smooths more widely than the one before: it ends, at worst with a constant field.
    """
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


def compact_fields(
    frame: Frame,
    spline: SplineField,
    spacing_mm: float,
    swapped: bool,
    fixed_mask: sitk.Image,
    step: Callable[[float], None],
    refine: bool = True,
) -> CompactFields:
    """The map phi(x) = A (x + s(x)) + b and its inverse as vector images, on the coarsest grids that keep the error limits.

    A field so wild that no grid would keep them stays on the grid that showed it; what it and its inverse err by is stated.

    Args:
        spacing_mm: the coarsest spacing that is wanted.
        swapped: the spline goes from the user's moving to the user's fixed image.
        fixed_mask: region of the user's fixed image in which the two fields must undo each other.
        refine: False keeps the spacing, whatever the errors are: grids of 1 mm over a whole chest take a minute of one core.
    """
    finest_mm = FINEST_MM if refine else spacing_mm
    while True:
        spacing_mm, direct = _direct_field(frame, spline, spacing_mm, finest_mm)
        inverse = _inverse_field(frame, direct, spacing_mm, step)
        images = direct_image(frame, direct), field_to_image(*inverse)
        forward, backward = images[::-1] if swapped else images
        error = _error_mm(frame, spline, forward, inverse=swapped)
        inverse_error = inverse_consistency_mm(forward, backward, fixed_mask)
        excess = max(error / LARGEST_RESAMPLING_ERROR_MM, inverse_error["max"] / LARGEST_INVERSE_ERROR_MM)
        if not excess > 1 or _is_finest(spacing_mm, excess, finest_mm):
            return CompactFields(forward, backward, error, inverse_error, refine)
        spacing_mm = max(FINEST_MM, spacing_mm * min(0.9, (0.9 / excess) ** 0.5))  # errors fall with the square of the spacing


def _is_finest(spacing_mm: float, excess: float, finest_mm: float) -> bool:
    """Whether no finer grid is worth trying for an error of `excess` times its limit; it falls with the square of the spacing."""
    return spacing_mm <= finest_mm or excess * (FINEST_MM / spacing_mm) ** 2 > HOPELESS


def centered(field: torch.Tensor) -> torch.Tensor:
    """A field (3, z, y, x) whose linear interpolation errs as much at the lattice points as between them, half of the usual most.

    Between samples of a curve f, a chord is off by up to h^2 |f''| / 8; lowered by half of that, by h^2 |f''| / 16 everywhere.
    """
    bend = torch.zeros_like(field)
    for axis in (1, 2, 3):
        bend.narrow(axis, 1, field.shape[axis] - 2).add_(field.diff(n=2, dim=axis))
    return field - bend / 16


def _direct_field(
    frame: Frame, spline: SplineField, spacing_mm: float, finest_mm: float
) -> tuple[float, tuple[torch.Tensor, Lattice]]:
    """Spacing, s and its lattice: the coarsest, up to a rest, whose error is within the limit."""
    while True:
        lattice = field_lattice(frame, spline, spacing_mm)
        s = centered(spline.on(lattice))
        x = torch.as_tensor(_probes_mm(frame.fixed), dtype=torch.float32, device=s.device)
        error = float((sample(s[None], lattice, x).T - spline.at(x)).norm(dim=1).max())
        if not error > LARGEST_RESAMPLING_ERROR_MM or _is_finest(spacing_mm, error / LARGEST_RESAMPLING_ERROR_MM, finest_mm):
            return spacing_mm, (s, lattice)
        spacing_mm = max(FINEST_MM, spacing_mm * min(0.95, (0.95 * LARGEST_RESAMPLING_ERROR_MM / error) ** 0.5))


def direct_image(frame: Frame, direct: tuple[torch.Tensor, Lattice]) -> sitk.Image:
    """u(x) = A (x + s(x)) + b - x of a field s (3, z, y, x) on a lattice, as a vector image."""
    s, lattice = direct
    matrix, offset = matrix_and_offset(frame.linear)
    turned = (torch.as_tensor(matrix, dtype=torch.float32, device=s.device) @ s.flatten(1)).reshape(s.shape)
    turned += torch.as_tensor(_linear_displacement(matrix, offset, lattice), device=s.device)
    return field_to_image(turned, lattice)


def _inverse_field(
    frame: Frame, direct: tuple[torch.Tensor, Lattice], spacing_mm: float, step: Callable[[float], None]
) -> tuple[torch.Tensor, Lattice]:
    target = Lattice.over_box(*whole_box_mm(frame.moving), spacing_mm)
    return centered(inverse_field(*direct, *frame.matrix_and_offset(), target, step)), target


def _error_mm(frame: Frame, spline: SplineField, field: sitk.Image, inverse: bool) -> float:
    """Largest distance (mm) of a compact field from the exact map, at up to 100,000 voxel centers of its image.

    Args:
        inverse: `field` goes against the direction of the spline.
    """
    points = _probes_mm(frame.moving if inverse else frame.fixed)
    matrix, offset = matrix_and_offset(frame.linear)
    in_frame = (points - offset) @ np.linalg.inv(matrix).T if inverse else points
    x = torch.as_tensor(in_frame, dtype=torch.float32, device=frame.device)
    if inverse:
        exact = in_frame + (invert(spline.at, x) - x).cpu().numpy()
    else:
        exact = (points + spline.at(x).cpu().numpy()) @ matrix.T + offset
    return float(np.linalg.norm(points + displacement_at(field, points) - exact, axis=1).max())


def _probes_mm(image: sitk.Image) -> np.ndarray:
    """Voxel centers, LPS mm (N, 3), evenly drawn."""
    index = np.random.default_rng(0).integers(0, image.GetSize(), size=(PROBES, 3))
    return index @ voxel_to_lps(image).T + np.asarray(image.GetOrigin())


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
