"""Vessels as branches of a tree: centerline, radius, and the way that blood takes from the valve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

STEP_MM = 1.0


@dataclass(frozen=True)
class Branch:
    """One vessel. Points are about `STEP_MM` apart.

    Attributes:
        name: of the vessel.
        points_mm: (N, 3) LPS. radius_mm: (N,).
        path_mm: (N,) way from the aortic annulus.
        parent: index of the branch that it leaves, -1 for the aorta.
    """

    name: str
    points_mm: np.ndarray
    radius_mm: np.ndarray
    path_mm: np.ndarray
    parent: int = -1

    def tangent(self, index: int) -> np.ndarray:
        """(3,) unit vector along the flow."""
        low, high = max(index - 2, 0), min(index + 2, len(self.points_mm) - 1)
        step = self.points_mm[high] - self.points_mm[low]
        return step / np.linalg.norm(step)


def smooth_line(control_mm: np.ndarray, step_mm: float = STEP_MM) -> np.ndarray:
    """(N, 3) points of equal distance on a cubic spline through (M, 3) control points."""
    control = np.asarray(control_mm, dtype=float)
    at = np.r_[0, np.cumsum(np.linalg.norm(np.diff(control, axis=0), axis=1))]
    spline = CubicSpline(at, control)
    fine = spline(np.linspace(0, at[-1], max(int(4 * at[-1] / step_mm), 8)))
    way = np.r_[0, np.cumsum(np.linalg.norm(np.diff(fine, axis=0), axis=1))]
    wanted = np.linspace(0, way[-1], max(int(round(way[-1] / step_mm)) + 1, 2))
    return np.column_stack([np.interp(wanted, way, fine[:, axis]) for axis in range(3)])


def branch(
    name: str, control_mm: np.ndarray, shares: list[float], diameters_mm: list[float], start_mm: float = 0.0, parent: int = -1
) -> Branch:
    """A branch through control points; its diameter is given at shares (0..1) of its length and is interpolated smoothly.

    Args:
        start_mm: way from the annulus to its first point.
    """
    points = smooth_line(control_mm)
    way = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    radius = np.interp(way / way[-1], shares, np.asarray(diameters_mm) / 2)
    width = min(12, len(radius) // 4)
    if width > 1:
        padded = np.pad(radius, width, mode="edge")
        radius = np.convolve(padded, np.ones(2 * width + 1) / (2 * width + 1), mode="valid")
    return Branch(name, points, radius, start_mm + way, parent)


def nearest_index(points_mm: np.ndarray, point_mm: np.ndarray) -> int:
    """Index of the point that is nearest to another."""
    return int(np.argmin(np.linalg.norm(points_mm - np.asarray(point_mm), axis=1)))


def flow_distances(branches: list[Branch], injection: tuple[int, float]) -> list[tuple[float, np.ndarray]]:
    """For each branch, how contrast comes there from where it is injected.

    Args:
        injection: index of a branch, and the way from the annulus in it.

    Returns:
        (way against the flow, (N,) way with the flow behind it; negative where it only comes against the flow), in mm.
    """
    line = [injection[0]]
    while branches[line[-1]].parent >= 0:
        line.append(branches[line[-1]].parent)
    found = []
    for index, one in enumerate(branches):
        up, leaves = index, np.inf
        while up not in line:
            up, leaves = branches[up].parent, branches[up].path_mm[0]
        entered = injection[1] if up == injection[0] else branches[line[line.index(up) - 1]].path_mm[0]
        at = min(injection[1], entered, leaves)
        found.append((injection[1] - at, one.path_mm - at))
    return found
