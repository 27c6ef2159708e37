"""The paper's projection of the model (its equation 3): parallel rays, and what that costs against the cone beam.

The equation as printed, Rot_z(alpha) Rot_x(beta) with the third row as depth, cannot be meant: its viewing direction does not
depend on alpha. Used here is the rotation that DICOM's positioner angles stand for: x' = Rot_x(beta) Rot_z(-alpha) x in LPS,
image right = x'_1, image down = -x'_3, depth from the source to the detector = -x'_2, which are the axes of the C-arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .carm import CArm


@dataclass(frozen=True)
class ParallelError:
    """Distance in mm, in the plane of the isocenter, between points projected in parallel and by the cone beam.

    Attributes:
        mean_mm, max_mm: as they are. fitted_rms_mm, fitted_max_mm: what is left after the best affine map of the image, the
            least that a registration by such a map can reach.
    """

    mean_mm: float
    max_mm: float
    fitted_rms_mm: float
    fitted_max_mm: float


def project_parallel(points_mm: np.ndarray, carm: CArm) -> np.ndarray:
    """(N, 3) LPS mm to (N, 2) pixels (column, row) by parallel rays, at the scale that the cone beam has at the isocenter.

    Raises:
        InputError: the geometry is incomplete.
    """
    carm.check()
    return np.asarray(carm.center_px) + carm.camera_points(points_mm)[:, :2] / np.asarray(carm.isocenter_pixel_mm)


def parallel_error(points_mm: np.ndarray, carm: CArm) -> ParallelError:
    """What the parallel projection of (N, 3) points errs by, N at least 3, all before the source.

    Raises:
        InputError: the geometry is incomplete.
    """
    parallel = project_parallel(points_mm, carm)
    scale = np.asarray(carm.isocenter_pixel_mm)
    offset = (parallel - carm.project(points_mm)) * scale
    design = np.column_stack([parallel, np.ones(len(parallel))])
    left = offset - design @ np.linalg.lstsq(design, offset, rcond=None)[0]
    raw, fitted = np.linalg.norm(offset, axis=1), np.linalg.norm(left, axis=1)
    return ParallelError(float(raw.mean()), float(raw.max()), float(np.sqrt((fitted**2).mean())), float(fitted.max()))
