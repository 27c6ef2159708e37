"""The aortic root: three sinuses on an elliptic annulus, with their nadirs and the coronary ostia."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .families import Family, draw

CUSPS = ("L", "R", "N")
CUSP_DEG = {"R": -80.0, "L": 40.0, "N": 160.0}
"""Where the sinuses lie around the annulus: 0 is the patient's left, 90 posterior, seen with the head up."""


@dataclass(frozen=True)
class Sinus:
    """An ellipsoid that bulges from the root; its lowest point is the nadir of the cusp.

    Attributes:
        center_mm: (3,) LPS. axes: (3, 3) unit vectors as rows: outwards, around, along the valve's normal. half_mm: (3,).
    """

    center_mm: np.ndarray
    axes: np.ndarray
    half_mm: np.ndarray

    def distance_mm(self, points_mm: np.ndarray) -> np.ndarray:
        """Approximate signed distance of (..., 3) points, negative inside: first order in the distance."""
        local = (points_mm - self.center_mm) @ self.axes.T
        scaled = np.linalg.norm(local / self.half_mm, axis=-1)
        slope = np.linalg.norm(local / self.half_mm**2, axis=-1)
        return scaled * (scaled - 1) / np.maximum(slope, 1e-6)

    @property
    def nadir_mm(self) -> np.ndarray:
        """(3,) LPS."""
        return self.center_mm - self.half_mm[2] * self.axes[2]


@dataclass(frozen=True)
class Root:
    """Sinuses by cusp, the valve's normal (towards the ascending aorta), and the axes of the annulus's plane as rows."""

    sinuses: dict[str, Sinus]
    normal: np.ndarray
    plane: np.ndarray
    annulus_mm: tuple[float, float]
    height_mm: float

    def at(self, angle_deg: float, height_mm: float, radius_mm: float) -> np.ndarray:
        """(3,) LPS of a place in the root, in cylinder coordinates about the valve's normal."""
        a = np.deg2rad(angle_deg)
        return radius_mm * (np.cos(a) * self.plane[0] + np.sin(a) * self.plane[1]) + height_mm * self.normal


def random_root(rng: np.random.Generator, family: Family) -> Root:
    """A root whose annulus lies at the origin."""
    normal = np.array([draw(rng, family.root_tilt[0]), draw(rng, family.root_tilt[1]), 1.0])
    normal /= np.linalg.norm(normal)
    left = np.array([1.0, 0, 0]) - normal[0] * normal
    left /= np.linalg.norm(left)
    plane = np.stack([left, np.cross(normal, left)])
    mean, ratio = draw(rng, family.annulus_mm) / 2, draw(rng, family.annulus_ratio)
    long, short = mean * np.sqrt(1 / ratio), mean * np.sqrt(ratio)
    turn, fused = rng.uniform(-12, 12), draw(rng, family.fused)
    height = rng.uniform(18, 23)
    root = Root({}, normal, plane, (2 * long, 2 * short), height)
    for cusp in CUSPS:
        angle = CUSP_DEG[cusp] + turn + {"L": -fused, "R": fused, "N": 0.0}[cusp]
        across = np.deg2rad(angle - 60)
        radius = long * short / np.hypot(short * np.cos(across), long * np.sin(across))
        outward = root.at(angle, 0, 1)
        half = np.array([rng.uniform(4.5, 6.0), mean * rng.uniform(0.66, 0.8), height * rng.uniform(0.46, 0.54)])
        if cusp == "N":
            half[1] *= 1 + fused / 120
        axes = np.stack([outward, np.cross(normal, outward), normal])
        root.sinuses[cusp] = Sinus(root.at(angle, half[2] + rng.uniform(-0.7, 0.7), radius), axes, half)
    return root
