"""A pair mirrored left to right: a second, equally possible patient for the price of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .pairs import Points, TrainingPair


def mirrored(pair: TrainingPair) -> TrainingPair:
    """The pair in the mirror x -> 2 c - x (LPS mm), c the middle of its lattice; both scans are mirrored at the same plane.

    With the mirror S x + t, a linear part A x + b becomes S A S x + S b + t - S A S t.
    """
    mirror = np.diag([-1.0, 1.0, 1.0])
    shift = np.array([pair.lattice.lower_mm[0] + pair.lattice.upper_mm[0], 0.0, 0.0])
    matrix = mirror @ pair.matrix @ mirror

    def turned(points: Points | None) -> Points | None:
        return None if points is None else (points[0] @ mirror + shift, points[1] @ mirror + shift)

    return replace(
        pair,
        matrix=matrix,
        offset=mirror @ pair.offset + shift - matrix @ shift,
        fixed=_flipped(pair.fixed),
        moving=_flipped(pair.moving),
        fixed_labels=_flipped(pair.fixed_labels),
        moving_labels=_flipped(pair.moving_labels),
        keypoints=turned(pair.keypoints),
        landmarks=turned(pair.landmarks),
    )


def _flipped(volume: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(volume[:, :, ::-1])
