"""Fine structure that no shape describes: vessels of the lung, folds, fat, as noise whose power falls with frequency."""

from __future__ import annotations

import numpy as np


def power_noise(rng: np.random.Generator, shape: tuple[int, int], exponent: float) -> np.ndarray:
    """(rows, columns) float32 noise of mean 0 and variance 1, amplitude ~ 1 / frequency^exponent."""
    rows, columns = shape
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None] * rows, np.fft.rfftfreq(columns)[None, :] * columns)
    white = np.fft.rfft2(rng.standard_normal(shape))
    noise = np.fft.irfft2(white / np.maximum(frequency, 2.0) ** exponent, s=shape)
    noise -= noise.mean()
    return (noise / noise.std()).astype(np.float32)


def lung_markings(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """(rows, columns) float32, bright where vessels of the lung add up: ridges of noise."""
    ridges = -np.abs(power_noise(rng, shape, 1.7))
    return (ridges - ridges.mean()) / ridges.std()
