"""Where the aortic root is, about which a pose turns, and around which a fit matters most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .alignment.settings import FitSettings
from .meshes import Mesh
from .point_files import ModelPoint
from .pose import Pose

EVERYWHERE_MM = 1e6
_SAME_MM = 1.0


def focused(pose: Pose, mesh: Mesh, marks: Sequence[ModelPoint], fit: FitSettings) -> tuple[Pose, FitSettings]:
    """The pose with a pivot, and the numbers of a fit that looks at the root, or everywhere where the root is not known.

    The root is the middle of the landmarks whose names begin with nadir; without them it is the pose's pivot, unless that is the
    middle of the model, the pivot of poses that know no better.
    """
    nadirs = [mark.point_mm for mark in marks if mark.name.lower().startswith("nadir")]
    if nadirs:
        return Pose.from_matrix(pose.matrix(), np.mean(nadirs, axis=0)), fit
    middle = mesh.points_mm.mean(axis=0)
    if np.any(pose.pivot_mm) and np.linalg.norm(np.subtract(pose.pivot_mm, middle)) > _SAME_MM:
        return pose, fit
    return Pose.from_matrix(pose.matrix(), middle), replace(fit, focus_mm=EVERYWHERE_MM)
