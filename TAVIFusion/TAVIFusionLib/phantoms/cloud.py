"""Line integrals through whatever is given as many small absorbing points: lumen, bone, calcium, metal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter

from ..carm import CArm
from ..pose import Pose


@dataclass(frozen=True)
class Cloud:
    """Points that absorb.

    Attributes:
        points_mm: (N, 3) LPS.
        absorption: (N,) attenuation per mm times the volume in mm3 that a point stands for.
        pitch_mm: distance of the points; a projection is smoothed by 0.6 of it, which leaves no trace of their grid.
    """

    points_mm: np.ndarray
    absorption: np.ndarray
    pitch_mm: float

    def between(self, low_mm: np.ndarray, high_mm: np.ndarray) -> Cloud:
        """The part between two corners (3,) LPS."""
        inside = ((self.points_mm > low_mm) & (self.points_mm < high_mm)).all(axis=1)
        return Cloud(self.points_mm[inside], self.absorption[inside], self.pitch_mm)


def joined(clouds: list[Cloud]) -> Cloud:
    """Several clouds as one; the widest pitch counts."""
    points = np.concatenate([one.points_mm for one in clouds] or [np.zeros((0, 3))])
    absorption = np.concatenate([one.absorption for one in clouds] or [np.zeros(0)])
    return Cloud(points, absorption, max((one.pitch_mm for one in clouds), default=1.0))


def moved(cloud: Cloud, pose: Pose) -> Cloud:
    """The cloud carried along by a pose."""
    return Cloud(pose.apply(cloud.points_mm), cloud.absorption, cloud.pitch_mm)


def line_integrals(cloud: Cloud, carm: CArm) -> np.ndarray:
    """(rows, columns) float32 attenuation that the cloud adds to the ray of each pixel, in cone-beam geometry.

    A point's attenuation is spread over the area that a pixel has at the point's depth.
    """
    columns, rows = carm.size
    sid, sod = float(carm.source_to_detector_mm or 0), float(carm.source_to_isocenter_mm or 0)
    local = carm.camera_points(cloud.points_mm)
    dx, dy = carm.pixel_spacing_mm or (1.0, 1.0)
    magnification = sid / np.maximum(sod + local[:, 2], 1.0)
    u = carm.center_px[0] + magnification * local[:, 0] / dx
    v = carm.center_px[1] + magnification * local[:, 1] / dy
    seen = (u > 0) & (u < columns - 1) & (v > 0) & (v < rows - 1) & (sod + local[:, 2] > 1)
    u, v = u[seen], v[seen]
    amount = cloud.absorption[seen] * magnification[seen] ** 2 / (dx * dy)
    column, row = u.astype(np.int64), v.astype(np.int64)
    fu, fv = u - column, v - row
    place = row * columns + column
    total = np.zeros(rows * columns)
    for step, share in ((0, (1 - fu) * (1 - fv)), (1, fu * (1 - fv)), (columns, (1 - fu) * fv), (columns + 1, fu * fv)):
        total += np.bincount(place + step, amount * share, minlength=rows * columns)
    image = total.reshape(rows, columns).astype(np.float32)
    width = 0.6 * cloud.pitch_mm * sid / sod / np.array([dy, dx])
    return gaussian_filter(image, width) if width.max() > 0.2 else image
