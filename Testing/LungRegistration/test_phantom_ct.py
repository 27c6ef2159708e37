"""A known motion on a given CT."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.phantom import breathing_phantom, move_ct
from LungRegistrationLib.phantoms.salient_points import salient_points

array = sitk.GetArrayFromImage


@pytest.fixture(scope="module")
def source():
    return breathing_phantom((80, 72, 80), seed=8, dose="standard")


@pytest.fixture(scope="module")
def pair(source):
    return move_ct(source.moving, source.moving_lobes, seed=1, motion_mm=25.0)


def test_the_field_explains_the_images(source, pair):
    """The CT read at x + u(x), with the density multiplied by det J, is the fixed scan but for noise."""
    transform = sitk.DisplacementFieldTransform(sitk.Cast(pair.fixed_to_moving_mm, sitk.sitkVectorFloat64))
    pulled = array(sitk.Resample(source.moving, pair.fixed, transform, sitk.sitkBSpline, 0.0, sitk.sitkFloat32))
    tissue = (array(pair.fixed_mask) > 0) & (pulled < -600)
    tissue &= ndimage.binary_erosion(array(pair.fixed_mask) > 0)
    expected = (pulled + 1000) * array(pair.true_jacobian) - 1000
    difference = array(pair.fixed)[tissue] - expected[tissue]
    assert abs(difference.mean()) < 3
    assert difference.std() < 32  # noise of 25 HU, rounding, the edges of vessels


def test_truth_is_consistent(pair):
    field, jacobian = array(pair.fixed_to_moving_mm), array(pair.true_jacobian)
    lungs = array(pair.fixed_mask) > 0
    assert jacobian[lungs].min() > 0.25
    assert 15 < np.linalg.norm(field, axis=-1)[lungs].max() < 28
    assert jacobian[lungs].sum() == pytest.approx(array(pair.moving_mask).sum(), rel=0.02)
    transform = sitk.DisplacementFieldTransform(sitk.Cast(pair.fixed_to_moving_mm, sitk.sitkVectorFloat64))
    mapped = np.array([transform.TransformPoint(point) for point in pair.fixed_landmarks_mm])
    assert np.linalg.norm(mapped - pair.moving_landmarks_mm, axis=1).max() < 0.3  # trilinear in 4 mm voxels
    assert len(mapped) >= 100  # as many as 4 mm voxels show


def test_labels_are_kept(source, pair):
    assert set(np.unique(array(pair.fixed_lobes))) == set(np.unique(array(source.moving_lobes)))


def test_any_axes_give_the_same_pair(source):
    """Flipped and permuted axes describe the same CT; the motion is one in space, not in voxels."""
    turned = sitk.PermuteAxes(sitk.Flip(source.moving, (True, False, True)), (2, 0, 1))
    labels = sitk.PermuteAxes(sitk.Flip(source.moving_lobes, (True, False, True)), (2, 0, 1))
    pair = move_ct(turned, labels, seed=1, motion_mm=25.0)
    assert np.ptp(pair.fixed_landmarks_mm[:, 2]) > 100
    mask = array(pair.fixed_mask) > 0
    upward = array(pair.fixed_to_moving_mm)[..., 2][mask]
    assert upward.mean() > 3  # towards the head, whatever the axes
    longer = np.array(pair.fixed.GetSize()) - np.array(turned.GetSize())
    assert sorted(longer.tolist())[:2] == [0, 0]
    low = min(pair.fixed.TransformIndexToPhysicalPoint(c)[2] for c in [(0, 0, 0), [n - 1 for n in pair.fixed.GetSize()]])
    assert low < source.moving.GetOrigin()[2] - 20


def test_without_lungs_it_says_so():
    with pytest.raises(InputError, match="lung"):
        move_ct(sitk.GetImageFromArray(np.zeros((40, 40, 40), np.int16)))
    with pytest.raises(InputError):
        move_ct(sitk.Image(20, 20, sitk.sitkInt16))


def test_salient_points_are_where_structure_is():
    hu = np.full((40, 40, 40), -800.0, np.float32)
    spots = np.array([[10, 10, 10], [30, 12, 20], [20, 30, 28]])
    for spot in spots:
        hu[tuple(spot)] = 400.0
    mask = sitk.GetImageFromArray(np.ones((40, 40, 40), np.uint8))
    found = salient_points(sitk.GetImageFromArray(ndimage.gaussian_filter(hu, 1.0)), mask, 3)
    np.testing.assert_allclose(found[np.argsort(found[:, 2])], spots[np.argsort(spots[:, 0])][:, ::-1], atol=1.5)
