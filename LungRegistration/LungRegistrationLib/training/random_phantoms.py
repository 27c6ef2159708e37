"""Phantom pairs for training: everything that may differ between patients and scanners is drawn at random, by one seed."""

from __future__ import annotations

import numpy as np

from ..phantom import FIELD_OF_VIEW_MM, Phantom, breathing_phantom
from .config import DataConfig

BLOCK = 10**9
HELD_OUT, VALIDATION, TRAINING = BLOCK, 2 * BLOCK, 3 * BLOCK  # first seeds; each kind has a block of its own
DOSES = ("standard", "low")


def training_seed(run_seed: int, index: int) -> int:
    """Seed of the pair at a place of the stream of a training; streams of different trainings share no pair."""
    return TRAINING + run_seed * BLOCK + index


def random_phantom(seed: int, data: DataConfig, landmarks: int = 300) -> Phantom:
    """A phantom pair, inspiration fixed; the same seed gives the same pair.

    Anatomy, noise and reconstruction kernels follow from the seed itself; drawn beside them, evenly within the bounds of `data`,
    are the motion, the dose of each scan, and the voxel size in plane and along z (the scans' grids differ between pairs).
    """
    rng = np.random.default_rng([seed, 3])
    motion_mm = rng.uniform(*data.motion_mm)
    doses = tuple(DOSES[k] for k in rng.integers(0, 2, 2))
    in_plane, slices = rng.uniform(*data.voxel_mm), rng.uniform(*data.slice_mm)
    spacing = np.array([in_plane, in_plane, slices])
    size = np.maximum(np.ceil(FIELD_OF_VIEW_MM / spacing), 32).astype(int).tolist()
    return breathing_phantom(size, spacing.tolist(), seed=seed, dose=doses, motion_mm=motion_mm, landmarks=landmarks)
