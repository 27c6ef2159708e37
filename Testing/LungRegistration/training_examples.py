"""A training that takes seconds: two levels of a narrow network, on three coarse phantoms."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.training import pairs, random_phantoms
from LungRegistrationLib.training.config import TrainingConfig
from LungRegistrationLib.training.pairs import TrainingPair

DATA = {
    "needs": "Phantom pairs.",
    "pairs": 3,
    "validation_pairs": 1,
    "voxel_mm": [9, 11],
    "slice_mm": [9, 11],
    "keypoints": 50,
    "keep_in_memory": True,
}
VIRNET: dict[str, Any] = {
    "title": "Narrow network, 2 levels",
    "network": {"name": "virnet", "levels": 2, "channels": [2, 2, 4, 4]},
    "objective": {"name": "anatomical"},
    "data": DATA,
    "size": [32, 32, 32],
    "prealignment": "translation",  # leaves more to learn in few steps
    "steps": [10, 4],
    "learning_rate": 3e-3,
    "validate_every": 0,
    "checkpoint_every": 2,
}
VOXELMORPH: dict[str, Any] = {
    **VIRNET,
    "title": "Narrow VoxelMorph",
    "network": {"name": "voxelmorph", "encoder": [4, 4, 4, 4], "decoder": [4, 4, 4, 4], "last": [4, 4]},
    "objective": {"name": "correlation", "window": 5},
    "window_hu": [-1000, -100],
    "steps": [24],
    "learning_rate": 1e-2,
}
RRN: dict[str, Any] = {
    **VOXELMORPH,
    "title": "Narrow RRN",
    "network": {
        "name": "rrn",
        "pyramid_channels": [2, 2, 2, 2],
        "estimator_channels": [2, 2, 2, 2, 2],
        "refiner_channels": [2, 2, 2, 2, 2, 2],
    },
    "size": [32, 32, 48],
    "steps": [2],
}


def config(values: dict[str, Any] = VIRNET, **changes: Any) -> TrainingConfig:
    return replace(TrainingConfig.from_json(values), **changes)


def blank_pair(shape: tuple[int, int, int] = (8, 9, 10)) -> TrainingPair:
    """Two equal lungs (the inner voxels), 2 mm apart along x by the linear part, with one landmark pair 5 mm apart along x."""
    lattice = Lattice((1.0, 2.0, 3.0), (2.0, 1.5, 3.0), shape[::-1])
    labels = np.zeros(shape, np.int16)
    labels[2:-2, 2:-2, 2:-2] = 1
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    points = np.array([[9.0, 8.0, 12.0]])
    landmarks = (points, points + [5.0, 0.0, 0.0])
    offset = np.array([2.0, 0.0, 0.0])
    return TrainingPair(lattice, np.eye(3), offset, image, image, labels, labels, 1, None, landmarks)


_remembered = lru_cache(maxsize=None)(random_phantoms.random_phantom)


@pytest.fixture(autouse=True)
def phantoms_made_once(monkeypatch):
    """Tests that import this share their phantoms: a seed gives the same pair each time."""
    monkeypatch.setattr(pairs, "random_phantom", _remembered)
