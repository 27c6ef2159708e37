"""The breathing motion of the phantom: an analytic map from inspiration to expiration, folding-free, with sliding at the pleura.

The body (ribs, spine, muscles) follows the `WallMotion`. What lies in the chest cavity first slides along the wall
(`Slide`), then follows the wall motion. The slide moves along the tube of the inner chest wall and maps the cavity onto itself,
so no gap opens and nothing overlaps, while lung and ribs move differently along the pleura.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from .chest import Chest, logistic

CHUNK = 1 << 15  # points that are worked on at a time: their intermediate arrays stay in the cache


def in_chunks(function: Callable[[np.ndarray], np.ndarray], points: np.ndarray) -> np.ndarray:
    """function(points), evaluated piece by piece along the first axis."""
    if len(points) <= CHUNK:
        return function(points)
    return np.concatenate([function(points[i : i + CHUNK]) for i in range(0, len(points), CHUNK)])


@dataclass(frozen=True)
class Waves:
    """A sum of plane waves amplitude * sin(wavevector . x + phase): smooth, with exact derivatives."""

    wavevectors: np.ndarray  # (waves, 3) in 1/mm
    phases: np.ndarray  # (waves,)
    amplitudes: np.ndarray  # (waves, components) in mm

    @classmethod
    def random(
        cls,
        rng: np.random.Generator,
        wavelengths_mm: tuple[float, float],
        count: int,
        rms_mm: np.ndarray,
        along: tuple[float, float, float] = (1.0, 1.0, 1.0),
    ) -> Waves:
        """Random phases and directions (scaled by `along`, then made unit vectors); component c has the rms `rms_mm[c]`."""
        direction = rng.normal(size=(count, 3)) * along
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        wavevectors = direction * (2 * np.pi / rng.uniform(*wavelengths_mm, size=(count, 1)))
        amplitudes = rng.normal(size=(count, len(rms_mm)))
        amplitudes *= rms_mm * np.sqrt(2.0) / np.sqrt((amplitudes**2).sum(axis=0))
        return cls(wavevectors, rng.uniform(0, 2 * np.pi, count), amplitudes)

    def __add__(self, other: Waves) -> Waves:
        return Waves(
            np.concatenate([self.wavevectors, other.wavevectors]),
            np.concatenate([self.phases, other.phases]),
            np.concatenate([self.amplitudes, other.amplitudes]),
        )

    def _phases(self, points: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """For each wave: its phase (N,) at the points, and its amplitudes."""
        x, y, z = np.ascontiguousarray(points.T)
        for (kx, ky, kz), phase, amplitude in zip(self.wavevectors.tolist(), self.phases.tolist(), self.amplitudes, strict=True):
            yield kx * x + ky * y + kz * z + phase, amplitude

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """Values (N, components) at points (N, 3)."""
        values = np.zeros((self.amplitudes.shape[1], len(points)), points.dtype)
        for phase, amplitude in self._phases(points):
            wave = np.sin(phase)
            for c, a in enumerate(amplitude.tolist()):
                values[c] += a * wave
        return values.T

    def gradient(self, points: np.ndarray) -> np.ndarray:
        """Derivatives (N, components, 3) at points (N, 3)."""
        slopes = np.zeros((self.amplitudes.shape[1], 3, len(points)), points.dtype)
        for (phase, amplitude), vector in zip(self._phases(points), self.wavevectors, strict=True):
            wave = np.cos(phase)
            for (c, axis), slope in np.ndenumerate(np.outer(amplitude, vector)):
                slopes[c, axis] += float(slope) * wave
        return slopes.transpose(2, 0, 1)


@dataclass(frozen=True)
class WallMotion:
    """Chest wall and everything inside it: narrower and flatter on expiration, ribs turn down in front, smooth irregularities."""

    narrowing: float  # relative change of width at the base (negative: narrower)
    flattening: float  # relative change of depth at the base
    rib_drop: float  # mm that the front goes down per mm in front of the spine
    spine_y: float
    apex_z: float
    waves: Waves  # three components, mm

    def _profile(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of the narrowing at height z (less at the apex), and its derivative."""
        s = logistic((z - (self.apex_z - 50.0)) * (1 / 35.0))
        return 1.0 - 0.7 * s, -0.7 / 35.0 * s * (1.0 - s)

    def displacement(self, points: np.ndarray) -> np.ndarray:
        share, _ = self._profile(points[:, 2])
        depth = points[:, 1] - self.spine_y
        move = self.waves(points)
        move[:, 0] += self.narrowing * share * points[:, 0]
        move[:, 1] += self.flattening * share * depth
        move[:, 2] += self.rib_drop * depth
        return move

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        """det of the derivative of points -> points + displacement, (N,)."""
        share, slope = self._profile(points[:, 2])
        depth = points[:, 1] - self.spine_y
        g = self.waves.gradient(points)
        g[:, 0, 0] += 1.0 + self.narrowing * share
        g[:, 0, 2] += self.narrowing * slope * points[:, 0]
        g[:, 1, 1] += 1.0 + self.flattening * share
        g[:, 1, 2] += self.flattening * slope * depth
        g[:, 2, 1] += self.rib_drop
        g[:, 2, 2] += 1.0
        return (
            g[:, 0, 0] * (g[:, 1, 1] * g[:, 2, 2] - g[:, 1, 2] * g[:, 2, 1])
            - g[:, 0, 1] * (g[:, 1, 0] * g[:, 2, 2] - g[:, 1, 2] * g[:, 2, 0])
            + g[:, 0, 2] * (g[:, 1, 0] * g[:, 2, 1] - g[:, 1, 1] * g[:, 2, 0])
        )

    def inverse(self, moved: np.ndarray, tolerance_mm: float) -> np.ndarray:
        """Points whose displacement leads to `moved`, by fixed-point iteration (the displacement is a contraction)."""
        points = moved.copy()
        for _ in range(60):
            residual = moved - points - self.displacement(points)
            points += residual
            if np.abs(residual).max(initial=0.0) < tolerance_mm:
                return points
        raise ArithmeticError("the wall motion of the phantom is not a contraction")


@dataclass(frozen=True)
class Slide:
    """Motion along the chest tube: the diaphragm pushes up, the apex stays."""

    chest: Chest
    right_mm: float  # rise of the right diaphragm
    left_mm: float
    back_gain: float  # relative gain of the rise from the front to the back
    base_z: float  # height below which the lungs rise as much as the diaphragm
    waves: Waves  # one component, mm

    def _ramp(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Share of the diaphragm's rise at height z, 0 at the apex to 1 at the base, and its derivative."""
        height = self.chest.apex_z - self.base_z
        depth = (self.chest.apex_z - z) / height
        share, slope = np.zeros_like(z), np.zeros_like(z)
        for weight, start, stop in ((0.5, 0.0, 0.9), (0.5, 0.6, 1.0)):
            factor = weight / (stop - start)
            for sign, edge in ((1.0, start), (-1.0, stop)):
                x = (depth - edge) * (1 / 0.1)
                share += sign * factor * 0.1 * (np.maximum(x, 0.0) + np.log(1.0 + np.exp(-np.abs(x))))
                slope += sign * factor * logistic(x)
        return share, slope * (-1 / height)

    def _rise(self, tube: np.ndarray) -> np.ndarray:
        side = logistic(tube[:, 0] * (1 / 22.0))
        return (self.right_mm + (self.left_mm - self.right_mm) * side) * (1.0 + self.back_gain * tube[:, 1] * 0.01)

    def along(self, tube: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shift along z (mm) at tube coordinates (N, 3), and its derivative by z."""
        share, slope = self._ramp(tube[:, 2])
        rise = self._rise(tube)
        return rise * share + self.waves(tube)[:, 0], rise * slope + self.waves.gradient(tube)[:, 0, 2]

    def forward(self, points: np.ndarray) -> np.ndarray:
        tube = self.chest.to_tube(points)
        tube[:, 2] += self._rise(tube) * self._ramp(tube[:, 2])[0] + self.waves(tube)[:, 0]
        return self.chest.from_tube(tube)

    def jacobian(self, points: np.ndarray) -> np.ndarray:
        tube = self.chest.to_tube(points)
        shift, slope = self.along(tube)
        before, _ = self.chest.scale_and_shift(points[:, 2])
        after, _ = self.chest.scale_and_shift(points[:, 2] + shift)
        return (1.0 + slope) * (after / before) ** 2

    def inverse(self, moved: np.ndarray, tolerance_mm: float) -> np.ndarray:
        """Points that slide to `moved`, by Newton's method in the one unknown z."""
        tube = self.chest.to_tube(moved)
        target = tube[:, 2].copy()
        tube[:, 2] -= self.along(tube)[0]
        for _ in range(60):
            shift, slope = self.along(tube)
            residual = target - tube[:, 2] - shift
            tube[:, 2] += residual / (1.0 + slope)
            if np.abs(residual).max(initial=0.0) < tolerance_mm:
                return self.chest.from_tube(tube)
        raise ArithmeticError("the slide of the phantom cannot be inverted")


@dataclass(frozen=True)
class Breathing:
    """The whole motion, inspiration -> expiration: `inner` maps what lies in the chest cavity, `outer` what lies around it."""

    wall: WallMotion
    slide: Slide

    def outer(self, points: np.ndarray) -> np.ndarray:
        return in_chunks(lambda p: p + self.wall.displacement(p), points)

    def inner(self, points: np.ndarray) -> np.ndarray:
        return self.outer(in_chunks(self.slide.forward, points))

    def outer_jacobian(self, points: np.ndarray) -> np.ndarray:
        return in_chunks(self.wall.jacobian, points)

    def inner_jacobian(self, points: np.ndarray) -> np.ndarray:
        def det(p: np.ndarray) -> np.ndarray:
            return self.slide.jacobian(p) * self.wall.jacobian(self.slide.forward(p))

        return in_chunks(det, points)

    def outer_inverse(self, points: np.ndarray, tolerance_mm: float = 5e-4) -> np.ndarray:
        return in_chunks(lambda p: self.wall.inverse(p, tolerance_mm), points)

    def slide_inverse(self, points: np.ndarray, tolerance_mm: float = 5e-4) -> np.ndarray:
        """From where `outer_inverse` ends to the point of the inspiration: inner^-1 = slide^-1 after outer^-1."""
        return in_chunks(lambda p: self.slide.inverse(p, tolerance_mm), points)


def random_breathing(rng: np.random.Generator, chest: Chest, lung_points: np.ndarray, largest_mm: float) -> Breathing:
    """A random motion whose largest displacement in the lungs is `largest_mm` and whose mean is at least a third of it.

    Motions are drawn until one is folding-free.

    Args:
        lung_points: points (N, 3) that fill the lungs (some mm apart); on them det J stays above 0.3.
    """
    base_z = float(np.percentile(lung_points[:, 2], 8))
    for _ in range(200):
        motion = _draw(rng, chest, base_z, largest_mm)
        for _ in range(8):
            length = np.linalg.norm(motion.inner(lung_points) - lung_points, axis=1)
            if length.mean() < largest_mm / 3 or abs(length.max() - largest_mm) < 0.05:
                break
            rise = 1.0 + (largest_mm - length.max()) / largest_mm
            motion = replace(
                motion, slide=replace(motion.slide, right_mm=motion.slide.right_mm * rise, left_mm=motion.slide.left_mm * rise)
            )
        if length.mean() >= largest_mm / 3 and motion.inner_jacobian(lung_points).min() > 0.3:
            return motion
    raise ArithmeticError(f"no folding-free motion of {largest_mm} mm was found")


def _draw(rng: np.random.Generator, chest: Chest, base_z: float, largest_mm: float) -> Breathing:
    strength = largest_mm / 45.0
    wall = WallMotion(
        narrowing=-rng.uniform(0.015, 0.035) * strength,
        flattening=-rng.uniform(0.03, 0.07) * strength,
        rib_drop=rng.uniform(0.02, 0.05) * strength,
        spine_y=chest.spine_y,
        apex_z=chest.apex_z,
        waves=Waves.random(rng, (90, 150), 8, strength * np.array([2.0, 2.0, 1.2]))
        + Waves.random(rng, (56, 80), 12, strength * np.array([0.8, 0.8, 0.5])),
    )
    less = rng.uniform(0.65, 1.0)
    sides = (1.0, less) if rng.random() < 0.6 else (less, 1.0)
    slide = Slide(
        chest=chest,
        right_mm=largest_mm * sides[0],
        left_mm=largest_mm * sides[1],
        back_gain=rng.uniform(0.0, 0.1),
        base_z=base_z,
        waves=Waves.random(rng, (90, 150), 6, strength * np.array([3.0]))
        + Waves.random(rng, (60, 80), 10, strength * np.array([1.4]))
        + Waves.random(rng, (75, 115), 8, strength * np.array([3.8]), along=(1.0, 1.0, 0.1)),
    )
    return Breathing(wall, slide)
