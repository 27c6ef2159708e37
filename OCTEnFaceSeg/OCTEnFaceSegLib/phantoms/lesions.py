"""Geographic atrophy that grows, reticular pseudodrusen, and drusen of the phantom eye."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from .plane import PITCH_MM, PIXELS, area_mm2, plane_mm, random_field, signed_distance_mm
from .population import Population
from .surfaces import Anatomy

GA, RPD, HEALTHY = "ga", "rpd", "healthy"
LESIONS = (GA, RPD, HEALTHY)


@dataclass
class Atrophy:
    """Geographic atrophy. `start_mm`: signed distance to its edge at the first visit; `speed_mm`: mm per year of the edge."""

    start_mm: np.ndarray
    speed_mm: np.ndarray

    def distance_mm(self, years: float) -> np.ndarray:
        """Signed distance to the edge after some years, negative where there is atrophy."""
        return self.start_mm - np.float32(years) * self.speed_mm

    def area_mm2(self, years: float) -> float:
        return area_mm2(self.distance_mm(years))


def no_atrophy() -> Atrophy:
    return Atrophy(np.full((PIXELS, PIXELS), 1e3, np.float32), np.zeros((PIXELS, PIXELS), np.float32))


def random_atrophy(rng: np.random.Generator, anatomy: Anatomy, population: Population) -> Atrophy:
    """Foci, some of which merge, around the fovea or over it."""
    x, z = plane_mm()
    edge = 0.10 * random_field(rng, 0.18) + 0.12 * random_field(rng, 0.45)
    level = np.full(x.shape, 1e3, np.float32)
    for index in range(int(rng.integers(*population.foci, endpoint=True))):
        angle, away = rng.uniform(0, 2 * np.pi), rng.uniform(0.0, 1.4)
        radius = rng.uniform(*(population.more_foci_mm if index else population.focus_mm))
        cx, cz = anatomy.fovea_mm[0] + away * np.cos(angle), anatomy.fovea_mm[1] + away * np.sin(angle)
        turn, ratio = rng.uniform(0, np.pi), rng.uniform(0.6, 1.0)
        u, v = (x - cx) * np.cos(turn) + (z - cz) * np.sin(turn), (z - cz) * np.cos(turn) - (x - cx) * np.sin(turn)
        np.minimum(level, np.hypot(u * ratio, v) - radius * np.sqrt(ratio), out=level)
    start = signed_distance_mm(level + edge * np.clip(1 + level, 0.3, 1) < 0)
    speed = rng.uniform(0.05, 0.16) * np.clip(1 + 0.35 * random_field(rng, 0.5), 0.3, 1.8)
    return Atrophy(start, np.asarray(speed, np.float32))


@dataclass
class Spots:
    """Reticular pseudodrusen: signed distance to the nearest spot's edge, and the height of the deposits above the RPE."""

    distance_mm: np.ndarray
    height_um: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        return self.distance_mm < 0


def no_spots() -> Spots:
    return Spots(np.full((PIXELS, PIXELS), 1e3, np.float32), np.zeros((PIXELS, PIXELS), np.float32))


def random_spots(rng: np.random.Generator, anatomy: Anatomy, population: Population) -> Spots:
    """A loose hexagonal lattice of spots in irregular regions around the fovea."""
    x, z = plane_mm()
    pitch = rng.uniform(*population.pitch_mm)
    rows = np.arange(-4, 4, pitch * np.sqrt(0.75))
    lattice = np.array([(c + (i % 2) * pitch / 2, r) for i, r in enumerate(rows) for c in np.arange(-4, 4, pitch)])
    lattice += rng.normal(0, 0.13 * pitch, lattice.shape)
    fx, fz = anatomy.fovea_mm
    eccentric = np.hypot(lattice[:, 0] - fx, lattice[:, 1] - fz)
    region = random_field(rng, 0.7) + 0.35 * np.sign(z - fz) * np.clip(np.abs(z - fz), 0, 1)
    at = np.clip(np.round((lattice + 4) / PITCH_MM).astype(int), 0, PIXELS - 1)
    here = region[at[:, 1], at[:, 0]] > np.quantile(region, rng.uniform(0.35, 0.75))
    centers = lattice[here & (eccentric > 0.5) & (eccentric < 3.4)]
    if len(centers) == 0:
        centers = lattice[[int(np.argmin(np.abs(eccentric - 1.2)))]]
    least, most = population.spot_mm
    radius = rng.uniform(least, most, len(centers)).clip(max=0.46 * pitch)
    tall = rng.uniform(*population.tall_um, len(centers)) * (0.6 + 0.4 * radius / most)
    away, nearest = KDTree(centers).query(np.stack([x.ravel(), z.ravel()], 1))
    relative = (away / radius[nearest]).reshape(x.shape)
    height = tall[nearest].reshape(x.shape) * np.sqrt(np.clip(1 - relative**2, 0, None))
    distance = away.reshape(x.shape) - radius[nearest].reshape(x.shape)
    return Spots(np.asarray(distance, np.float32), np.asarray(height, np.float32))


def random_drusen(rng: np.random.Generator, anatomy: Anatomy, healthy: bool) -> np.ndarray:
    """Height (um) that soft drusen lift the pigment epithelium: none, few or many; healthy eyes have none or small ones."""
    x, z = plane_mm()
    peaks = 26 * random_field(rng, rng.uniform(0.05, 0.11)) + 12 * random_field(rng, 0.3)
    threshold = rng.uniform(58, 80) if healthy else rng.uniform(28, 60)
    region = np.exp(-((np.hypot(x - anatomy.fovea_mm[0], z - anatomy.fovea_mm[1]) / rng.uniform(1.2, 2.6)) ** 4))
    return np.asarray(ndimage.gaussian_filter(np.clip(peaks - threshold, 0, None) * 2.2 * region, 0.7), np.float32)
