"""What tells a good mask from a bad one beyond its area: lesions found one by one, and whether probabilities keep their word."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

COVERED = 0.25  # part of a lesion that the other mask must cover
NEIGHBORS = np.ones((3, 3))  # lesions touch by a side or a corner
BINS = 10


def lesionwise_f1(mask: np.ndarray, truth: np.ndarray) -> float:
    """F1 of single lesions of masks (B-scans, A-scans); 1 where neither has any.

    A true lesion is found, and a marked one is right, if the other mask covers at least a quarter of it.
    """
    found, true_lesions = _covered(truth, mask)
    right, marked = _covered(mask, truth)
    if not true_lesions and not marked:
        return 1.0
    recall, precision = found / max(true_lesions, 1), right / max(marked, 1)
    return 2 * recall * precision / (recall + precision) if found and right else 0.0


def _covered(lesions: np.ndarray, by: np.ndarray) -> tuple[int, int]:
    """How many of the lesions another mask covers, and how many there are."""
    labels, count = ndimage.label(lesions, NEIGHBORS)
    if not count:
        return 0, 0
    return int((ndimage.mean(by, labels, np.arange(1, count + 1)) >= COVERED).sum()), count


class Calibration:
    """Collects the A-scans of many eyes: probability and spread of the prediction, and the truth."""

    def __init__(self) -> None:
        self._values: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []

    def add(self, probability: np.ndarray, uncertainty: np.ndarray, truth: np.ndarray) -> None:
        """Maps (B-scans, A-scans) of one eye."""
        self._values.append((probability.ravel(), uncertainty.ravel(), truth.ravel()))

    def figures(self) -> dict[str, Any]:
        """{"expected_calibration_error", "bins", "wrong_by_uncertainty"}.

        The error is the mean over all A-scans of |mean probability - part with a lesion| in ten bins of the probability. Bins:
        {"probability", "with_lesion", "part" of all A-scans}. By uncertainty: A-scans in the order of their uncertainty, from the
        surest half on: {"part" of all, "wrong" part of these at the threshold 0.5}.
        """
        probability, uncertainty, truth = (np.concatenate(column) for column in zip(*self._values, strict=True))
        number = np.minimum((probability * BINS).astype(int), BINS - 1)
        bins = [
            {
                "probability": float(probability[number == n].mean()),
                "with_lesion": float(truth[number == n].mean()),
                "part": float((number == n).mean()),
            }
            for n in np.unique(number)
        ]
        wrong = ((probability >= 0.5) != truth)[np.argsort(uncertainty, kind="stable")]
        edges = [0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0]
        places = [round(edge * len(wrong)) for edge in edges]
        parts = zip(edges, edges[1:], places, places[1:], strict=False)
        by_uncertainty = [
            {"part": [low, high], "wrong": float(wrong[first:last].mean())} for low, high, first, last in parts if last > first
        ]
        error = sum(b["part"] * abs(b["probability"] - b["with_lesion"]) for b in bins)
        return {"expected_calibration_error": error, "bins": bins, "wrong_by_uncertainty": by_uncertainty}
