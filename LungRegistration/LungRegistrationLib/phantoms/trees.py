"""Vessel and airway trees of the phantom: grown from the hilum to points that fill each lobe, generation by generation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MURRAY_EXPONENT = 2.8  # radius^2.8 is conserved at branchings (Murray 1926: 3; measured in lungs: 2.7 to 3)


@dataclass(frozen=True)
class Tree:
    """Branches as smooth centerlines. All lengths in mm."""

    start: np.ndarray  # (branches, 3)
    bend: np.ndarray  # (branches, 3) point halfway that the branch passes
    end: np.ndarray  # (branches, 3)
    start_radius: np.ndarray  # (branches,)
    end_radius: np.ndarray
    parent: np.ndarray  # (branches,) index of the branch before; -1 at the root

    def segments(self, pieces: int = 3) -> tuple[np.ndarray, np.ndarray]:
        """Centerline points (branches, pieces + 1, 3) and radii (branches, pieces + 1) along each branch."""
        t = np.linspace(0, 1, pieces + 1)[None, :, None]
        control = 2.0 * self.bend - 0.5 * (self.start + self.end)
        start, control, end = self.start[:, None], control[:, None], self.end[:, None]
        points = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
        radii = self.start_radius[:, None] + (self.end_radius - self.start_radius)[:, None] * t[..., 0]
        return points, radii

    def landmarks(self) -> tuple[np.ndarray, np.ndarray]:
        """Points (N, 3) where branches divide or are halfway, and the radius there (N,)."""
        divides = np.zeros(len(self.parent), bool)
        divides[self.parent[self.parent >= 0]] = True
        points, radii = self.segments(2)
        return np.concatenate([points[:, 1], points[divides, 2]]), np.concatenate([radii[:, 1], radii[divides, 2]])


def fill(lower: np.ndarray, upper: np.ndarray, spacing_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Points (N, 3) that fill a box evenly but irregularly."""
    axes = [np.arange(a, b, spacing_mm) for a, b in zip(lower, upper, strict=True)]
    lattice = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return lattice + rng.uniform(-0.45, 0.45, lattice.shape) * spacing_mm


def grow(tips: np.ndarray, lobe: np.ndarray, roots: dict[int, np.ndarray], tip_radius: float, rng: np.random.Generator) -> Tree:
    """Grow one tree per lobe from its root to all of the lobe's tips.

    The tips of a branch are divided in two along their longest extent; each half gets a branch that goes part of the way to its
    middle (after Kitaoka et al., J Appl Physiol 1999, where a branch divides the space that it supplies); a single tip ends it.

    Args:
        tips: (N, 3) end points. lobe: (N,) label of each. roots: start point of each label. tip_radius: radius at the tips.
    """
    labels, group = np.unique(lobe, return_inverse=True)
    position = np.array([roots[int(label)] for label in labels])
    branch_of_group = np.full(len(labels), -1)
    starts, ends, parents = [], [], []
    made = 0
    tip_index = np.arange(len(tips))
    while len(tip_index):
        points = tips[tip_index]
        count = np.bincount(group, minlength=len(position))
        half = 2 * group + (_along_longest_extent(points, group, count) > 0)
        occupied, child = np.unique(half, return_inverse=True)
        size = np.bincount(child)
        middle = np.stack([np.bincount(child, points[:, i]) for i in range(3)], axis=1) / size[:, None]
        origin = position[occupied // 2]
        reach = np.where(size > 1, rng.uniform(0.22, 0.42, len(size)), 1.0)[:, None]
        target = origin + reach * (middle - origin)
        starts.append(origin)
        ends.append(target)
        parents.append(branch_of_group[occupied // 2])
        going_on = size > 1
        branch_of_group = made + np.flatnonzero(going_on)
        made += len(size)
        position = target[going_on]
        renumber = np.cumsum(going_on) - 1
        keep = going_on[child]
        tip_index, group = tip_index[keep], renumber[child[keep]]
    return _with_radii(np.concatenate(starts), np.concatenate(ends), np.concatenate(parents), tip_radius, rng)


def _along_longest_extent(points: np.ndarray, group: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Coordinate of each point from the middle of its group along the group's principal axis."""
    middle = np.stack([np.bincount(group, points[:, i], len(count)) for i in range(3)], axis=1) / count[:, None]
    centerd = points - middle[group]
    spread = np.empty((len(count), 3, 3))
    for i in range(3):
        for j in range(3):
            spread[:, i, j] = np.bincount(group, centerd[:, i] * centerd[:, j], len(count))
    return np.einsum("ij,ij->i", centerd, np.linalg.eigh(spread)[1][:, :, 2][group])


def _with_radii(start: np.ndarray, end: np.ndarray, parent: np.ndarray, tip_radius: float, rng: np.random.Generator) -> Tree:
    power = np.zeros(len(start))
    is_tip = np.ones(len(start), bool)
    is_tip[parent[parent >= 0]] = False
    power[is_tip] = (tip_radius * rng.uniform(0.8, 1.2, is_tip.sum())) ** MURRAY_EXPONENT
    for i in range(len(start) - 1, -1, -1):  # children come after their parent
        if parent[i] >= 0:
            power[parent[i]] += power[i]
    radius = power ** (1 / MURRAY_EXPONENT)
    before = np.where(parent >= 0, radius[parent], radius)
    along = end - start
    length = np.linalg.norm(along, axis=1, keepdims=True)
    sideways = np.cross(along, rng.normal(size=along.shape))
    sideways *= 0.08 * length / np.maximum(np.linalg.norm(sideways, axis=1, keepdims=True), 1e-9)
    return Tree(start, (start + end) / 2 + sideways, end, np.minimum(before, 1.3 * radius), radius, parent)
