"""Which eye a place of the training shows, and how it is changed there: by seed and place alone, so that it can be resumed."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.training.stream import sample_at

from .augmentation import augmented
from .eyes import Eye, EyeSource


class EyeStream:
    """Augmented eyes by place.

    Args:
        source: what is drawn from. crop: see `augmented`. seed: of the order and of the augmentation.
    """

    def __init__(self, source: EyeSource, crop: tuple[int, int], seed: int):
        self._source, self._crop, self._seed = source, crop, seed

    def __getitem__(self, place: int) -> Eye:
        number = sample_at(place, self._source.count, self._seed)
        return augmented(self._source[number], self._crop, np.random.default_rng([self._seed, 7, place]))
