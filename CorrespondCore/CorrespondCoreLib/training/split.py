"""Patients divided into those that are trained on, those that judge while training, and those that are left for the test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Parts:
    """Folders or files; no patient is in two parts."""

    training: tuple[Path, ...]
    validation: tuple[Path, ...]
    test: tuple[Path, ...]


def split_patients(scans: Mapping[str, Sequence[Path]], parts: tuple[float, float], label_fraction: float, seed: int) -> Parts:
    """Divide patients at random, at least one to training and one to validation.

    Args:
        scans: patient -> folders or files of theirs; at least two patients.
        parts: of the patients, for training and validation; the rest is the test's.
        label_fraction: of the training's patients, that are used; at least one. Smaller fractions are parts of larger ones.
        seed: of the order.
    """
    names = sorted(scans)
    order = [names[k] for k in np.random.default_rng([seed, 11]).permutation(len(names))]
    training = min(max(1, round(parts[0] * len(order))), len(order) - 1)
    validation = max(1, min(round(parts[1] * len(order)), len(order) - training))
    used = max(1, round(training * label_fraction))
    chosen = order[:used], order[training : training + validation], order[training + validation :]
    return Parts(*(tuple(folder for name in part for folder in scans[name]) for part in chosen))
