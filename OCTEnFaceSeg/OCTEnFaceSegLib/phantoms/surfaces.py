"""The phantom's anatomy: thickness of the retina's layers, foveal pit, choroid, and the shape of Bruch's membrane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .plane import plane_mm, random_field
from .population import Population

# Of an ordinary retina 1.5 mm from the fovea, in um, from the vitreous down
THICKNESS_UM = {"NFL": 28.0, "GCIPL": 75.0, "INL": 36.0, "OPL": 28.0, "ONL": 72.0, "IS": 30.0, "OS": 34.0, "RPE": 20.0}
INNER_LEFT_IN_FOVEA = {"NFL": 0.05, "GCIPL": 0.06, "INL": 0.1, "OPL": 0.35}


@dataclass
class Anatomy:
    """One eye, without disease, on the plane. Maps are (PIXELS, PIXELS) float32.

    Attributes:
        fovea_mm: (x, z) of the fovea. nasal: sign of x on the side of the nose.
        bruch_um: shape of Bruch's membrane, um along the beam from its mean.
        thickness_um: layer -> map.
        choroid_um: thickness of the choroid.
        pigment: one value of the pigment epithelium's transmission (both ways) where it is whole; epithelium: one factor of its
            reflectivity.
    """

    fovea_mm: tuple[float, float]
    nasal: int
    bruch_um: np.ndarray
    thickness_um: dict[str, np.ndarray]
    choroid_um: np.ndarray
    pigment: float
    epithelium: float

    @classmethod
    def random(cls, rng: np.random.Generator, population: Population) -> Anatomy:
        x, z = plane_mm()
        nasal = int(rng.choice([-1, 1]))
        fx, fz = rng.uniform(-0.35, 0.35, 2)
        tilt, curvature = rng.normal(0, (14, 14)), rng.uniform(-4, 22)
        bow = rng.normal(0, (1.2, 1.2))
        bruch = tilt[0] * x + tilt[1] * z - curvature * (x * x + rng.uniform(0.8, 1.2) * z * z) + bow[0] * x**3 + bow[1] * x * z
        bruch = bruch + rng.uniform(5, 14) * random_field(rng, 0.6) + rng.uniform(1.5, 4) * random_field(rng, 0.25)
        radius_2 = (x - fx) ** 2 + (z - fz) ** 2
        pit = np.exp(-radius_2 / (2 * rng.uniform(0.38, 0.52) ** 2))
        ring = np.exp(-((np.sqrt(radius_2) - 1.1) ** 2) / 0.7)
        scale = rng.uniform(0.88, 1.12)
        thickness = {}
        for name, um in THICKNESS_UM.items():
            map_um = um * scale * (1 + 0.06 * random_field(rng, 0.5))
            thickness[name] = map_um * (1 - (1 - INNER_LEFT_IN_FOVEA[name]) * pit) if name in INNER_LEFT_IN_FOVEA else map_um
        thickness["GCIPL"] *= 0.75 + 0.35 * ring
        thickness["NFL"] *= np.clip(0.9 + 0.3 * nasal * (x - fx) + 0.25 * np.abs(z - fz), 0.25, 3.0)
        thickness["ONL"] *= 1 + 0.55 * pit
        thickness["OS"] *= 1 + 0.35 * pit
        choroid = rng.uniform(*population.choroid_um) + 30 * random_field(rng, 0.9)
        return cls(
            fovea_mm=(float(fx), float(fz)),
            nasal=nasal,
            bruch_um=np.asarray(bruch, np.float32),
            thickness_um={name: np.asarray(um, np.float32) for name, um in thickness.items()},
            choroid_um=np.asarray(np.maximum(choroid, 70), np.float32),
            pigment=float(rng.uniform(*population.pigment)),
            epithelium=float(rng.uniform(*population.epithelium)),
        )
