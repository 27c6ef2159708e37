"""Fine structure of the lung tissue of the phantom: random, fixed to the tissue, so that it moves with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

# Size (standard deviation of the smoothing, mm) and strength (relative to the density) of each component.
COMPONENTS = ((1.1, 0.07), (2.5, 0.04), (8.0, 0.03), (22.0, 0.05))


@dataclass(frozen=True)
class Texture:
    """Relative density changes on a lattice that is turned against the image grids, so that no grid is favoured."""

    lattice: np.ndarray
    spacing_mm: float

    @classmethod
    def random(cls, rng: np.random.Generator, radius_mm: float, spacing_mm: float) -> Texture:
        """Texture for all points within `radius_mm` of the origin along each turned axis."""
        count = int(np.ceil(2 * radius_mm / spacing_mm)) + 2
        lattice = np.zeros((count, count, count), np.float32)
        for size, strength in COMPONENTS:
            step = max(spacing_mm, 0.7 * size)
            n = int(np.ceil(count * spacing_mm / step)) + 1
            noise = gaussian_filter(rng.standard_normal((n, n, n), np.float32), size / step, mode="wrap")
            noise *= strength / noise.std()
            lattice += noise[:count, :count, :count] if step == spacing_mm else zoom(noise, count / n, order=1)
        return cls(lattice, spacing_mm)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Relative change of density (N,) at tissue points (N, 3) in mm."""
        turn = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]], points.dtype)
        index = (points @ turn) * (1 / self.spacing_mm) + (self.lattice.shape[0] - 1) / 2
        return map_coordinates(self.lattice, index.T, order=1, mode="nearest")
