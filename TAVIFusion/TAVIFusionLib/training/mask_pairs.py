"""Pairs of masks for the matching network: the vessel as the model projects, and as a frame shows it, elsewhere and in part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..alignment.pictures import warped
from ..phantoms.edges import rough_edge
from ..phantoms.model_pairs import MaskPair, model_pair
from .cache import Arrays, cached
from .random_map import random_map

TURN_DEG, ZOOM, SHIFT = 15.0, (0.85, 1.18), 0.12  # of a whole picture; shift in parts of the side
STRETCH = 0.08  # cone beam and another angle change the shape a little more than a similarity
LITTLE = 0.3  # as much of these by which the moving mask of a pair is moved once more
EDGE_PX, SMOOTH_PX = 2.0, 3.0  # error of the segmented edge at most, and how smooth it is
HIDDEN = 0.3  # part of the frame beyond which no contrast was seen, at most


@dataclass(frozen=True)
class PhantomPairs:
    """One pair of model and vessel for each seed from `first_seed` on (see `phantoms.model_pairs`).

    Args:
        family: of the patients: "train" or "held out".
        cache: folder in which pairs are kept and looked for.
    """

    size: int
    field_of_view: str
    family: str
    first_seed: int
    count: int | None
    cache: str | None = None

    def __getitem__(self, index: int) -> MaskPair:
        seed = self.first_seed + index
        name = f"{self.field_of_view}-{self.family}-pair-{self.size}-{seed}"
        return MaskPair(**cached(self.cache, name, lambda: self._rendered(seed)))

    def _rendered(self, seed: int) -> Arrays:
        return vars(model_pair(seed, self.size, self.field_of_view, self.family))


def mask_pair(mask: np.ndarray, rng: np.random.Generator) -> MaskPair:
    """A pair of one mask, where nothing is known of a model.

    The moving one is the whole mask at a random place, the fixed one the mask with a rough edge and without what lies beyond a
    random line, as contrast that has not arrived.
    """
    matrix = _random_map(mask.shape, rng, 1.0)
    moving = warped(mask, np.linalg.inv(matrix)[:2]) >= 0.5
    return MaskPair(moving, _seen(mask, rng), matrix[:2])


def varied(pair: MaskPair, rng: np.random.Generator) -> MaskPair:
    """Both masks turned, zoomed, shifted and mirrored alike, and the moving one a little more."""
    both = _random_map(pair.fixed.shape, rng, 1.0)
    if rng.random() < 0.5:
        both = np.array([[-1.0, 0, pair.fixed.shape[1] - 1], [0, 1, 0], [0, 0, 1]]) @ both
    more = _random_map(pair.fixed.shape, rng, LITTLE)
    true = both @ np.vstack([pair.matrix, [0, 0, 1]]) @ np.linalg.inv(more @ both)
    return MaskPair(warped(pair.moving, (more @ both)[:2]) >= 0.5, warped(pair.fixed, both[:2]) >= 0.5, true[:2])


def _random_map(shape: tuple[int, ...], rng: np.random.Generator, share: float) -> np.ndarray:
    zoom = ZOOM[0] ** share, ZOOM[1] ** share
    return random_map(shape, rng, share * TURN_DEG, zoom, share * SHIFT, share * STRETCH)


def _seen(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if not mask.any():
        return mask
    rough = rough_edge(mask, EDGE_PX * rng.uniform(0, 1), SMOOTH_PX, rng)
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.indices(mask.shape)
    along = rows * np.sin(angle) + columns * np.cos(angle)
    limit = np.quantile(along[mask], rng.uniform(0, HIDDEN))
    return rough & (along >= limit)
