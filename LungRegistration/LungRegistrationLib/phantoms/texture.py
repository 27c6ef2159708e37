"""Fine structure of the lung tissue of the phantom: random, fixed to the tissue, so that it moves with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft
from scipy.ndimage import map_coordinates

# Size (standard deviation of the smoothing, mm) and strength (relative to the density) of each component.
COMPONENTS = ((1.1, 0.07), (2.5, 0.04), (8.0, 0.03), (22.0, 0.05))
PERIOD_MM = 230.0


@dataclass(frozen=True)
class Texture:
    """Relative density changes on a periodic lattice that is turned against the image grids, so that no grid is favored."""

    lattice: np.ndarray
    spacing_mm: float

    @classmethod
    def random(cls, rng: np.random.Generator, spacing_mm: float) -> Texture:
        count = int(np.ceil(PERIOD_MM / spacing_mm))
        squares = [fft.fftfreq(count) ** 2, fft.fftfreq(count) ** 2, fft.rfftfreq(count) ** 2]
        frequency2 = (squares[0][:, None, None] + squares[1][:, None] + squares[2]).astype(np.float32)
        power = np.zeros_like(frequency2)
        for size, strength in COMPONENTS:
            component = np.exp(-4 * np.pi**2 * (size / spacing_mm) ** 2 * frequency2)
            power += component * (strength**2 / component.mean())
        noise = fft.rfftn(rng.standard_normal((count, count, count), np.float32)) * np.sqrt(power)
        return cls(fft.irfftn(noise, (count, count, count)), spacing_mm)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Relative change of density (N,) at tissue points (N, 3) in mm."""
        turn = np.array([[0.36, 0.48, -0.8], [-0.8, 0.6, 0.0], [0.48, 0.64, 0.6]], points.dtype)
        index = (points @ turn) * (1 / self.spacing_mm)
        return map_coordinates(self.lattice, index.T, order=1, mode="grid-wrap")
