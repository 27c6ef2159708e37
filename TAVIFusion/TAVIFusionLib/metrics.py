"""How well a mask agrees with another one: Dice, precision and recall from one table of one mask, and numbers of box plots."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from CorrespondCoreLib.errors import InputError

THRESHOLD = 0.5  # of the probability: all three scores are of the same mask
SCORES = ("dsc", "precision", "recall")
WHISKER = 1.5  # interquartile ranges


def frame_scores(mask: np.ndarray, reference: np.ndarray) -> dict[str, float]:
    """Paper, equations 6 to 8, of one frame; dsc is the harmonic mean of precision and recall.

    Two empty masks agree: 1, 1, 1. Where one of them alone is empty, all three are 0.

    Args:
        mask: (rows, columns) bool, or probabilities, which are cut at 0.5.
        reference: likewise.

    Raises:
        InputError: the shapes differ.
    """
    if mask.shape != reference.shape:
        raise InputError(f"A mask of {mask.shape} and a reference of {reference.shape} pixels cannot be compared. Resample one.")
    found, true = (array if array.dtype == bool else array >= THRESHOLD for array in (mask, reference))
    hits, extra, missed = (int(np.count_nonzero(part)) for part in (found & true, found & ~true, ~found & true))
    if not hits:
        value = 0.0 if extra or missed else 1.0
        return dict.fromkeys(SCORES, value)
    precision, recall = hits / (hits + extra), hits / (hits + missed)
    dsc = 2 * hits / (2 * hits + extra + missed)
    assert math.isclose(dsc, 2 * precision * recall / (precision + recall), rel_tol=1e-9)
    return {"dsc": dsc, "precision": precision, "recall": recall}


def box_numbers(values: Sequence[float]) -> dict[str, Any]:
    """What a box plot shows of values (at least one): median, quartiles, whiskers, outliers, and their number and mean.

    Whiskers reach to the last value within 1.5 interquartile ranges beyond the quartiles.
    """
    if not len(values):
        raise InputError("A box plot needs at least one value.")
    low, median, high = (float(v) for v in np.percentile(values, [25, 50, 75]))
    reach = WHISKER * (high - low)
    inside = [float(v) for v in values if low - reach <= v <= high + reach]
    outliers = sorted(float(v) for v in values if not low - reach <= v <= high + reach)
    box = {"count": len(values), "mean": float(np.mean(values)), "median": median, "quartiles": [low, high]}
    return {**box, "whiskers": [min(inside), max(inside)], "outliers": outliers}


def boxes(rows: Sequence[dict[str, float]]) -> dict[str, dict[str, Any]]:
    """Box-plot numbers of each score over frames: the paper's figures 5 and 8, one call per split."""
    return {name: box_numbers([row[name] for row in rows]) for name in SCORES}
