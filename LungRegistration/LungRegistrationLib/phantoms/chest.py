"""The inner chest wall of the phantom: a tube along the body axis in which lungs, heart and abdomen slide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def logistic(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def smooth_max(a: np.ndarray, b: np.ndarray, width_mm: float) -> np.ndarray:
    """The larger of two signed distances, with its edge rounded over `width_mm`: the intersection of two shapes."""
    h = np.maximum(width_mm - np.abs(a - b), 0.0)
    return np.maximum(a, b) + h * h * (0.25 / width_mm)


def smooth_min(a: np.ndarray, b: np.ndarray, width_mm: float) -> np.ndarray:
    """The smaller of two signed distances, with its edge rounded over `width_mm`: the union of two shapes."""
    return -smooth_max(-a, -b, width_mm)


def superellipse_distance(x: np.ndarray, y: np.ndarray, half_width: float, half_depth: float) -> np.ndarray:
    """Distance (along the ray from the center, same unit as x) to a superellipse of exponent 2.5; negative inside."""
    u, v = np.abs(x) / half_width, np.abs(y) / half_depth
    radius = np.maximum((u * u * np.sqrt(u) + v * v * np.sqrt(v)) ** 0.4, 1e-3)
    return np.hypot(x, y) * (1.0 - 1.0 / radius)


@dataclass(frozen=True)
class Chest:
    """Size and shape of the chest in LPS mm (x to the left, y to the back, z to the head; the middle of the lungs is near 0).

    Tube coordinates (a, b, z) measure the cross-section at height z in units of its own size, so that a point that moves
    along z at constant (a, b) stays on the wall if it was on the wall.
    """

    half_width: float
    half_depth: float
    apex_z: float
    narrowing: float  # share of the width that is lost towards the neck
    apex_shift: float  # mm that the cross-section moves to the back towards the neck
    spine_y: float
    spine_radius: float  # of the vertebral column with the muscles at its sides

    @classmethod
    def random(cls, rng: np.random.Generator) -> Chest:
        half_depth = rng.uniform(84, 98)
        return cls(
            half_width=rng.uniform(122, 138),
            half_depth=half_depth,
            apex_z=rng.uniform(112, 128),
            narrowing=rng.uniform(0.50, 0.60),
            apex_shift=rng.uniform(6, 16),
            spine_y=half_depth - rng.uniform(16, 20),
            spine_radius=rng.uniform(25, 29),
        )

    def scale_and_shift(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Size of the cross-section at height z relative to the widest one, and its shift in y (mm)."""
        neck = logistic((z - (self.apex_z - 14.0)) * (1 / 20.0))
        barrel = logistic((z - (self.apex_z - 75.0)) * (1 / 30.0))
        return 1.0 - (self.narrowing - 0.13) * neck - 0.13 * barrel, self.apex_shift * neck

    def to_tube(self, points: np.ndarray) -> np.ndarray:
        """Tube coordinates (N, 3) of points (N, 3) in mm."""
        scale, shift = self.scale_and_shift(points[:, 2])
        return np.stack([points[:, 0] / scale, (points[:, 1] - shift) / scale, points[:, 2]], axis=1)

    def from_tube(self, tube: np.ndarray) -> np.ndarray:
        """Points (N, 3) in mm of tube coordinates (N, 3)."""
        scale, shift = self.scale_and_shift(tube[:, 2])
        return np.stack([tube[:, 0] * scale, tube[:, 1] * scale + shift, tube[:, 2]], axis=1)

    def wall_distance(self, points: np.ndarray) -> np.ndarray:
        """Signed distance (mm, approximate away from the wall) to the inner chest wall; negative in the chest cavity."""
        tube = self.to_tube(points)
        scale, _ = self.scale_and_shift(points[:, 2])
        ribs = superellipse_distance(tube[:, 0], tube[:, 1], self.half_width, self.half_depth)
        spine = self.spine_radius - np.hypot(tube[:, 0], tube[:, 1] - self.spine_y)
        return smooth_max(ribs, spine, 14.0) * scale
