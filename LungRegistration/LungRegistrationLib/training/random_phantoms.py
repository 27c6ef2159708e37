"""Phantom pairs for training: everything that may differ between patients and scanners is drawn at random, by one seed."""

from __future__ import annotations

import numpy as np

from CorrespondCoreLib.progress import Progress

from ..phantom import FIELD_OF_VIEW_MM, Phantom, grid_over, scanned
from ..phantoms.posture import random_posture, repositioned
from ..phantoms.scan import Scanner
from ..phantoms.thorax import Thorax
from .config import DataConfig

BLOCK = 10**9
HELD_OUT, VALIDATION, TRAINING = BLOCK, 2 * BLOCK, 3 * BLOCK  # first seeds; each kind has a block of its own
SHARPENING = (0.1, 0.4)  # of the half of the scans that have a sharp kernel
CONTRAST_HU = (60.0, 300.0)  # that a contrast agent adds to blood


def training_seed(run_seed: int, index: int) -> int:
    """Seed of the pair at a place of the stream of a training; streams of different trainings share no pair."""
    return TRAINING + run_seed * BLOCK + index


def random_phantom(seed: int, data: DataConfig, landmarks: int = 300) -> Phantom:
    """A phantom pair, inspiration fixed; the same seed gives the same pair.

    Anatomy and disease follow from the seed itself; drawn beside them, evenly within the bounds of `data`, are the motion, size
    and posture of the body, whether there is disease at all, noise, kernel and contrast agent of each scan, and the voxel size in
    plane and along z (the scans' grids differ between pairs).
    """
    rng = np.random.default_rng([seed, 3])
    motion_mm = rng.uniform(*data.motion_mm)
    scanners = _scanner(rng, data), _scanner(rng, data)
    in_plane, slices = rng.uniform(*data.voxel_mm), rng.uniform(*data.slice_mm)
    is_ill = rng.random() < data.pathology
    posture = random_posture(rng, data.body_scale, data.tilt_deg)
    spacing = np.array([in_plane, in_plane, slices])
    grid = grid_over(np.maximum(np.ceil(FIELD_OF_VIEW_MM / spacing), 32).astype(int).tolist(), spacing.tolist())
    thorax = Thorax.random(seed, motion_mm, float(grid.spacing.prod() ** (1 / 3)), is_ill)
    pair = scanned(thorax, grid, False, scanners, landmarks, np.random.default_rng([seed, 1]), Progress())
    return repositioned(pair, *posture)


def _scanner(rng: np.random.Generator, data: DataConfig) -> Scanner:
    noise_hu, blur_mm = rng.uniform(*data.noise_hu), rng.uniform(*data.blur_mm)
    sharpening = rng.uniform(*SHARPENING) * (rng.random() < 0.5)
    contrast_hu = rng.uniform(*CONTRAST_HU) * (rng.random() < data.contrast_agent)
    return Scanner(noise_hu, blur_mm, sharpening, contrast_hu)
