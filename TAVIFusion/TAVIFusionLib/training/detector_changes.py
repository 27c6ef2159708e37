"""A frame as another system would show it: window, gamma, flattening, blur, edges, noise, and a collimator."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

WHITE = (0.88, 0.995)  # quantile of the frame that becomes white: lungs may be blown out
GAMMA, SHADING = (0.45, 2.2), 0.25  # of gray values taken to 0..1
FLATTENING, WIDE = (-0.4, 0.6), 0.14  # share of the wide differences of brightness that is taken away (or added); their width
BLUR_PX, SHARPENING = (0.3, 1.5), (0.3, 2.0)
NOISE = (0.002, 0.12)  # standard deviation, drawn by its logarithm
OPENING = (0.6, 1.0)  # of a collimator, in parts of half the side


def as_another_detector(gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Gray values (rows, columns) float32 of another system; those taken are of any scale."""
    low, high = np.quantile(gray, [0.01, rng.uniform(*WHITE)])
    values = np.clip((gray - low) / max(high - low, 1e-6), 0, 1)
    values = values - rng.uniform(*FLATTENING) * (_wide(values) - values.mean())
    values = np.clip(values, 0, 1) ** np.exp(rng.uniform(*np.log(GAMMA)))
    rows, columns = (np.linspace(-1, 1, n) for n in gray.shape)
    slope = rng.uniform(-SHADING, SHADING, 2)
    values = values + slope[0] * rows[:, None] + slope[1] * columns
    kind = rng.random()
    if kind < 0.35:
        values = ndimage.gaussian_filter(values, rng.uniform(*BLUR_PX))
    elif kind < 0.7:
        values = values + rng.uniform(*SHARPENING) * (values - ndimage.gaussian_filter(values, rng.uniform(1.0, 3.0)))
    return (values + np.exp(rng.uniform(*np.log(NOISE))) * _noise(values, rng)).astype(np.float32)


def random_opening(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """(rows, columns) bool, what a collimator leaves free: round, or between blades."""
    rows, columns = (np.linspace(-1, 1, n) for n in shape)
    if rng.random() < 0.5:
        return np.hypot(rows[:, None], columns) < rng.uniform(*OPENING) + 0.05
    up, down, left, right = rng.uniform(*OPENING, 4)
    return ((rows > -up) & (rows < down))[:, None] & (columns > -left) & (columns < right)


def _wide(values: np.ndarray) -> np.ndarray:
    return ndimage.gaussian_filter(values, WIDE * max(values.shape), mode="nearest", truncate=2.0)


def _noise(values: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of unit strength where the frame is half bright; of quanta in half of the frames, fine or coarse."""
    noise = rng.standard_normal(values.shape)
    if rng.random() < 0.5:
        width = rng.uniform(0.5, 1.0)
        noise = ndimage.gaussian_filter(noise, width)
        noise = noise / noise.std()
    return noise * np.sqrt(2 * np.clip(values, 0.02, 1)) if rng.random() < 0.5 else noise
