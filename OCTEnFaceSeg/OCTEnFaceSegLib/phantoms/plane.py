"""The en-face plane of the phantom eye: maps on a fixed grid in mm, so that an eye does not depend on how it is scanned."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

EXTENT_MM = 8.0
PIXELS = 400
PITCH_MM = EXTENT_MM / PIXELS


def plane_mm() -> tuple[np.ndarray, np.ndarray]:
    """x and z (mm from the middle of the plane) of the grid's points, both (PIXELS, PIXELS) float32, rows along z."""
    axis = ((np.arange(PIXELS) + 0.5) * PITCH_MM - EXTENT_MM / 2).astype(np.float32)
    return np.broadcast_to(axis[None, :], (PIXELS, PIXELS)), np.broadcast_to(axis[:, None], (PIXELS, PIXELS))


def random_field(rng: np.random.Generator, sigma_mm: float) -> np.ndarray:
    """Gaussian random field on the plane with mean 0 and standard deviation 1: white noise, blurred with `sigma_mm`."""
    spectrum = fft.rfft2(rng.standard_normal((PIXELS, PIXELS), dtype=np.float32))
    fz, fx = fft.fftfreq(PIXELS, PITCH_MM)[:, None], fft.rfftfreq(PIXELS, PITCH_MM)[None, :]
    spectrum *= np.exp(-2 * (np.pi * sigma_mm) ** 2 * (fx**2 + fz**2)).astype(np.float32)
    field = fft.irfft2(spectrum, s=(PIXELS, PIXELS))
    field -= field.mean()
    return np.asarray(field / field.std(), np.float32)


def blobs(rng: np.random.Generator, count: int, radius_mm: tuple[float, float], within_mm: float, edge_mm: float) -> np.ndarray:
    """Map of 0..1 with `count` round patches of random place and radius, whose edges are irregular and soft over `edge_mm`."""
    x, z = plane_mm()
    ripple = 0.12 * random_field(rng, 0.12)
    result = np.zeros((PIXELS, PIXELS), np.float32)
    for _ in range(count):
        cx, cz = rng.uniform(-within_mm, within_mm, 2)
        radius = rng.uniform(*radius_mm)
        distance = np.hypot(x - cx, (z - cz) * rng.uniform(0.75, 1.3)) - radius * (1 + ripple)
        np.maximum(result, soft_step(-distance, edge_mm), out=result)
    return result


def soft_step(value: np.ndarray, width: float) -> np.ndarray:
    """0 far below zero, 1 far above, logistic over `width`."""
    return np.asarray(0.5 + 0.5 * np.tanh(value * np.float32(0.5 / width)), np.float32)


def sample(field: np.ndarray, x_mm: np.ndarray, z_mm: np.ndarray) -> np.ndarray:
    """Maps (..., PIXELS, PIXELS) at points of the plane, by linear interpolation: float32, (..., the points' shape)."""
    at = np.stack([np.ravel((p + EXTENT_MM / 2) / PITCH_MM - 0.5) for p in (z_mm, x_mm)])
    at = np.clip(at, 0, PIXELS - 1.001)
    row, column = at.astype(np.int32)
    fz, fx = (at - (row, column)).astype(np.float32)
    flat = field.reshape(*field.shape[:-2], -1)
    corner = row * PIXELS + column
    top = flat[..., corner] * (1 - fx) + flat[..., corner + 1] * fx
    bottom = flat[..., corner + PIXELS] * (1 - fx) + flat[..., corner + PIXELS + 1] * fx
    return np.asarray(top * (1 - fz) + bottom * fz, np.float32).reshape(field.shape[:-2] + np.shape(x_mm))


def signed_distance_mm(inside: np.ndarray) -> np.ndarray:
    """Distance (mm) of each point of the plane to the edge of a region, negative inside; 1e3 where the region is empty."""
    if not inside.any():
        return np.full(inside.shape, 1e3, np.float32)
    away = ndimage.distance_transform_edt(~inside) - 0.5 * ~inside
    deep = ndimage.distance_transform_edt(inside) - 0.5 * inside
    return np.asarray(ndimage.gaussian_filter(PITCH_MM * (away - deep), 1.0), np.float32)


def area_mm2(distance_mm: np.ndarray) -> float:
    """Area of the region with a negative signed distance, with shares of pixels on the edge."""
    return float(np.clip(0.5 - distance_mm / PITCH_MM, 0, 1).sum() * PITCH_MM**2)
