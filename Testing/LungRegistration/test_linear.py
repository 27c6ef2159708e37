"""Pre-alignment: shifts are found, also between different fields of view; rigid and affine fits are exact on exact data."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.geometry.linear import (
    composed,
    correlation_translation,
    fit_affine,
    fit_rigid,
    initial_translation,
    inverted,
    is_cut,
    matrix_and_offset,
    translation,
)
from Testing.LungRegistration.registration_examples import from_array, grid_image, lung_shape, scan, voxel_points

RNG = np.random.default_rng(1)
POINTS = RNG.uniform(-80, 80, (500, 3))
ROTATION = np.array(sitk.VersorTransform((0.2, 0.5, -0.7), 0.4).GetMatrix()).reshape(3, 3)


def moved_grid(image: sitk.Image, shift) -> sitk.Image:
    moved = sitk.Image(image)
    moved.SetOrigin((np.array(image.GetOrigin()) + shift).tolist())
    return moved


def test_whole_lungs_are_aligned_by_their_centroids():
    fixed, mask = scan(grid_image(), True)
    shift = np.array([20.0, -35.0, 12.0])
    found = initial_translation(fixed, moved_grid(fixed, shift), mask, moved_grid(mask, shift))
    np.testing.assert_allclose(found, shift, atol=1e-6)


def test_cut_lungs_are_aligned_by_correlation_of_the_overlap():
    fixed, mask = scan(grid_image(), True)
    upper, upper_mask = fixed[:, :, 22:], mask[:, :, 22:]
    assert is_cut(upper_mask) and not is_cut(mask)
    shift = np.array([18.0, -36.0, 12.0])
    found = initial_translation(fixed, moved_grid(upper, shift), mask, moved_grid(upper_mask, shift))
    assert np.linalg.norm(found - shift) < 8  # lattice of 6 mm; centroids would be wrong by about 20 mm


def test_shift_between_turned_grids_is_found():
    def object_on(grid):
        p = voxel_points(grid)
        return from_array(np.where(lung_shape(p) & (p[..., 0] + p[..., 1] > -20), -100.0, -1000.0).astype(np.float32), grid)

    shift = np.array([12.0, 24.0, -18.0])
    turned = moved_grid(object_on(grid_image(np.diag([-1.0, 1.0, -1.0]))), shift)
    assert np.linalg.norm(correlation_translation(object_on(grid_image()), turned) - shift) < 6


def test_rigid_fit_is_exact_and_ignores_a_tenth_of_wrong_points():
    targets = POINTS @ ROTATION.T + [5, -40, 12]
    targets[:50] += 60
    matrix, offset = matrix_and_offset(fit_rigid(POINTS, targets))
    np.testing.assert_allclose(matrix, ROTATION, atol=1e-6)
    np.testing.assert_allclose(offset, [5, -40, 12], atol=1e-5)


def test_affine_fit_is_exact_and_a_mirror_is_refused():
    matrix = np.array([[1.1, 0.1, 0], [0, 0.8, 0.2], [0.1, 0, 1.0]])
    found, offset = matrix_and_offset(fit_affine(POINTS, POINTS @ matrix.T + 7))
    np.testing.assert_allclose(found, matrix, atol=1e-9)
    np.testing.assert_allclose(offset, 7, atol=1e-7)
    with pytest.raises(InputError, match="mirrors"):
        fit_affine(POINTS, POINTS * [1, 1, -1])


def test_composition_and_inverse_are_those_of_the_maps():
    a, b = fit_affine(POINTS, POINTS @ ROTATION.T * 1.2 + 3), translation(np.array([1.0, 2.0, 3.0]))
    point = (4.0, -5.0, 6.0)
    np.testing.assert_allclose(composed(a, b).TransformPoint(point), a.TransformPoint(b.TransformPoint(point)), atol=1e-6)
    np.testing.assert_allclose(inverted(a).TransformPoint(a.TransformPoint(point)), point, atol=1e-6)
