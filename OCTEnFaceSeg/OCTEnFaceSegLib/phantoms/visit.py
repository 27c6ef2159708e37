"""How an eye holds still, or does not, during one visit: where each A-scan falls, and at which depth each B-scan lies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SHIFT_MM, TURN_DEG = 0.12, 0.8  # standard deviations between visits
SACCADE_MM = 0.006


@dataclass
class Visit:
    """One visit's geometry.

    Attributes:
        to_eye: 3 x 3, homogeneous (x, z) mm from the scan's middle to mm of the eye's plane; unit at the first visit.
        sideways_mm: (B-scans, 2) by which each B-scan misses its place.
        axial_um: (B-scans,) and axial_slope (B-scans,) um per mm: movement along the beam.
    """

    to_eye: np.ndarray
    sideways_mm: np.ndarray
    axial_um: np.ndarray
    axial_slope: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator, bscans: int, motion_um: float, first: bool) -> Visit:
        angle, shift = np.radians(rng.normal(0, TURN_DEG)), rng.normal(0, SHIFT_MM, 2).clip(-0.3, 0.3)
        to_eye = np.array([[np.cos(angle), -np.sin(angle), shift[0]], [np.sin(angle), np.cos(angle), shift[1]], [0, 0, 1]])
        drift = ndimage.gaussian_filter1d(rng.standard_normal(bscans), max(bscans / 10, 1.0), mode="nearest")
        return cls(
            to_eye=np.eye(3) if first else to_eye,
            sideways_mm=rng.normal(0, SACCADE_MM, (bscans, 2)),
            axial_um=rng.normal(0, motion_um, bscans) + 90 * (drift - drift.mean()),
            axial_slope=rng.normal(0, 5.0, bscans),
        )

    def points_mm(
        self, x_mm: np.ndarray, z_mm: np.ndarray, sideways_mm: np.ndarray | float = 0.0
    ) -> tuple[np.ndarray, np.ndarray]:
        """Points of the eye's plane under points (mm from the scan's middle)."""
        shift = np.broadcast_to(sideways_mm, (2,))
        x, z = x_mm + shift[0], z_mm + shift[1]
        turned = self.to_eye
        return turned[0, 0] * x + turned[0, 1] * z + turned[0, 2], turned[1, 0] * x + turned[1, 1] * z + turned[1, 2]
