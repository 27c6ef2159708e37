"""The map of expected errors: does it tell where, and how far, a registration is wrong?"""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage, stats

from LungRegistrationLib.geometry.displacement import displacement_at
from LungRegistrationLib.measures.error_map import local_error_map
from LungRegistrationLib.phantom import breathing_phantom

SEED = 11  # not among the seeds that the map was fitted on


@pytest.fixture(scope="module")
def phantom():
    return breathing_phantom((112, 96, 112), seed=SEED)


def spoiled(field: sitk.Image, size_mm: float, reach_mm: float, side: int | None = None) -> sitk.Image:
    """The field with a smooth random error of a given root mean square size; on one side of the body alone if asked."""
    u = sitk.GetArrayFromImage(field)
    spacing_zyx = np.array(field.GetSpacing())[::-1]
    rng = np.random.default_rng(SEED)
    noise = [ndimage.gaussian_filter(rng.standard_normal(u.shape[:3]), reach_mm / spacing_zyx) for _ in range(3)]
    error = np.stack(noise, axis=-1)
    error *= size_mm / np.sqrt((error**2).sum(axis=-1).mean())
    if side is not None:
        middle = u.shape[2] // 2
        error[:, :, :middle] *= side < 0
        error[:, :, middle:] *= side > 0
    image = sitk.GetImageFromArray((u + error).astype(np.float32), isVector=True)
    image.CopyInformation(field)
    return image


def compare(phantom, field):
    """Expected and true error (mm) at the points of the map inside of the lung, and where they lie."""
    found = local_error_map(phantom.fixed, phantom.moving, field, phantom.fixed_mask)
    zyx = np.argwhere(sitk.GetArrayViewFromImage(found.image) > 0)
    points = zyx[:, ::-1] * np.array(found.image.GetSpacing()) + np.array(found.image.GetOrigin())
    true = np.linalg.norm(displacement_at(field, points) - displacement_at(phantom.fixed_to_moving_mm, points), axis=1)
    return found.values(), true, points


def test_the_true_field_is_not_suspected(phantom):
    expected, _, _ = compare(phantom, phantom.fixed_to_moving_mm)
    assert expected.mean() < 1.0
    assert (expected > 3).mean() < 0.03


@pytest.mark.parametrize("size_mm", [3.0, 5.0])
def test_expected_and_true_errors_agree_in_size_and_place(phantom, size_mm):
    expected, true, _ = compare(phantom, spoiled(phantom.fixed_to_moving_mm, size_mm, 20.0))
    assert expected.mean() == pytest.approx(true.mean(), rel=0.3)
    assert stats.spearmanr(expected, true)[0] > 0.5
    wrong = true > 3
    rank = stats.mannwhitneyu(expected[wrong], expected[~wrong]).statistic / (wrong.sum() * (~wrong).sum())
    assert rank > 0.75  # area under the ROC curve for errors above 3 mm


def test_an_error_in_one_lung_is_found_there(phantom):
    expected, true, points = compare(phantom, spoiled(phantom.fixed_to_moving_mm, 5.0, 20.0, side=1))
    left = points[:, 0] > np.array(phantom.fixed.TransformContinuousIndexToPhysicalPoint([55.5, 0, 0]))[0]
    assert true[left].mean() > 3
    assert expected[left].mean() > 2 * expected[~left].mean()


def test_no_registration_at_all_is_seen(phantom):
    nothing = sitk.Image(phantom.fixed_to_moving_mm.GetSize(), sitk.sitkVectorFloat32, 3)
    nothing.CopyInformation(phantom.fixed_to_moving_mm)
    expected, _, _ = compare(phantom, nothing)
    assert (expected > 3).mean() > 0.5
