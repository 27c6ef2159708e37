"""Changes of a frame that keep what it shows: place, size, turn, mirror, detector's gray scale, blur, edges, noise, shading."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .frames import Frame

TURN_DEG, ZOOM, SHIFT = 20.0, (0.8, 1.25), 0.1  # shift in parts of the side
GAMMA, SHADING, NOISE = (0.6, 1.6), 0.25, (0.0, 0.05)  # of gray values taken to 0..1
BLUR_PX, SHARPENING = (0.3, 1.2), (0.3, 1.5)


def augmented(frame: Frame, rng: np.random.Generator) -> Frame:
    """Another frame of the same vessel.

    Args:
        rng: all that is random.
    """
    gray, mask = frame.gray, frame.mask
    matrix, offset = random_affine(gray.shape, rng, TURN_DEG, ZOOM, SHIFT)
    gray = ndimage.affine_transform(gray, matrix, offset, order=1, mode="nearest")
    mask = ndimage.affine_transform(mask.astype(np.float32), matrix, offset, order=1) >= 0.5
    if rng.random() < 0.5:
        gray, mask = gray[:, ::-1], mask[:, ::-1]
    return Frame(_as_another_detector(gray, rng), np.ascontiguousarray(mask))


def random_affine(
    shape: tuple[int, ...], rng: np.random.Generator, turn_deg: float, zoom: tuple[float, float], shift: float
) -> tuple[np.ndarray, np.ndarray]:
    """Matrix (2, 2) and offset (2,) in pixels (row, column), output to input, about the middle of a picture."""
    angle = np.deg2rad(rng.uniform(-turn_deg, turn_deg))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn * np.exp(rng.uniform(*np.log(zoom)))
    middle = (np.array(shape) - 1) / 2
    return matrix, middle - matrix @ middle + rng.uniform(-shift, shift, 2) * max(shape)


def _as_another_detector(gray: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    low, high = np.percentile(gray, [1, 99])
    values = np.clip((gray - low) / max(high - low, 1e-6), 0, 1) ** rng.uniform(*GAMMA)
    rows, columns = (np.linspace(-1, 1, n) for n in gray.shape)
    slope = rng.uniform(-SHADING, SHADING, 2)
    values = values + slope[0] * rows[:, None] + slope[1] * columns
    kind = rng.random()
    if kind < 0.3:
        values = ndimage.gaussian_filter(values, rng.uniform(*BLUR_PX))
    elif kind < 0.6:
        values = values + rng.uniform(*SHARPENING) * (values - ndimage.gaussian_filter(values, rng.uniform(1.0, 3.0)))
    noise = rng.standard_normal(gray.shape)
    if rng.random() < 0.5:
        noise = 2.0 * ndimage.gaussian_filter(noise, 0.7)
    return (values + rng.uniform(*NOISE) * noise).astype(np.float32)
