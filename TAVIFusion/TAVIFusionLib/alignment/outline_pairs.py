"""Which piece of the model's outline belongs to which piece of the mask's, both ways, and how far apart they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..carm import CArm
from ..pose import Pose
from .degrees import point_moves
from .rim import RimView
from .views import MaskOutline, View, plane_mm, plane_motion

_SAME_SIDE = 0.3
_NO_CONTRAST_MM = 8.0
_HIDDEN_MM = 1.5


@dataclass
class Pairs:
    """Pairs of one view.

    Attributes:
        model_mm: (K, 3) points of the rim, in the model's frame.
        targets_mm: (K, 2) where they should be seen, mm at the isocenter.
        normals: (K, 2) unit; only the distance along them counts, for outlines slide along themselves.
        weights: (K,) mm of outline, less where the two are far apart.
    """

    model_mm: np.ndarray
    targets_mm: np.ndarray
    normals: np.ndarray
    weights: np.ndarray

    def residuals(self, pose: Pose, carm: CArm, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances (K,) in mm at the isocenter along the normals, and their derivatives (K, 6) by a step of `degrees.SIX`.

        Args:
            axes: (3, 3) along and about which the steps go, LPS rows.
        """
        placed = pose.apply(self.model_mm)
        distance = np.sum((self.targets_mm - plane_mm(carm.project(placed), carm)) * self.normals, axis=1)
        return distance, -plane_motion(placed, point_moves(placed, pose, axes), self.normals, carm)


@dataclass
class Agreement:
    """How well a pose explains a mask.

    Attributes:
        cost_mm: mean capped distance of both outlines, the smaller the better.
        residual_mm: median distance of the mask's outline to the model's.
        matched: part of the mask's outline that lies near the model's outline.
        covered: part of the model's outline that lies where contrast is.
    """

    cost_mm: float
    residual_mm: float
    matched: float
    covered: float


class OutlineMatcher:
    """One view made ready to be matched with the rim at any pose.

    Args:
        normal_mm: length that a difference of 1 between outward normals weighs in the search for the nearest piece.

    Raises:
        InputError: see `View.check` and `MaskOutline.of`.
    """

    def __init__(self, view: View, normal_mm: float):
        view.check()
        self.carm, self.outline, self._normal_mm = view.carm, MaskOutline.of(view), normal_mm
        self._features = self._features_of(self.outline.points_mm, self.outline.normals)
        self._tree = cKDTree(self._features)

    def pairs(self, seen: RimView, reach_mm: float) -> Pairs:
        """Mask to model and model to mask; pairs farther apart than the reach, or facing apart, weigh nothing.

        Contrast may fill only part of the tree: the model's outline where no contrast is has no pair within reach, and a piece of
        the mask's outline may be that of a vessel that lies in front of or behind one that is not filled.
        """
        mask, outline = self.outline, seen.outline()
        near = self._nearest_of_rim(seen)
        to_model = (seen.model_mm[near], mask.points_mm, mask.normals, seen.points_mm[near], seen.normals[near])
        back = self._nearest_of_mask(outline)
        to_mask = (outline.model_mm, mask.points_mm[back], mask.normals[back], outline.points_mm, outline.normals)
        lengths = np.full(len(near), mask.step_mm), self._lengths_inside(outline)
        parts = [_paired(*part, length, reach_mm) for part, length in zip((to_model, to_mask), lengths, strict=True)]
        return Pairs(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def agreement(self, seen: RimView, cap_mm: float) -> Agreement:
        """How well the rim at a pose explains the mask."""
        mask, outline = self.outline, seen.outline()
        if len(outline.points_mm) == 0:
            return Agreement(2 * cap_mm, np.inf, 0.0, 0.0)
        near = self._nearest_of_rim(seen)
        mask_mm = _distance(mask.points_mm, mask.normals, seen.points_mm[near], seen.normals[near], seen.lengths_mm[near], cap_mm)
        back = self._nearest_of_mask(outline)
        there = mask.points_mm[back], mask.normals[back]
        rim_mm = _distance(outline.points_mm, outline.normals, *there, outline.lengths_mm, cap_mm)
        counts = self._lengths_inside(outline)
        contrast = counts * (mask.edge_distance(outline.points_mm, self.carm) < _NO_CONTRAST_MM)
        total = contrast.sum()
        back_mm = float(np.sum(rim_mm * contrast) / total) if total > 0 else cap_mm
        return Agreement(
            float(mask_mm.mean()) + back_mm,
            float(np.median(mask_mm)),
            float(np.mean(mask_mm < cap_mm / 2)),
            float(total / counts.sum()) if counts.sum() > 0 else 0.0,
        )

    def _nearest_of_rim(self, seen: RimView) -> np.ndarray:
        """(N,) pieces of the rim; those on the outline come first where others are not nearer by some millimeters."""
        features = self._features_of(seen.points_mm, seen.normals, np.where(seen.free, 0.0, _HIDDEN_MM))
        return cKDTree(features).query(self._features)[1]

    def _nearest_of_mask(self, outline: RimView) -> np.ndarray:
        return self._tree.query(self._features_of(outline.points_mm, outline.normals))[1]

    def _features_of(self, points_mm: np.ndarray, normals: np.ndarray, hidden_mm: np.ndarray | float = 0.0) -> np.ndarray:
        return np.column_stack([points_mm, self._normal_mm * normals, np.broadcast_to(hidden_mm, len(points_mm))])

    def _lengths_inside(self, seen: RimView) -> np.ndarray:
        """(N,) mm, 0 for pieces beyond the frame."""
        half = np.asarray(self.carm.isocenter_pixel_mm) * (np.asarray(self.carm.size) / 2 - 4)
        return np.where((np.abs(seen.points_mm) < half).all(axis=1), seen.lengths_mm, 0.0)


def _paired(model_mm, targets_mm, target_normals, seen_mm, seen_normals, lengths_mm, reach_mm):
    """Columns of `Pairs`; Tukey's biweight of the distance, nothing where the outlines face apart."""
    along = target_normals + seen_normals
    sizes = np.linalg.norm(along, axis=1, keepdims=True)
    facing = np.sum(target_normals * seen_normals, axis=1) > _SAME_SIDE
    distance = np.linalg.norm(targets_mm - seen_mm, axis=1) / reach_mm
    weights = np.where(facing & (distance < 1), (1 - np.minimum(distance, 1) ** 2) ** 2, 0.0) * lengths_mm
    used = weights > 0
    return model_mm[used], targets_mm[used], (along / np.maximum(sizes, 1e-9))[used], weights[used]


def _distance(points_mm, normals, others_mm, other_normals, lengths_mm, cap_mm: float) -> np.ndarray:
    """(N,) mm to the paired pieces, one of which has a length; the cap where they face apart or are farther."""
    offsets = points_mm - others_mm
    across = np.sum(offsets * other_normals, axis=1)
    along = np.maximum(np.abs(offsets[:, 0] * other_normals[:, 1] - offsets[:, 1] * other_normals[:, 0]) - lengths_mm / 2, 0)
    facing = np.sum(normals * other_normals, axis=1) > _SAME_SIDE
    return np.where(facing, np.minimum(np.hypot(across, along), cap_mm), cap_mm)
