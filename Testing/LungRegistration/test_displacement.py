"""Displacement fields: analytic Jacobians on any grid, reading at points, warping."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.geometry.displacement import (
    displacement_at,
    jacobian_determinant,
    resample_field,
    transform_points,
    warp_image,
)
from Testing.LungRegistration.registration_examples import from_array, grid_image, voxel_points

ROTATION, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))
GRIDS = {
    "LPS": np.eye(3),
    "left-handed": np.diag([1.0, -1.0, 1.0]),
    "permuted": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
    "oblique": ROTATION * np.sign(np.linalg.det(ROTATION)),
}
MATRIX = np.array([[1.1, 0.2, 0.0], [-0.1, 0.9, 0.1], [0.0, 0.3, 1.2]])


def field_of(function, grid: sitk.Image) -> sitk.Image:
    return from_array(function(voxel_points(grid)).astype(np.float32), grid, vector=True)


@pytest.mark.parametrize("name", GRIDS)
def test_affine_field_has_its_determinant_everywhere_on_every_grid(name):
    grid = grid_image(GRIDS[name], size=12)
    det = sitk.GetArrayFromImage(jacobian_determinant(field_of(lambda p: p @ (MATRIX - np.eye(3)).T, grid)))
    np.testing.assert_allclose(det, np.linalg.det(MATRIX), rtol=1e-4)


def test_identity_has_determinant_one():
    det = jacobian_determinant(field_of(np.zeros_like, grid_image(size=6)))
    assert np.all(sitk.GetArrayFromImage(det) == 1)


def test_determinant_is_negative_where_a_field_folds():
    det = sitk.GetArrayFromImage(jacobian_determinant(field_of(lambda p: p * np.array([-1.5, 0, 0]), grid_image(size=6))))
    np.testing.assert_allclose(det, -0.5, rtol=1e-4)


def test_jacobian_on_another_grid_agrees_with_the_physical_field():
    field = field_of(lambda p: p @ (MATRIX - np.eye(3)).T, grid_image(size=30))
    det = jacobian_determinant(field, grid_image(GRIDS["oblique"], size=20, spacing_mm=1.3))
    np.testing.assert_allclose(sitk.GetArrayFromImage(det), np.linalg.det(MATRIX), rtol=1e-3)


def test_jacobian_needs_two_voxels_along_each_axis():
    flat = sitk.Image([5, 5, 1], sitk.sitkVectorFloat32, 3)
    with pytest.raises(InputError, match="two voxels"):
        jacobian_determinant(flat)


def test_scalar_image_is_no_field():
    with pytest.raises(InputError, match="three components"):
        displacement_at(grid_image(size=4), np.zeros((1, 3)))


@pytest.mark.parametrize("name", GRIDS)
def test_linear_field_is_read_exactly_between_voxels(name):
    field = field_of(lambda p: p @ MATRIX.T, grid_image(GRIDS[name], size=20))
    points = np.random.default_rng(0).uniform(-10, 10, (50, 3))
    np.testing.assert_allclose(displacement_at(field, points), points @ MATRIX.T, atol=1e-4)
    np.testing.assert_allclose(transform_points(field, points), points + points @ MATRIX.T, atol=1e-4)


def test_resampled_field_keeps_its_vectors_in_lps():
    other = grid_image(GRIDS["permuted"], size=8)
    read = resample_field(field_of(lambda p: p @ MATRIX.T, grid_image(size=30)), other)
    np.testing.assert_allclose(sitk.GetArrayFromImage(read), voxel_points(other) @ MATRIX.T, atol=1e-3)


def test_warping_reads_the_moving_image_at_x_plus_u():
    grid = grid_image(size=24)
    moving = from_array(voxel_points(grid)[..., 2].astype(np.float32), grid)  # intensity = z
    field = field_of(lambda p: np.broadcast_to([0.0, 0.0, 4.0], p.shape), grid)
    warped = sitk.GetArrayFromImage(warp_image(moving, field, grid, default=-1000))
    inside = voxel_points(grid)[..., 2] + 4 <= voxel_points(grid)[..., 2].max()
    np.testing.assert_allclose(warped[inside], voxel_points(grid)[inside][:, 2] + 4, atol=1e-3)
    assert np.all(warped[~inside] == -1000)
