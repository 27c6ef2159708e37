"""A user's points on B-scans, spread over the surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

from CorrespondCoreLib.errors import InputError

FADES_WITHIN = 1 / 8  # of the scan


def add_points(
    depth: np.ndarray, confidence: np.ndarray, points: Mapping[int, Sequence[tuple[float, float]]]
) -> tuple[np.ndarray, np.ndarray]:
    """Depth and confidence (B-scans, A-scans) with points; see `bruch.corrected`."""
    drawn = {int(b): sorted((float(x), float(y)) for x, y in given) for b, given in points.items() if len(given)}
    if not drawn:
        return depth.copy(), confidence.copy()
    _check(drawn, depth.shape)
    bscans, ascans = depth.shape
    confidence = confidence.copy()
    every = np.arange(ascans)
    curves = []
    for b in sorted(drawn):
        x, y = np.array(drawn[b]).T
        curves.append(_fading(x, y - np.interp(x, every, depth[b]), every, ascans * FADES_WITHIN))
        confidence[b, int(np.ceil(x[0])) : int(np.floor(x[-1])) + 1] = 1.0
    change = _fading(np.array(sorted(drawn), float), np.stack(curves), np.arange(bscans), max(bscans * FADES_WITHIN, 1.0))
    return np.asarray(depth + change, np.float32), np.asarray(confidence, np.float32)


def _fading(at: np.ndarray, values: np.ndarray, where: np.ndarray, within: float) -> np.ndarray:
    """Values (points, ...) at increasing places, interpolated, and 0 from `within` beyond the ends on."""
    zeros = np.zeros_like(values, shape=(2, *values.shape[1:]))  # two on each side, so that it ends without a slope
    places = np.concatenate([at[0] - within * np.array([2, 1]), at, at[-1] + within * np.array([1, 2])])
    return PchipInterpolator(places, np.concatenate([zeros, values, zeros]))(np.clip(where, places[0], places[-1]))


def _check(drawn: Mapping[int, Sequence[tuple[float, float]]], shape: tuple[int, ...]) -> None:
    for b, points in drawn.items():
        x, y = np.array(points).T
        inside = 0 <= b < shape[0] and np.isfinite(y).all() and (x >= 0).all() and (x <= shape[1] - 1).all()
        if not inside:
            raise InputError(
                f"A point of Bruch's membrane on B-scan {b} lies outside of the scan ({shape[0]} B-scans, {shape[1]} A-scans)."
            )
        if (np.diff(x) <= 0).any():
            raise InputError(f"Two points of Bruch's membrane on B-scan {b} lie at one A-scan. Remove one of them.")
