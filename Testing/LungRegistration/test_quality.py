"""The flag "check this result" on a phantom: silent for the truth, loud for what is wrong."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.measures.evaluation import Pair, evaluate
from LungRegistrationLib.measures.tre import landmark_errors_mm
from LungRegistrationLib.phantom import breathing_phantom
from Testing.LungRegistration.fields import field_of, image_of


@pytest.fixture(scope="module")
def pair_and_field():
    """A phantom without sliding: a smooth squeeze of its inspiration, so that the true field has no jump at the pleura."""
    phantom = breathing_phantom((80, 72, 80), seed=8)
    center = np.array(phantom.fixed.TransformContinuousIndexToPhysicalPoint([39.5, 35.5, 39.5]))
    squeeze = np.diag([0.97, 0.95, 0.88])
    field = field_of(lambda points: (points - center) @ squeeze.T + center + [2, -3, 8], phantom.fixed)
    inverse = sitk.AffineTransform(np.linalg.inv(squeeze).ravel().tolist(), [0.0] * 3, (center + [2, -3, 8]).tolist())
    inverse.SetTranslation((-np.array([2.0, -3, 8])).tolist())
    warp = lambda image, how, fill: sitk.Resample(image, phantom.fixed, inverse, how, fill)  # noqa: E731
    moving = warp(phantom.fixed, sitk.sitkLinear, -1000)
    noise = np.random.default_rng(0).normal(0, 20, sitk.GetArrayViewFromImage(moving).shape)
    moving = image_of((sitk.GetArrayFromImage(moving) + noise).astype(np.int16), phantom.fixed)
    mask = warp(phantom.fixed_mask, sitk.sitkNearestNeighbor, 0)
    points = phantom.fixed_landmarks_mm[:60]
    pair = Pair(phantom.fixed, moving, phantom.fixed_mask, mask, None, None, {}, points, points)
    pair.moving_landmarks_mm = (points - center) @ squeeze.T + center + [2, -3, 8]
    assert landmark_errors_mm(field, points, pair.moving_landmarks_mm).max() < 1e-3
    return pair, sitk.Cast(field, sitk.sitkVectorFloat32)


def changed(field, function):
    return image_of(function(sitk.GetArrayFromImage(field)).astype(np.float32), field)


def reasons(pair, field):
    return evaluate(pair, field).figures["check_result"]


def test_the_true_field_raises_no_flag(pair_and_field):
    result = reasons(*pair_and_field)
    assert result == {"needed": False, "reasons": []}


def test_a_field_of_zeros_is_flagged_by_images_volumes_and_landmarks(pair_and_field):
    pair, field = pair_and_field
    result = reasons(pair, changed(field, np.zeros_like))
    text = " ".join(result["reasons"])
    assert result["needed"]
    for sign in ("of the lung the images still differ", "The field gives the lung", "lung masks overlap", "landmarks still lie"):
        assert sign in text


def test_a_field_in_the_wrong_direction_moves_landmarks_apart(pair_and_field):
    pair, field = pair_and_field
    text = " ".join(reasons(pair, changed(field, np.negative))["reasons"])
    assert "farther apart after registration" in text


def test_folding_is_named_with_its_share(pair_and_field):
    pair, field = pair_and_field

    def fold(u):
        u[40:44, 30:40, 15:25, 2] -= np.array([0, 9, 18, 9])[:, None, None]
        return u

    text = " ".join(reasons(pair, changed(field, fold))["reasons"])
    assert "folds in" in text
    assert "% of the lung" in text


def test_a_poor_inverse_is_flagged(pair_and_field):
    pair, field = pair_and_field
    figures = evaluate(pair, field, {"mean": 0.4, "p95": 0.9, "max": 3.0}).figures
    assert figures["check_result"]["reasons"] == ["The inverse field misses by 0.90 mm (95th percentile)."]


def test_without_lungs_the_flag_says_what_was_not_checked(pair_and_field):
    pair, field = pair_and_field
    bare = Pair(pair.fixed, pair.moving)
    figures = evaluate(bare, field).figures
    assert figures["folding_percent"] == {"lung": None, "everywhere": 0.0}
    assert figures["check_result"]["reasons"] == ["No lungs were found or given, so nothing could be checked inside of them."]


def test_figures_of_the_true_field(pair_and_field):
    """A linear squeeze: every regional figure is known."""
    pair, field = pair_and_field
    figures = evaluate(pair, field).figures
    volume = 0.97 * 0.95 * 0.88
    assert figures["jacobian"]["lung"]["mean"] == pytest.approx(volume, rel=1e-4)
    assert abs(figures["volume_balance"]["lung"]["error_percent"]) < 4  # coarse voxels: the mask's own volume is 3 % off
    assert figures["overlap"]["lung"]["after"]["dice"] > 0.97 > figures["overlap"]["lung"]["before"]["dice"]
    assert figures["mechanics"]["lung"]["stretch_3"]["mean"] == pytest.approx(0.88, rel=1e-3)
    assert figures["function"]["lung"]["jacobian_ventilation"]["median"] == pytest.approx(1 / volume - 1, rel=1e-3)
    assert figures["tissue_mass_g"]["lung"]["mapped"] == pytest.approx(figures["tissue_mass_g"]["lung"]["moving"], rel=0.05)


def test_a_larger_lung_at_expiration_is_told(pair_and_field):
    pair, field = pair_and_field
    for phase, told in (("inspiration", 0), ("expiration", 1)):
        progress = Progress()
        evaluate(replace(pair, fixed_is=phase), field, progress=progress)
        assert len(progress.warnings) == told
    assert "speak for inspiration as the fixed image" in progress.warnings[0]
