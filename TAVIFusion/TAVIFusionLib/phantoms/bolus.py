"""Contrast that is injected at one place, flows on, thins out and is washed away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .tree import Branch, flow_distances


@dataclass(frozen=True)
class Bolus:
    """An injection of contrast medium.

    Attributes:
        branch: index of the vessel that it is given into. path_mm: where, as way from the annulus.
        strength: attenuation per mm at its height. speed_mm_s: of the blood.
        rise_s: from the arrival to the peak. shape: of the gamma variate; higher is narrower.
        backwards_mm: way against the flow after which it has fallen to 1/e.
    """

    branch: int
    path_mm: float
    strength: float = 0.04
    speed_mm_s: float = 250.0
    rise_s: float = 1.0
    shape: float = 2.0
    backwards_mm: float = 25.0

    def attenuation(self, branches: list[Branch], time_s: float) -> np.ndarray:
        """(N,) attenuation per mm at all points of all branches, in their order, `time_s` after the injection began."""
        found = []
        for up, down in flow_distances(branches, (self.branch, self.path_mm)):
            against = up + np.maximum(-down, 0)
            arrival = np.maximum(down, 0) / self.speed_mm_s + against / (0.6 * self.speed_mm_s)
            rise = self.rise_s * (1 + np.maximum(down, 0) / 900)
            share = gamma_variate(time_s - arrival, rise, self.shape) * self.rise_s / rise
            found.append(self.strength * share * np.exp(-against / self.backwards_mm))
        return np.concatenate(found)


def gamma_variate(time_s: np.ndarray, rise_s: np.ndarray | float, shape: float) -> np.ndarray:
    """Share of the peak: (t / rise)^shape exp(shape (1 - t / rise)) for t > 0, and 0 before; 1 at t = rise."""
    share = np.maximum(time_s, 0) / rise_s
    return share**shape * np.exp(shape * (1 - share))
