"""Soft tissue, lungs, heart, diaphragm and gas as ellipsoids: closed-form line integrals, and the same shapes for the CT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import zoom

from ..carm import CArm

WATER = 0.0195
"""Attenuation of soft tissue per mm at about 65 keV."""
LUNG, GAS, FAT = -0.68, -0.97, -0.1
"""Attenuation above that of soft tissue, as a share of it."""


@dataclass(frozen=True)
class Ellipsoid:
    """(3,) LPS center, (3,) half axes, and the turn of the axes about P in degrees."""

    center_mm: np.ndarray
    half_mm: np.ndarray
    tilt_deg: float = 0.0

    def scaled(self, vectors: np.ndarray) -> np.ndarray:
        """(..., 3) vectors in the space in which the ellipsoid is the unit ball."""
        c, s = np.cos(np.deg2rad(self.tilt_deg)), np.sin(np.deg2rad(self.tilt_deg))
        turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
        return (vectors @ turn.T) / self.half_mm

    def interval(self, source_mm: np.ndarray, rays: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ways (mm) along (..., 3) unit rays where they enter and leave; both the same where they miss."""
        start, step = self.scaled(source_mm - self.center_mm), self.scaled(rays)
        a = np.einsum("...i,...i", step, step)
        b = step @ start
        root = np.sqrt(np.maximum(b * b - a * (start @ start - 1), 0))
        return (-b - root) / a, (-b + root) / a

    def holds(self, points_mm: np.ndarray) -> np.ndarray:
        """(...,) bool: which of the (..., 3) points lie inside."""
        return (self.scaled(points_mm - self.center_mm) ** 2).sum(axis=-1) < 1


@dataclass(frozen=True)
class Body:
    """Soft tissue of a patient.

    Attributes:
        trunk: skin. lungs: air, where none of `solids` lies. solids: heart, mediastinum, domes of the diaphragm.
        pockets: (shape, attenuation above soft tissue as a share of it): gas, bladder, fat around the heart.
    """

    trunk: Ellipsoid
    lungs: list[Ellipsoid]
    solids: list[Ellipsoid]
    pockets: list[tuple[Ellipsoid, float]]

    def line_integrals(self, carm: CArm, step: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """(rows, columns) attenuation of each ray, and the way through lung in mm; computed on every `step`-th pixel."""
        columns, rows = carm.size
        grid = np.stack(np.meshgrid(np.arange(0, columns + step, step), np.arange(0, rows + step, step)), axis=-1)
        rays = carm.rays(grid.reshape(-1, 2)).reshape(*grid.shape[:2], 3)
        source = carm.source_mm
        enter, leave = self.trunk.interval(source, rays)
        total = WATER * (leave - enter)
        cuts = [solid.interval(source, rays) for solid in self.solids]
        air = np.zeros_like(total)
        for lung in self.lungs:
            first, last = lung.interval(source, rays)
            solid = sum(np.maximum(np.minimum(last, b) - np.maximum(first, a), 0) for a, b in cuts)
            air += np.maximum(last - first - solid, 0)
        total += LUNG * WATER * air
        for shape, share in self.pockets:
            first, last = shape.interval(source, rays)
            total += share * WATER * (last - first)
        return _enlarged(total, step, (rows, columns)), _enlarged(air, step, (rows, columns))

    def hounsfield(self, points_mm: np.ndarray) -> np.ndarray:
        """(...,) float32 HU of (..., 3) points, without bone and vessels; -1000 outside the skin."""
        values = np.where(self.trunk.holds(points_mm), 40.0, -1000.0).astype(np.float32)
        lung = np.zeros(values.shape, bool)
        for shape in self.lungs:
            lung |= shape.holds(points_mm)
        for shape in self.solids:
            lung &= ~shape.holds(points_mm)
        values[lung] = -850.0
        for shape, share in self.pockets:
            values[shape.holds(points_mm) & ~lung] = 1000 * share
        return values


def _enlarged(image: np.ndarray, step: int, shape: tuple[int, int]) -> np.ndarray:
    if step == 1:
        return image[: shape[0], : shape[1]].astype(np.float32)
    rows, columns = image.shape
    size = ((rows - 1) * step + 1) / rows, ((columns - 1) * step + 1) / columns
    return zoom(image.astype(np.float32), size, order=1)[: shape[0], : shape[1]]


def random_body(rng: np.random.Generator, size: float, inspiration_mm: float = 0.0) -> Body:
    """A trunk with organs; the domes of the diaphragm lie lower by the depth of the breath."""

    def some(center, half, tilt: float = 0.0, wander: float = 6.0) -> Ellipsoid:
        half = np.asarray(half, float) * size * rng.uniform(0.88, 1.12, 3)
        return Ellipsoid(np.asarray(center, float) * size + rng.uniform(-wander, wander, 3), half, tilt)

    girth = rng.uniform(0.85, 1.2)
    down = np.array([0, 0, -inspiration_mm])
    solids = [
        some((24, -18, -38), (58, 48, 48), 28),
        some((-6, 10, -10), (42, 42, 52)),
        some((0, 32, 80), (36, 62, 130)),
        some(np.array([-66, 18, -118]) + down, (84, 92, 68)),
        some(np.array([72, 26, -124]) + down, (72, 80, 62)),
    ]
    lungs = [some((-70, 28, 36), (64, 88, 135)), some((80, 32, 36), (60, 84, 130))]
    pockets = [(some((70, -20, -95) + down, rng.uniform(12, 30, 3)), GAS)] if rng.random() < 0.6 else []
    for _ in range(int(rng.integers(5, 18))):
        place = (rng.uniform(-95, 95), rng.uniform(-55, 0), rng.uniform(-390, -130))
        pockets.append((some(place, rng.uniform(7, 26, 3), rng.uniform(-60, 60)), GAS))
    pockets.append((some((0, -5, -405), rng.uniform(22, 42, 3)), float(rng.choice([0.0, 0.05, 0.4, 1.0]))))
    pockets.append((some((22, -20, -62), (62, 44, 26), 28), FAT))
    trunk = Ellipsoid(np.array([0.0, 24.0, -150.0]), np.array([178.0, 122.0, 640.0]) * [girth * size, girth * size, 1.0])
    return Body(trunk, lungs, solids, pockets)
