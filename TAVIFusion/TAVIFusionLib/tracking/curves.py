"""Heart and breath in the motion of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import lombscargle

from .smoothing import smoothed

HEART_HZ = (0.7, 3.0)
BREATH_HZ = (0.1, 0.6)
_SPLIT_S = 0.5
_LEAST_MM = 0.3
_LEAST_POWER = 0.3


@dataclass
class Curves:
    """Motion along its main direction, parted in two.

    Attributes:
        direction: (2,) unit, right and down in the image, pointing down.
        breath_mm, heart_mm: (T,); their sum is the motion along the direction, less its mean.
        heart_hz, breath_hz: None where the run is too short, too still, or too irregular to tell.
    """

    direction: np.ndarray
    breath_mm: np.ndarray
    heart_mm: np.ndarray
    heart_hz: float | None
    breath_hz: float | None


def curves_of(motion_mm: np.ndarray, times_s: np.ndarray, shown: np.ndarray) -> Curves:
    """Part the motion (T, 2) of a track: slow is breath, fast is heart.

    The heart's rate is that of the strongest swing between 0.7 and 3 per second, which the run must hold 1.5 times, see at more
    than twice its rate, and which must make up three tenths of the fast motion; that of the breath likewise, between 0.1 and 0.6.
    """
    motion, times = np.asarray(motion_mm, dtype=float), np.asarray(times_s, dtype=float)
    known = np.asarray(shown, dtype=bool)
    none = np.zeros(len(motion))
    if np.count_nonzero(known) < 4:
        return Curves(np.array([0.0, 1.0]), none, none.copy(), None, None)
    centered = motion - motion[known].mean(axis=0)
    direction = np.linalg.svd(centered[known], full_matrices=False)[2][0]
    direction = direction * (1.0 if direction[1] >= 0 else -1.0)
    along = centered @ direction
    breath = smoothed(along[:, None], times, known.astype(float), _SPLIT_S)[:, 0]
    heart = along - breath
    rates = [_rate(curve[known], times[known], band) for curve, band in ((heart, HEART_HZ), (breath, BREATH_HZ))]
    return Curves(direction, breath, heart, *rates)


def _rate(values: np.ndarray, times: np.ndarray, band: tuple[float, float]) -> float | None:
    """Of the strongest swing in a band, Hz."""
    span, values = times[-1] - times[0], values - values.mean()
    lowest, highest = max(band[0], 1.5 / span), min(band[1], 0.5 / float(np.median(np.diff(times))))
    if highest <= lowest or np.std(values) < _LEAST_MM:
        return None
    rates = np.arange(lowest, highest, 0.1 / span)
    power = np.atleast_1d(lombscargle(times, values, 2 * np.pi * rates)) * 2 / np.sum(values**2)
    best = int(np.argmax(power))
    return float(rates[best]) if power[best] >= _LEAST_POWER and 0 < best < len(rates) - 1 else None
