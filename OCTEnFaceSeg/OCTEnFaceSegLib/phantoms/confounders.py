"""What looks like atrophy to a threshold and is none, and what hides atrophy: each cue of atrophy is also met without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .plane import blobs, random_field, soft_step
from .population import Population


@dataclass
class Confounders:
    """Maps on the plane.

    Attributes:
        thin: 0..1, how much of the pigment epithelium's absorption is gone where the epithelium is still there.
        pale: 0..1, how much of its reflectivity is gone there. dull: 0..1, likewise of the ellipsoid zone, there and elsewhere.
        window: factor of the choroid's reflectivity: patches without large vessels, and one value of the eye.
        calcified_um: height of calcified drusen: dark inside, a bright cap, irregular light below.
        remnant_um: thickness of deposits that stay on Bruch's membrane where the epithelium is lost.
        plaque: 0..1, how much these are as bright as the epithelium was. scar: 0..1, how bright the outer nuclear layer is there.
        media: 0..1, what opacities in front of the retina let through.
    """

    thin: np.ndarray
    pale: np.ndarray
    dull: np.ndarray
    window: np.ndarray
    calcified_um: np.ndarray
    remnant_um: np.ndarray
    plaque: np.ndarray
    scar: np.ndarray
    media: np.ndarray

    @classmethod
    def random(cls, rng: np.random.Generator, population: Population) -> Confounders:
        patches = blobs(rng, int(rng.integers(*population.thin_patches, endpoint=True)), population.thin_mm, 2.4, 0.05)
        thin = rng.uniform(0.75, 1.0) * patches
        pale = np.clip(rng.uniform(*population.pale) * patches + 0.12 * random_field(rng, 0.3), 0, 0.95)
        dull = blobs(rng, int(rng.integers(*population.dull_patches, endpoint=True)), population.dull_mm, 2.4, 0.06)
        dull = rng.uniform(0.7, 0.95) * np.maximum(dull, patches * soft_step(random_field(rng, 0.5) + 0.5, 0.2))
        eye = np.exp(rng.normal(0, 0.35))
        patches = rng.uniform(0.5, 1.8) * blobs(rng, int(rng.integers(0, 5)), (0.3, 1.0), 2.6, 0.12)
        window = eye * (1 + patches) * np.exp(0.25 * random_field(rng, 0.5))
        calcified = rng.uniform(70, 130) * blobs(rng, int(rng.integers(0, 5)), (0.10, 0.26), 2.0, 0.03)
        plaque = soft_step(random_field(rng, 0.16) - rng.uniform(*population.plaque), 0.2)
        scar = rng.uniform(0.2, 1.0) * soft_step(random_field(rng, 0.25) - rng.uniform(-0.6, 0.6), 0.3)
        remnant = np.clip(7 * random_field(rng, 0.08) + rng.uniform(-3, 6), 0, 22)
        remnant += (rng.uniform(8, 18) - remnant) * plaque
        dim = np.clip(random_field(rng, 0.4) - rng.uniform(0.6, 2.2), 0, 2)
        media = np.clip(np.exp(-0.9 * dim - 0.12 * random_field(rng, 0.8)), 0.08, 1.0)
        return cls(*(np.asarray(m, np.float32) for m in (thin, pale, dull, window, calcified, remnant, plaque, scar, media)))
