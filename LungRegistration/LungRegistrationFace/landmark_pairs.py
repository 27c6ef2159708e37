"""Two landmark lists become pairs: by label or by order, with a check that says what does not fit."""

from dataclasses import dataclass

import numpy as np

from CorrespondCoreLib.errors import InputError

from .world import worldPoints


@dataclass
class LandmarkPairs:
    """Corresponding points, world coordinates, (N, 3) each in LPS mm."""

    labels: list
    fixed_mm: np.ndarray
    moving_mm: np.ndarray
    message: str

    def __len__(self):
        return len(self.labels)


def pairLandmarks(fixedNode, movingNode, matchBy="label"):
    """Pair the placed points of two markups lists.

    By label: points whose label stands in both lists. By order: the first with the first, and so on; the lists must have
    the same length. The message says how many pairs there are and what was left out.

    Raises:
        InputError: the lists are one and the same, give fewer than two pairs, have a label twice, or differ in length when
            matched by order.
    """
    if fixedNode is movingNode:
        raise InputError("Fixed and moving landmarks are the same list. Choose the list of each image.")
    (fixed_mm, fixedLabels), (moving_mm, movingLabels) = worldPoints(fixedNode), worldPoints(movingNode)
    for node, labels in ((fixedNode, fixedLabels), (movingNode, movingLabels)):
        if not labels:
            raise InputError(f"The landmark list '{node.GetName()}' has no points. Place points, or choose another list.")
    if matchBy == "order":
        return _byOrder(fixed_mm, fixedLabels, moving_mm, movingLabels)
    for node, labels in ((fixedNode, fixedLabels), (movingNode, movingLabels)):
        repeated = sorted({label for label in labels if labels.count(label) > 1})
        if repeated:
            raise InputError(
                f"The label '{repeated[0]}' stands more than once in '{node.GetName()}'. Rename the points, or match by order."
            )
    return _byLabel(fixed_mm, fixedLabels, moving_mm, movingLabels)


def _byOrder(fixed_mm, fixedLabels, moving_mm, movingLabels):
    if len(fixedLabels) != len(movingLabels):
        raise InputError(
            f"The landmark lists have {len(fixedLabels)} and {len(movingLabels)} points. "
            "Matching by order needs equal numbers: add the missing points, or match by label."
        )
    return _enough(LandmarkPairs(fixedLabels, fixed_mm, moving_mm, f"{len(fixedLabels)} pairs, matched by order."))


def _byLabel(fixed_mm, fixedLabels, moving_mm, movingLabels):
    movingIndex = {label: i for i, label in enumerate(movingLabels)}
    kept = [i for i, label in enumerate(fixedLabels) if label in movingIndex]
    if not kept:
        raise InputError("The landmark lists have no label in common. Rename the points, or match by order.")
    left = len(fixedLabels) + len(movingLabels) - 2 * len(kept)
    message = f"{len(kept)} pairs, matched by label." + (f" {left} points have no partner and are left out." if left else "")
    labels = [fixedLabels[i] for i in kept]
    return _enough(LandmarkPairs(labels, fixed_mm[kept], moving_mm[[movingIndex[label] for label in labels]], message))


def _enough(pairs):
    if len(pairs) < 2:
        raise InputError("There is only one landmark pair; at least two are needed to judge a registration.")
    return pairs
