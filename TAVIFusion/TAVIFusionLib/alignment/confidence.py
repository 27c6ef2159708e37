"""Which directions of a pose the views tell, and how surely, from the normal matrix of the fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .degrees import SIX
from .settings import FitSettings

SLIDING = "sliding along the vessel"
_UNSEEN = 1e6


@dataclass(frozen=True)
class Direction:
    """One direction of a pose.

    Attributes:
        name: of `degrees.SIX`, or `SLIDING`: the shift that is told worst of those that are fitted.
        sigma: one standard deviation in mm or degrees, inf where nothing tells it.
        unit: "mm" or "degrees".
        fitted: the fit changes it; else it is as the angles and the start have it.
        certain: fitted, and known well enough to be drawn without a caveat.
        axis: (3,) LPS unit vector, along or about which.
    """

    name: str
    sigma: float
    unit: str
    fitted: bool
    certain: bool
    axis: tuple[float, float, float]


def directions_of(normal: np.ndarray, axes: np.ndarray, fitted: Sequence[int], settings: FitSettings) -> list[Direction]:
    """Confidence of the six directions and of sliding.

    A direction's sigma is that of the fit with the fitted directions and this one free.

    Args:
        normal: (6, 6) normal matrix without any prior, in independent pieces of outline over their variance.
        axes: of the first view.
    """
    result = []
    for index, name in enumerate(SIX):
        free = sorted({*fitted, index})
        sigma = float(np.sqrt(_inverse(normal[np.ix_(free, free)])[free.index(index), free.index(index)]))
        unit, limit = ("mm", settings.certain_mm) if index < 3 else ("degrees", settings.certain_deg)
        axis = tuple(axes[index % 3].tolist())
        sigma = sigma if sigma < _UNSEEN**0.5 else np.inf
        result.append(Direction(name, sigma, unit, index in fitted, index in fitted and sigma <= limit, axis))
    return [*result, _sliding(normal, axes, fitted, settings)]


def _sliding(normal: np.ndarray, axes: np.ndarray, fitted: Sequence[int], settings: FitSettings) -> Direction:
    shifts = [index for index in fitted if index < 3]
    covariance = _inverse(normal[np.ix_(fitted, fitted)])[: len(shifts), : len(shifts)]
    values, vectors = np.linalg.eigh(covariance)
    sigma = float(np.sqrt(values[-1]))
    sigma = sigma if sigma < _UNSEEN**0.5 else np.inf
    axis = vectors[:, -1] @ axes[shifts]
    return Direction(SLIDING, sigma, "mm", True, sigma <= settings.certain_mm, tuple(axis.tolist()))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric matrix; what it does not tell gets a very large variance."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors / np.maximum(values, 1.0 / _UNSEEN)) @ vectors.T
