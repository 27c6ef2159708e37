"""Dice, precision and recall are of one mask, and the numbers of a box plot are those that are drawn."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.metrics import box_numbers, boxes, frame_scores


def test_scores_of_a_hand_counted_frame():
    mask, reference = np.zeros((2, 10, 10), bool)
    mask[2:6, 2:6], reference[3:8, 2:6] = True, True  # 16 found, 20 true, 12 shared
    assert frame_scores(mask, reference) == pytest.approx({"dsc": 24 / 36, "precision": 12 / 16, "recall": 12 / 20})


def test_dice_is_the_harmonic_mean_of_precision_and_recall():
    rng = np.random.default_rng(0)
    for share in (0.02, 0.4, 0.9):
        scores = frame_scores(rng.random((40, 40)), rng.random((40, 40)) < share)
        precision, recall = scores["precision"], scores["recall"]
        assert scores["dsc"] == pytest.approx(2 * precision * recall / (precision + recall))


def test_empty_masks_agree_and_one_empty_mask_does_not():
    empty, some = np.zeros((4, 4), bool), np.eye(4, dtype=bool)
    assert set(frame_scores(empty, empty).values()) == {1.0}
    assert set(frame_scores(some, empty).values()) == set(frame_scores(empty, some).values()) == {0.0}


def test_probabilities_are_cut_at_one_half():
    assert frame_scores(np.array([[0.5, 0.49]]), np.array([[True, False]]))["dsc"] == 1.0


def test_masks_of_other_sizes_are_refused():
    with pytest.raises(InputError, match="cannot be compared"):
        frame_scores(np.zeros((4, 4), bool), np.zeros((4, 5), bool))


def test_box_plot_of_known_values():
    box = box_numbers([0.1, 0.6, 0.7, 0.8, 0.9])
    assert (box["median"], box["quartiles"], box["count"]) == (0.7, [0.6, 0.8], 5)
    assert box["outliers"] == [0.1] and box["whiskers"] == [0.6, 0.9] and box["mean"] == pytest.approx(0.62)
    assert set(boxes([{"dsc": 1.0, "precision": 1.0, "recall": 1.0}])) == {"dsc", "precision", "recall"}
    with pytest.raises(InputError, match="at least one"):
        box_numbers([])
