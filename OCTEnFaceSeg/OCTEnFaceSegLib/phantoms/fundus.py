"""SLO (infrared reflectance) and FAF (autofluorescence) of the phantom eye, each with a contrast of its own."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .eye import Columns
from .plane import soft_step

FRAME = 1.1  # of the volume's field
SMALLEST_PIXEL_MM = 0.0115


def infrared(eye: Columns, rng: np.random.Generator) -> np.ndarray:
    """SLO (z, x) in 0..1: atrophy is bright, vessels are dark, RPD are dark rings around a grey middle."""
    contrast = rng.uniform(0.12, 0.4)
    reflectance = 0.42 * eye.window**0.12 * (1 + contrast * (1.6 * eye.epithelium_lost + 0.35 * eye.thin))
    ring = np.exp(-(((eye.spot_mm + 0.025) / 0.022) ** 2))
    reflectance *= 1 - 0.28 * ring
    reflectance += 0.0015 * np.minimum(eye.drusen_um, 60) + 0.10 * (eye.calcified_um > 20) * (1 - eye.epithelium_lost)
    return _as_taken(reflectance * (1 - 0.75 * eye.vessels) * eye.media**0.5, 0.03, rng)


def autofluorescence(eye: Columns, lipofuscin: np.ndarray, fovea_mm: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """FAF (z, x) in 0..1: light of the pigment epithelium; dark in atrophy, brighter at its rim, dark under macular pigment.

    Args:
        lipofuscin: the epithelium's light at the same points.
    """
    light = 0.5 * lipofuscin * (1 - 0.93 * eye.epithelium_lost)
    rim = np.exp(-np.maximum(eye.atrophy_mm, 0) / 0.12) * soft_step(eye.atrophy_mm, 0.015)
    light *= 1 + rng.uniform(0.0, 0.6) * rim
    away = np.hypot(eye.x_mm - fovea_mm[0], eye.z_mm - fovea_mm[1])
    light *= 1 - rng.uniform(0.35, 0.65) * np.exp(-((away / 0.45) ** 2))
    light *= 1 - 0.3 * soft_step(-eye.spot_mm, 0.015)
    light *= 1 + 0.002 * np.minimum(eye.drusen_um, 50) - 0.12 * eye.thin
    return _as_taken(light * (1 - 0.9 * eye.vessels) * eye.media**0.3, 0.05, rng)


def _as_taken(light: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """With uneven illumination, blur and noise that grows with the light."""
    rows, columns = light.shape
    z, x = np.linspace(-1, 1, rows)[:, None], np.linspace(-1, 1, columns)[None, :]
    cx, cz = rng.uniform(-0.3, 0.3, 2)
    light = light * (1 - rng.uniform(0.1, 0.35) * ((x - cx) ** 2 + (z - cz) ** 2) / 2)
    light = ndimage.gaussian_filter(light, 0.8)
    light = light + noise * np.sqrt(np.maximum(light, 0.02)) * rng.standard_normal(light.shape, dtype=np.float32)
    return np.asarray(np.clip(light, 0, 1), np.float32)
