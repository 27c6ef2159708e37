"""How heart and breath carry the root: a rigid pose of the arteries for each moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..pose import Pose


@dataclass(frozen=True)
class Motion:
    """Heart and breath.

    Attributes:
        cardiac_mm, respiratory_mm: how far the root is carried, end to end. cardiac_deg: how far it turns with a beat.
        beats_per_s, breaths_per_s: frequencies. first_beat, first_breath: phases (0..1) of the first frame.
        along_beat, along_breath: (3,) LPS unit vectors.
        pivot_mm: (3,) about which it turns.
    """

    cardiac_mm: float = 4.0
    respiratory_mm: float = 8.0
    cardiac_deg: float = 2.0
    beats_per_s: float = 1.2
    breaths_per_s: float = 0.25
    first_beat: float = 0.0
    first_breath: float = 0.0
    along_beat: tuple[float, float, float] = (0.45, -0.25, -0.86)
    along_breath: tuple[float, float, float] = (0.05, -0.2, -0.98)
    pivot_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def cardiac_phase(self, times_s: np.ndarray) -> np.ndarray:
        """Phase of the beat (0..1, 0 is end diastole, when the planning CT was taken)."""
        return (self.first_beat + self.beats_per_s * np.asarray(times_s, float)) % 1

    def breath(self, times_s: np.ndarray) -> np.ndarray:
        """Depth of the breath: 0 is expired (as in the planning CT), 1 inspired."""
        phase = self.first_breath + self.breaths_per_s * np.asarray(times_s, float)
        return np.sin(np.pi * phase) ** 4 if self.respiratory_mm else np.zeros_like(phase)

    def poses(self, times_s: np.ndarray) -> list[Pose]:
        """Pose of the arteries at each time; the identity at end diastole and expiration."""
        systole = contraction(self.cardiac_phase(times_s))
        shift = self.cardiac_mm * systole[:, None] * np.asarray(self.along_beat)
        shift = shift + self.respiratory_mm * self.breath(times_s)[:, None] * np.asarray(self.along_breath)
        turn = (self.cardiac_deg if self.cardiac_mm else 0.0) * systole[:, None] * np.array([0.5, 0.7, -0.5])
        return [Pose(tuple(r.tolist()), tuple(t.tolist()), self.pivot_mm) for r, t in zip(turn, shift, strict=True)]


def contraction(phase: np.ndarray) -> np.ndarray:
    """Share (0..1) by which the heart has contracted: a fast systole in the first third, a slower filling."""
    phase = np.asarray(phase, float)
    rising = np.sin(np.pi / 2 * np.clip(phase / 0.3, 0, 1)) ** 2
    falling = np.cos(np.pi / 2 * np.clip((phase - 0.3) / 0.45, 0, 1)) ** 2
    return np.where(phase < 0.3, rising, falling)


def random_motion(rng: np.random.Generator, cardiac_mm: float, respiratory_mm: float) -> Motion:
    """Heart and breath of some rate, caught at some phase."""
    return Motion(
        cardiac_mm=cardiac_mm,
        respiratory_mm=respiratory_mm,
        cardiac_deg=0.5 * cardiac_mm,
        beats_per_s=rng.uniform(0.9, 1.6),
        breaths_per_s=rng.uniform(0.2, 0.33),
        first_beat=rng.uniform(0, 1),
        first_breath=rng.uniform(0, 1),
    )
