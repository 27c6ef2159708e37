"""Pairs to train the matching network on: the model as it projects, the vessel as a frame shows it, and the true map between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..carm import CArm
from ..paper_projection import parallel, project_parallel
from ..pose import Pose
from .cloud import line_integrals
from .cloud import moved as carried
from .edges import rough_edge
from .exposure import opacified
from .patient import Arteries, random_arteries
from .stream import LEAST_SHARE, TRIES, random_contrast, random_view

OFF_MM, OFF_DEG = 14.0, 4.0  # error of the model's place before the alignment: standard deviation in all, and about each axis
AROUND_MM = (5.0, 40.0)  # region of the projected model that is used, around what contrast shows
EDGE_MM, EDGE_LENGTH_MM = 1.0, 6.0  # error of segmented edges, and over which length it goes together
LEAST_LUMEN_MM = 1.5  # length of a ray in the lumen that a shadow shows
PITCH_MM, POINTS = 2.0, 3000  # of the lumen


@dataclass(frozen=True)
class MaskPair:
    """Two masks (rows, columns) bool.

    Attributes:
        moving: the model by parallel rays, within a region. fixed: what contrast shows.
        matrix: (2, 3) M, moving (column, row) to fixed, by least squares over the lumen in the region (paper, equation 4).
    """

    moving: np.ndarray
    fixed: np.ndarray
    matrix: np.ndarray


def model_pair(seed: int, size: int = 128, field_of_view: str = "upper", family: str = "train") -> MaskPair:
    """A pair by seed, of another patient, view and injection each.

    Args:
        family: of the patients, "train" or "held out".

    Raises:
        InputError: an unknown name.
    """
    rng = np.random.default_rng([seed, 9, field_of_view == "upper", family == "train"])
    arteries = random_arteries(int(rng.integers(2**31)), family, field_of_view, PITCH_MM)
    marks = arteries.anatomy.landmarks_mm
    pivot = marks["junction" if field_of_view == "upper" else "bifurcation"]
    carm, fixed = random_view(rng, arteries, size, field_of_view), np.zeros((size, size), bool)
    for _ in range(TRIES):
        carm = random_view(rng, arteries, size, field_of_view)
        contrast = opacified(random_contrast(rng, arteries, carm, field_of_view, Pose()))
        fixed = rough_edge(contrast, *_edge_px(carm), rng)
        if fixed.mean() >= LEAST_SHARE:
            break
    turn, shift = rng.normal(0, OFF_DEG, 3), rng.normal(0, OFF_MM / np.sqrt(3), 3)
    start = Pose(tuple(turn.tolist()), tuple(shift.tolist()), tuple(np.asarray(pivot, float).tolist()))
    inside = _region(fixed, float(rng.uniform(*AROUND_MM)) / carm.isocenter_pixel_mm[0])
    moving = rough_edge(_shadow(arteries, parallel(carm), start), *_edge_px(carm), rng) & inside
    return MaskPair(moving, fixed, _true_matrix(arteries, carm, start, inside, rng))


def _shadow(arteries: Arteries, carm: CArm, pose: Pose) -> np.ndarray:
    return line_integrals(carried(arteries.lumen, pose), carm) > LEAST_LUMEN_MM


def _edge_px(carm: CArm) -> tuple[float, float]:
    pixel = carm.isocenter_pixel_mm[0]
    return EDGE_MM / pixel, EDGE_LENGTH_MM / pixel / 2


def _region(mask: np.ndarray, around_px: float) -> np.ndarray:
    """The mask's box and around it; everything for an empty mask."""
    inside = np.ones_like(mask)
    for axis in (0, 1):
        found = np.flatnonzero(mask.any(axis=1 - axis))
        if len(found):
            place = np.arange(mask.shape[axis])
            kept = (place >= found[0] - around_px) & (place <= found[-1] + around_px)
            inside &= np.expand_dims(kept, 1 - axis)
    return inside


def _true_matrix(arteries: Arteries, carm: CArm, start: Pose, inside: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    points = arteries.lumen.points_mm[rng.integers(len(arteries.lumen.points_mm), size=POINTS)]
    moving, fixed = project_parallel(start.apply(points), carm), carm.project(points)
    column, row = np.rint(fixed).astype(int).T
    rows, columns = inside.shape
    seen = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    seen[seen] = inside[row[seen], column[seen]]
    known = np.column_stack([moving, np.ones(POINTS)])[seen]
    return np.linalg.lstsq(known, fixed[seen], rcond=None)[0].T
