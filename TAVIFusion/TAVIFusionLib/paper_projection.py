"""The paper's projection of the model (its equation 3): parallel rays.

The equation as printed, Rot_z(alpha) Rot_x(beta) with the third row as depth, cannot be meant: its viewing direction does not
depend on alpha. Used here is the rotation that DICOM's positioner angles stand for: x' = Rot_x(beta) Rot_z(-alpha) x in LPS,
image right = x'_1, image down = -x'_3, depth from the source to the detector = -x'_2, which are the axes of the C-arm.
"""

from __future__ import annotations

import numpy as np

from .carm import CArm

_FAR_MM = 1e7


def parallel(carm: CArm) -> CArm:
    """The same view by rays that are as good as parallel.

    Raises:
        InputError: the geometry is incomplete.
    """
    carm.check()
    ratio = float(carm.source_to_detector_mm or 0) / float(carm.source_to_isocenter_mm or 1)
    return carm.at(source_to_isocenter_mm=_FAR_MM, source_to_detector_mm=_FAR_MM * ratio)


def project_parallel(points_mm: np.ndarray, carm: CArm) -> np.ndarray:
    """(N, 3) LPS mm to (N, 2) pixels (column, row) by parallel rays, at the scale that the cone beam has at the isocenter.

    Raises:
        InputError: the geometry is incomplete.
    """
    carm.check()
    return np.asarray(carm.center_px) + carm.camera_points(points_mm)[:, :2] / np.asarray(carm.isocenter_pixel_mm)
