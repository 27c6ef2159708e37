"""Where the model lies: a rigid correction of the planning CT's frame, about a pivot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True)
class Pose:
    """Rigid motion of the model in the patient's frame, LPS.

    Attributes:
        rotation_deg: (3,) rotation vector about the pivot.
        translation_mm: (3,) shift.
        pivot_mm: (3,) point that the rotation leaves where it is: the aortic root, not the scanner's origin.
    """

    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    translation_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    pivot_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def apply(self, points_mm: np.ndarray) -> np.ndarray:
        """(N, 3) LPS mm of the model to (N, 3) LPS mm in the patient's frame."""
        pivot = np.asarray(self.pivot_mm)
        return (np.asarray(points_mm, dtype=float) - pivot) @ self._rotation.T + pivot + np.asarray(self.translation_mm)

    def shifted(self, shift_mm: np.ndarray) -> Pose:
        """The same rotation, and (3,) mm LPS farther."""
        return replace(self, translation_mm=tuple(np.add(self.translation_mm, shift_mm).tolist()))

    def matrix(self) -> np.ndarray:
        """(4, 4) homogeneous, LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self._rotation
        matrix[:3, 3] = self.apply(np.zeros((1, 3)))[0]
        return matrix

    @classmethod
    def from_matrix(cls, matrix: np.ndarray, pivot_mm=(0.0, 0.0, 0.0)) -> Pose:
        """The pose whose `matrix()` is the rigid (4, 4) matrix, with the pivot that is asked for."""
        rotation, pivot = np.asarray(matrix)[:3, :3], np.asarray(pivot_mm, dtype=float)
        shift = rotation @ pivot + np.asarray(matrix)[:3, 3] - pivot
        vector = Rotation.from_matrix(rotation).as_rotvec(degrees=True)
        return cls(tuple(vector.tolist()), tuple(shift.tolist()), tuple(pivot.tolist()))

    @cached_property
    def _rotation(self) -> np.ndarray:
        return Rotation.from_rotvec(self.rotation_deg, degrees=True).as_matrix()
