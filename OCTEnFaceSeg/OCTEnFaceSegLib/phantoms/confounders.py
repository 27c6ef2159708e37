"""What looks like atrophy to a threshold and is none: thin pigment epithelium, bright choroid, calcified drusen, dim media."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .plane import blobs, random_field


@dataclass
class Confounders:
    """Maps on the plane.

    Attributes:
        thin: 0..1, how much of the pigment epithelium's absorption is gone where the epithelium is still there.
        window: factor of the choroid's reflectivity: patches without large vessels, and one value of the eye.
        calcified_um: height of calcified drusen: dark inside, a bright cap, irregular light below.
        remnant_um: thickness of deposits that stay on Bruch's membrane where the epithelium is lost.
        media: 0..1, what opacities in front of the retina let through.
    """

    thin: np.ndarray
    window: np.ndarray
    calcified_um: np.ndarray
    remnant_um: np.ndarray
    media: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator) -> Confounders:
        thin = rng.uniform(0.45, 0.95) * blobs(rng, int(rng.integers(1, 6)), (0.15, 0.75), 2.4, 0.05)
        eye = np.exp(rng.normal(0, 0.35))
        patches = rng.uniform(0.5, 1.8) * blobs(rng, int(rng.integers(0, 5)), (0.3, 1.0), 2.6, 0.12)
        window = eye * (1 + patches) * np.exp(0.18 * random_field(rng, 0.5))
        calcified = rng.uniform(70, 130) * blobs(rng, int(rng.integers(0, 5)), (0.10, 0.26), 2.0, 0.03)
        remnant = np.clip(7 * random_field(rng, 0.08) + rng.uniform(-3, 6), 0, 22)
        dim = np.clip(random_field(rng, 0.4) - rng.uniform(0.6, 2.2), 0, 2)
        media = np.clip(np.exp(-0.9 * dim - 0.12 * random_field(rng, 0.8)), 0.08, 1.0)
        return cls(*(np.asarray(m, np.float32) for m in (thin, window, calcified, remnant, media)))
