"""Overlap, surface distances and paired tests."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import metrics
from CorrespondCoreLib.errors import InputError


def box(first: int, last: int, label: int = 1, spacing=(1.0, 2.0, 3.0)) -> sitk.Image:
    """A box of 10x10 voxels from first to last along z."""
    array = np.zeros((30, 20, 20), np.uint8)
    array[first:last, 5:15, 5:15] = label
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(spacing)
    return image


def test_boxes_shifted_by_two_of_ten_slices():
    agreement = metrics.label_agreement(box(5, 15), box(7, 17))["labels"][1]
    assert agreement["dice"] == pytest.approx(2 * 8 / 20)
    assert agreement["hausdorff_mm"] == pytest.approx(6.0)  # two slices of 3 mm
    assert agreement["hd95_mm"] == pytest.approx(6.0)


def test_surface_distances_by_hand():
    """Two parallel planes 3 voxels of 2.5 mm apart: every distance is 7.5 mm."""
    a = np.zeros((12, 8, 8), bool)
    b = a.copy()
    a[3], b[6] = True, True
    forward, backward = metrics.surface_distances_mm(a, b, (2.5, 1.0, 1.0))
    assert len(forward) == len(backward) == 64
    assert forward == pytest.approx(7.5)
    assert backward == pytest.approx(7.5)


def test_equal_labels_agree_completely():
    result = metrics.label_agreement(box(5, 15), box(5, 15))
    assert result["labels"][1] == {"dice": 1.0, "assd_mm": 0.0, "hausdorff_mm": 0.0, "hd95_mm": 0.0}
    assert result["dice_mean"] == 1.0


def test_a_label_that_is_missing_has_dice_zero_and_no_distance():
    result = metrics.label_agreement(box(5, 15, label=1), box(5, 15, label=2))
    assert result["labels"][1]["dice"] == 0
    assert np.isnan(result["labels"][2]["assd_mm"])
    assert result["dice_mean"] == 0


def test_hd95_ignores_a_single_far_voxel_that_hausdorff_shows():
    spiked = sitk.GetArrayFromImage(box(5, 15))
    spiked[25, 10, 10] = 1
    image = sitk.GetImageFromArray(spiked)
    image.CopyInformation(box(5, 15))
    agreement = metrics.label_agreement(box(5, 15), image)["labels"][1]
    assert agreement["hausdorff_mm"] == pytest.approx(33.0)  # 11 slices of 3 mm
    assert agreement["hd95_mm"] == 0


def test_dice30_is_the_mean_of_the_worst_third_or_so():
    assert metrics.mean_of_worst([0.9, 0.5, 0.8, 0.7, 0.95, 0.6, 0.99, 0.85, 0.75, 0.65]) == pytest.approx((0.5 + 0.6 + 0.65) / 3)
    assert metrics.mean_of_worst([0.9, 0.8]) == 0.8
    assert np.isnan(metrics.mean_of_worst([]))


def test_label_maps_on_different_grids_are_refused():
    with pytest.raises(InputError, match="same grid"):
        metrics.label_agreement(box(5, 15), box(5, 15, spacing=(1, 1, 1)))


def test_paired_comparison_finds_a_shift_and_pays_for_three_questions():
    rng = np.random.default_rng(3)
    base = rng.gamma(2, 0.5, 60)
    rows = metrics.compare_paired({"a": base, "b": base + 0.3 + rng.normal(0, 0.05, 60), "c": base[::-1].copy()})
    by_pair = {(row["a"], row["b"]): row for row in rows}
    assert len(rows) == 3
    shifted = by_pair["a", "b"]
    assert shifted["median_difference"] == pytest.approx(-0.3, abs=0.05)
    assert shifted["p"] < 1e-9
    assert shifted["p_bonferroni"] == pytest.approx(3 * shifted["p"])
    assert by_pair["a", "c"]["p_bonferroni"] > 0.05


def test_equal_methods_are_not_different():
    rows = metrics.compare_paired({"ours": np.ones(9), "peer": np.ones(9)}, reference="ours")
    assert rows == [{"a": "ours", "b": "peer", "median_difference": 0.0, "p": 1.0, "p_bonferroni": 1.0}]
