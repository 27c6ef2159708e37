"""Another size of the body and another posture: only the places change, and the truth goes along."""

import numpy as np
import pytest
import SimpleITK as sitk

from LungRegistrationLib.geometry.displacement import jacobian_determinant
from LungRegistrationLib.phantom import breathing_phantom
from LungRegistrationLib.phantoms.posture import random_posture, repositioned

SCALE, SHIFT = np.array([0.9, 1.1, 1.05]), np.array([12.0, -7.0, 20.0])


@pytest.fixture(scope="module")
def before():
    return breathing_phantom((40, 36, 44), seed=5, landmarks=60)


@pytest.fixture(scope="module")
def posture():
    _, turn, _ = random_posture(np.random.default_rng(1), (1.0, 1.0), 15.0)
    return SCALE, turn, SHIFT


@pytest.fixture(scope="module")
def after(before, posture):
    return repositioned(before, *posture)


def index_of(image, point):
    return np.array(image.TransformPhysicalPointToContinuousIndex(point.tolist()))


def test_voxels_and_what_landmarks_point_at_stay(before, after):
    for name in ("fixed", "moving", "fixed_lobes", "moving_mask", "true_jacobian"):
        np.testing.assert_array_equal(
            sitk.GetArrayViewFromImage(getattr(before, name)), sitk.GetArrayViewFromImage(getattr(after, name))
        )
    for role in ("fixed", "moving"):
        old, new = getattr(before, f"{role}_landmarks_mm"), getattr(after, f"{role}_landmarks_mm")
        for a, b in zip(old[:20], new[:20], strict=True):
            np.testing.assert_allclose(index_of(getattr(before, role), a), index_of(getattr(after, role), b), atol=1e-6)
            assert np.linalg.norm(a - b) > 1


def test_the_field_takes_every_voxel_to_the_same_tissue(before, after):
    inside = np.argwhere(sitk.GetArrayViewFromImage(before.fixed_mask) > 0)[::211]
    for z, y, x in inside.tolist():
        ends = []
        for pair in (before, after):
            point = np.array(pair.fixed.TransformIndexToPhysicalPoint((x, y, z)))
            ends.append(index_of(pair.moving, point + pair.fixed_to_moving_mm.GetPixel(x, y, z)))
        np.testing.assert_allclose(ends[1], ends[0], atol=1e-4)


def test_det_j_is_that_of_the_new_field(after):
    inside = sitk.GetArrayFromImage(sitk.BinaryErode(after.fixed_mask, (2, 2, 2))) > 0
    numerical = sitk.GetArrayFromImage(jacobian_determinant(after.fixed_to_moving_mm))[inside]
    true = sitk.GetArrayFromImage(after.true_jacobian)[inside]
    assert np.abs(numerical - true).mean() < 0.05 and np.corrcoef(numerical, true)[0, 1] > 0.9


def test_without_bounds_nothing_moves(before):
    scale, turn, shift = random_posture(np.random.default_rng(2), (1.0, 1.0), 0.0)
    same = repositioned(before, scale, turn, shift)
    assert same.moving.GetOrigin() == before.moving.GetOrigin() and same.moving.GetDirection() == before.moving.GetDirection()
    np.testing.assert_allclose(same.moving_landmarks_mm, before.moving_landmarks_mm)
    turned = [random_posture(np.random.default_rng(k), (0.9, 1.1), 6.0)[1] for k in range(20)]
    angles = [np.degrees(np.arccos((np.trace(t) - 1) / 2)) for t in turned]
    assert 3 < max(angles) <= 6
