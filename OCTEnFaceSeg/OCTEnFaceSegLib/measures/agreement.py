"""Agreement of a mask with graders' masks of the same scan."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import dice

from .lesion import Spacing, area_mm2


def agreement(mask: np.ndarray, reference: np.ndarray, spacing_mm: Spacing) -> dict:
    """Overlap of a mask with a reference.

    Returns:
        dice (1 where both are empty), area_mm2, reference_mm2, difference_mm2 (absolute), difference_percent of the reference
        (nan where that is empty), true_positive_mm2, false_positive_mm2, false_negative_mm2.

    Raises:
        InputError: the shapes differ.
    """
    if mask.shape != reference.shape:
        raise InputError(
            f"The masks have {_text(mask.shape)} and {_text(reference.shape)} pixels: they are not of the same scan. "
            "Choose the mask of this scan."
        )
    own, other = area_mm2(mask, spacing_mm), area_mm2(reference, spacing_mm)
    return {
        "dice": dice(mask, reference) if mask.any() or reference.any() else 1.0,
        "area_mm2": own,
        "reference_mm2": other,
        "difference_mm2": abs(own - other),
        "difference_percent": 100 * abs(own - other) / other if other else float("nan"),
        "true_positive_mm2": area_mm2(mask & reference, spacing_mm),
        "false_positive_mm2": area_mm2(mask & ~reference, spacing_mm),
        "false_negative_mm2": area_mm2(~mask & reference, spacing_mm),
    }


def against_graders(mask: np.ndarray, references: Mapping[str, np.ndarray], spacing_mm: Spacing) -> dict:
    """Agreement with each grader, and of the graders with each other.

    Returns:
        {"graders": {name: agreement}, "between_graders": {"a and b": agreement}}
    """
    return {
        "graders": {name: agreement(mask, reference, spacing_mm) for name, reference in references.items()},
        "between_graders": {
            f"{a} and {b}": agreement(references[a], references[b], spacing_mm) for a, b in itertools.combinations(references, 2)
        },
    }


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, reversed(shape)))
