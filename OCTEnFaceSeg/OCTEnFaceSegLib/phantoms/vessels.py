"""Retinal vessels: they throw shadows on all that lies below them, and are dark on SLO and FAF."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from .plane import EXTENT_MM, PITCH_MM, PIXELS
from .surfaces import Anatomy

ARCADES, BRANCHES = 4, 16


def vessel_map(rng: np.random.Generator, anatomy: Anatomy) -> np.ndarray:
    """Share of the light (0..1) that vessels take, on the plane. Arcades bend around the fovea, branches run towards it."""
    taken = np.zeros((PIXELS, PIXELS), np.float32)
    fx, fz = anatomy.fovea_mm
    for index in range(ARCADES):
        side = 1 if index % 2 else -1
        reach = rng.uniform(2.0, 3.3)
        along = np.linspace(3.9, -3.9, 400)
        bend = reach * (1 - (np.maximum(along, 0) / 4.6) ** 2) + 0.12 * _wander(rng, 400)
        _draw(taken, fx + anatomy.nasal * along, fz + side * bend, rng.uniform(0.03, 0.06), rng.uniform(0.5, 0.8))
    for _ in range(BRANCHES):
        angle = rng.uniform(0, 2 * np.pi)
        distance = np.linspace(3.6, rng.uniform(0.5, 1.6), 300)
        turn = angle + 0.10 * _wander(rng, 300) + rng.uniform(-0.5, 0.5) * (3.6 - distance) / 3
        _draw(
            taken, fx + distance * np.cos(turn), fz + distance * np.sin(turn), rng.uniform(0.008, 0.028), rng.uniform(0.3, 0.65)
        )
    return taken


def _wander(rng: np.random.Generator, count: int) -> np.ndarray:
    walk = ndimage.gaussian_filter1d(rng.standard_normal(count), 25.0)
    return walk / walk.std()


def _draw(taken: np.ndarray, x_mm: np.ndarray, z_mm: np.ndarray, radius_mm: float, strength: float) -> None:
    """Draw a line of the given half width into the map, with an edge as soft as a pixel."""
    column, row = ((p + EXTENT_MM / 2) / PITCH_MM - 0.5 for p in (x_mm, z_mm))
    inside = (column > 0) & (column < PIXELS - 1) & (row > 0) & (row < PIXELS - 1)
    if not inside.any():
        return
    rows, columns = np.round(row[inside]).astype(int), np.round(column[inside]).astype(int)
    margin = int(radius_mm / PITCH_MM) + 3
    window = (
        slice(max(rows.min() - margin, 0), rows.max() + margin + 1),
        slice(max(columns.min() - margin, 0), columns.max() + margin + 1),
    )
    free = np.ones(taken[window].shape, bool)
    free[rows - window[0].start, columns - window[1].start] = False
    distance = ndimage.distance_transform_edt(free) * PITCH_MM
    share = strength * np.clip(0.5 + (radius_mm - distance) / (2 * PITCH_MM), 0, 1)
    np.maximum(taken[window], share, out=taken[window])
