"""Disease-like changes of the phantom's lungs, fixed to the tissue: holes, dense regions, fluid along the pleura, nodules.

The motion and its truth stay what they are. Holes and dense regions change the density of the tissue, whose mass is conserved as
that of healthy tissue is; nodules are balls of soft tissue that move with the tissue around their center and keep their size.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .anatomy import Anatomy, covered, ellipsoid_distance

WATER = 1000.0  # HU + 1000
FULLEST = 0.98  # of water: what a dense region reaches where the tissue is most compressed
HOLE_DENSITY = (5.0, 40.0)
CHANCES = {"emphysema": 0.5, "bullae": 0.4, "consolidation": 0.45, "nodules": 0.5, "effusion": 0.25}


@dataclass(frozen=True)
class Regions:
    """Ellipsoids whose tissue has another density."""

    centers: np.ndarray  # (regions, 3) mm, at inspiration
    axes: np.ndarray  # (regions, 3) half-axes in mm
    densities: np.ndarray  # (regions,) HU + 1000 at inspiration
    shares: np.ndarray  # (regions,) of the tissue that has it
    edges_mm: np.ndarray  # (regions,) width of the border


@dataclass(frozen=True)
class Effusion:
    """Fluid between lung and chest wall, thickest low down at the back; it displaces lung tissue, whose region it fills."""

    left: bool
    thickness_mm: float  # where it is thickest
    level_y: float  # it lies behind this, thicker towards the back
    top_z: float  # and below this

    def share(self, points: np.ndarray, anatomy: Anatomy) -> np.ndarray:
        """Share (N,) of each point that is fluid."""
        back = np.clip((points[:, 1] - self.level_y) * (1 / 40.0), 0.0, 1.0)
        low = np.clip((self.top_z - points[:, 2]) * (1 / 40.0), 0.0, 1.0)
        side = (points[:, 0] > 4.0) == self.left
        depth = -anatomy.lung_distance(points)
        return covered(depth - self.thickness_mm * back * low, 3.0) * (side & (back > 0) & (low > 0))


@dataclass(frozen=True)
class Pathology:
    """What one phantom person suffers from."""

    regions: Regions
    nodule_centers: np.ndarray  # (nodules, 3) mm, at inspiration
    nodule_radii: np.ndarray  # (nodules,) mm
    effusion: Effusion | None

    @classmethod
    def random(cls, rng: np.random.Generator, anatomy: Anatomy, inside: np.ndarray) -> Pathology:
        """At least one disease.

        Args:
            inside: points (N, 3) that fill the lungs at inspiration.
        """
        present = {name for name, chance in CHANCES.items() if rng.random() < chance}
        present = present or {str(rng.choice(sorted(CHANCES)))}
        parts = [make(rng, inside) for name, make in _REGIONS.items() if name in present]
        columns = [np.concatenate([part[k] for part in parts]) if parts else np.empty(_EMPTY[k]) for k in range(5)]
        count = int(rng.integers(1, 9)) if "nodules" in present else 0
        centers, radii = inside[rng.integers(0, len(inside), count)], rng.uniform(2.5, 12.0, count)
        effusion = _random_effusion(rng, inside) if "effusion" in present else None
        return cls(Regions(*columns), centers, radii, effusion)

    def density(
        self, healthy: np.ndarray, points: np.ndarray, anatomy: Anatomy, jacobian: Callable[[np.ndarray], np.ndarray]
    ) -> np.ndarray:
        """Density (HU + 1000) at inspiration.

        A dense region holds as much as fits into it in both states, so that its mass is the same in both: where the tissue
        shrinks to half, it is half full at inspiration.

        Args:
            healthy: density (N,) of the tissue at inspiration without disease.
            points: where it lies at inspiration, (N, 3).
            jacobian: tells of points (N, 3) the tissue's volume at expiration / at inspiration.
        """
        changed, r = healthy.copy(), self.regions
        dense = np.zeros(len(points), bool)
        for center, axes, density, share, edge in zip(r.centers, r.axes, r.densities, r.shares, r.edges_mm, strict=True):
            near = np.flatnonzero((np.abs(points - center.astype(points.dtype)) < (axes + edge).astype(points.dtype)).all(axis=1))
            part = share * covered(ellipsoid_distance(points[near], center, axes), float(edge))
            changed[near] += (density - changed[near]) * part
            dense[near] |= density > healthy[near]
        if self.effusion is not None:
            part = self.effusion.share(points, anatomy)
            changed += (WATER - changed) * part
            dense |= part > 0
        where = np.flatnonzero(dense)
        most = FULLEST * WATER * np.minimum(jacobian(points[where]), 1.0)
        changed[where] = np.minimum(changed[where], np.maximum(most, healthy[where]))
        return changed

    def nodules(self) -> tuple[np.ndarray, np.ndarray]:
        """The nodules as tubes without length: points (nodules, 2, 3) and radii (nodules, 2)."""
        return np.repeat(self.nodule_centers[:, None], 2, axis=1), np.repeat(self.nodule_radii[:, None], 2, axis=1)


def _emphysema(rng: np.random.Generator, inside: np.ndarray) -> tuple[np.ndarray, ...]:
    """Many small holes, most of them around one height."""
    count = int(rng.integers(20, 90))
    height = rng.uniform(*np.percentile(inside[:, 2], [10, 95]))
    weight = np.exp(-(((inside[:, 2] - height) / rng.uniform(30, 120)) ** 2))
    centers = inside[rng.choice(len(inside), count, p=weight / weight.sum())]
    return _holes(rng, centers, (2.5, 11.0), (0.4, 1.0), (1.5, 5.0))


def _bullae(rng: np.random.Generator, inside: np.ndarray) -> tuple[np.ndarray, ...]:
    """A few large holes with sharp borders."""
    centers = inside[rng.integers(0, len(inside), int(rng.integers(1, 5)))]
    return _holes(rng, centers, (10.0, 32.0), (0.9, 1.0), (1.0, 2.0))


def _holes(
    rng: np.random.Generator,
    centers: np.ndarray,
    radii_mm: tuple[float, float],
    shares: tuple[float, float],
    edges_mm: tuple[float, float],
) -> tuple[np.ndarray, ...]:
    n = len(centers)
    axes = rng.uniform(*radii_mm, (n, 1)) * rng.uniform(0.7, 1.3, (n, 3))
    return centers, axes, rng.uniform(*HOLE_DENSITY, n), rng.uniform(*shares, n), rng.uniform(*edges_mm, n)


def _consolidations(rng: np.random.Generator, inside: np.ndarray) -> tuple[np.ndarray, ...]:
    """One to three dense regions, each of several ellipsoids that overlap."""
    middles = inside[rng.integers(0, len(inside), int(rng.integers(1, 4)))]
    size = rng.uniform(10.0, 38.0, len(middles))
    middle = np.repeat(np.arange(len(middles)), 5)
    n = len(middle)
    centers = middles[middle] + rng.normal(0, 0.5, (n, 3)) * size[middle, None]
    axes = size[middle, None] * rng.uniform(0.4, 1.0, (n, 3))
    return centers, axes, rng.uniform(350.0, WATER, n), rng.uniform(0.5, 1.0, n), rng.uniform(3.0, 15.0, n)


def _random_effusion(rng: np.random.Generator, inside: np.ndarray) -> Effusion:
    left = bool(rng.random() < 0.5)
    lung = inside[(inside[:, 0] > 4.0) == left]
    level = float(np.percentile(lung[:, 1], rng.uniform(20, 60)))
    return Effusion(left, float(rng.uniform(8.0, 35.0)), level, float(np.percentile(lung[:, 2], rng.uniform(30, 80))))


_REGIONS = {"emphysema": _emphysema, "bullae": _bullae, "consolidation": _consolidations}
_EMPTY = ((0, 3), (0, 3), (0,), (0,), (0,))
