"""Which eye a place of the training shows, and how it is changed there: by seed and place alone, so that it can be resumed."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.training.stream import sample_at

from .augmentation import augmented
from .eyes import Eye, EyeSource


class EyeStream:
    """Augmented eyes by place; prepared eyes stay in memory.

    Args:
        source: what is drawn from. crop: see `augmented`. seed: of the order and of the augmentation.
    """

    def __init__(self, source: EyeSource, crop: tuple[int, int], seed: int):
        self._source, self._crop, self._seed = source, crop, seed
        self._kept: dict[int, Eye] = {}

    def __getitem__(self, place: int) -> Eye:
        number = sample_at(place, self._source.count, self._seed)
        if number not in self._kept:
            self._kept[number] = self._source[number]
        return augmented(self._kept[number], self._crop, np.random.default_rng([self._seed, 7, place]))
