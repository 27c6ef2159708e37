"""The choroid's texture: fine vessels under Bruch's membrane, wide ones deeper, sclera below, and light that fades on its way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from .plane import random_field, sample
from .population import Population

LEVELS, LEVEL_UM = 22, 16.0
SCLERA = 0.30
REFLECTIVITY = 0.24


@dataclass
class Choroid:
    """Relative reflectivity on the plane at depths below Bruch's membrane, (LEVELS, PIXELS, PIXELS); and its fading."""

    texture: np.ndarray
    fading_um: float

    @classmethod
    def random(cls, rng: np.random.Generator, population: Population) -> Choroid:
        wide = rng.uniform(0.05, 0.09)
        layers = np.stack([random_field(rng, 0.022 + wide * level / LEVELS) for level in range(LEVELS)])
        layers = ndimage.gaussian_filter1d(layers, 1.3, axis=0)
        layers /= layers.std(axis=(1, 2), keepdims=True)
        contrast = np.linspace(0.25, 0.6, LEVELS, dtype=np.float32)[:, None, None]
        return cls(np.exp(contrast * layers - contrast**2 / 2), float(rng.uniform(*population.fading_um)))

    def signal(self, below_um: np.ndarray, thickness_um: np.ndarray, x_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
        """Signal (depth, A-scans) of one B-scan if the pigment epithelium took nothing.

        Args:
            below_um: (depth, A-scans) distance below Bruch's membrane; the signal is 0 where it is negative.
            thickness_um, x_mm, z_mm: (A-scans,).
        """
        columns = sample(self.texture, x_mm, z_mm)
        level = np.clip(below_um * np.float32(1 / LEVEL_UM), 0, LEVELS - 1.001)
        upper = level.astype(np.intp)
        level -= upper
        upper *= len(x_mm)
        upper += np.arange(len(x_mm))
        flat = columns.ravel()
        texture = flat[upper]
        texture += level * (flat[upper + len(x_mm)] - texture)
        deep = np.clip((below_um - thickness_um) * np.float32(1 / 20.0) + np.float32(0.5), 0, 1)
        texture *= REFLECTIVITY * (1 - deep)
        texture += SCLERA * deep
        texture *= np.exp(np.maximum(below_um, 0) * np.float32(-1 / self.fading_um))
        return texture
