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

    names = ("fixed", "moving", "fixed_labels", "moving_labels")
    arrays = {name: np.ascontiguousarray(getattr(pair, name)[:, :, ::-1]) for name in names}
    return replace(
        pair,
        matrix=matrix,
        offset=mirror @ pair.offset + shift - matrix @ shift,
        keypoints=turned(pair.keypoints),
        landmarks=turned(pair.landmarks),
        **arrays,
    )
