"""Jacobian statistics, integral check, tissue mass, inverse consistency."""

import numpy as np
import pytest
import SimpleITK as sitk

from LungRegistrationLib.geometry.displacement import jacobian_determinant
from LungRegistrationLib.measures import volume_checks
from Testing.LungRegistration.fields import affine_field, ball, field_of, grid, image_of, points_of


def test_expansion_by_ten_percent_has_jacobian_1331():
    jacobian = sitk.GetArrayFromImage(jacobian_determinant(affine_field(1.1 * np.eye(3), grid())))
    statistics = volume_checks.jacobian_statistics(jacobian)
    assert statistics["mean"] == pytest.approx(1.331, rel=1e-5)
    assert statistics["std"] == pytest.approx(0, abs=1e-4)
    assert statistics["folding_percent"] == 0


def test_folding_counts_voxels_that_turn_inside_out():
    jacobian = np.array([1.0, 0.5, 0.0, -0.2], np.float32)
    statistics = volume_checks.jacobian_statistics(jacobian)
    assert statistics["folding_percent"] == 50.0
    assert statistics["min"] == pytest.approx(-0.2)


def test_histogram_keeps_what_lies_beyond_its_ends():
    histogram = volume_checks.histogram(np.array([-3.0, 0.99, 1.01, 7.0]), bins=2)
    assert histogram["counts"] == [2, 2]


def test_the_integral_of_the_jacobian_is_the_volume_in_the_moving_image():
    """A ball that is squeezed: sum of det J over it is the volume of its image; a field that ignores it is found out."""
    reference = grid(size=(80, 80, 80), spacing=(1, 1, 1), origin=(0, 0, 0))
    squeeze = np.diag([0.9, 0.8, 0.95])
    center = np.array([40.0, 40, 40])
    fixed = ball(reference, center, 25)
    back = (points_of(reference) - center) @ np.linalg.inv(squeeze).T + center
    moving = image_of(np.linalg.norm(back - center, axis=-1) <= 25, reference)
    field = field_of(lambda points: (points - center) @ squeeze.T + center, reference)
    regions = [volume_checks.named_regions(None, mask) for mask in (fixed, moving)]

    def balance(field):
        jacobian = sitk.GetArrayFromImage(jacobian_determinant(field))
        return volume_checks.volume_balance(jacobian, 1.0, *regions, 1.0)["lung"]

    assert balance(field)["mapped_ml"] == pytest.approx(balance(field)["fixed_ml"] * 0.9 * 0.8 * 0.95, rel=1e-4)
    assert abs(balance(field)["error_percent"]) < 0.5
    assert balance(affine_field(np.eye(3), reference))["error_percent"] == pytest.approx(
        100 * (1 / (0.9 * 0.8 * 0.95) - 1), abs=0.7
    )


def test_tissue_mass_is_kept_when_density_rises_as_volume_falls():
    jacobian = np.full((5, 6, 7), 0.8, np.float32)
    region = np.ones(jacobian.shape, bool)
    fixed_hu = np.full(jacobian.shape, -850.0)
    warped_hu = (1000 + fixed_hu) / 0.8 - 1000
    fixed = volume_checks.tissue_mass_g(fixed_hu, region, 8.0)
    assert fixed == pytest.approx(210 * 8 / 1000 * 0.15)
    assert volume_checks.tissue_mass_g(warped_hu, region, 8.0, jacobian) == pytest.approx(fixed, rel=1e-5)


def test_there_and_back_of_an_affine_map_and_of_half_its_way():
    reference = grid(size=(40, 40, 40), spacing=(2, 2, 2), origin=(0, 0, 0))
    region = ball(reference, (40, 40, 40), 20)
    forward = affine_field(np.eye(3), reference, (3, 4, 0))
    exact, half = affine_field(np.eye(3), reference, (-3, -4, 0)), affine_field(np.eye(3), reference, (-1.5, -2, 0))
    assert volume_checks.inverse_consistency_mm(forward, exact, region)["max"] < 1e-9
    assert volume_checks.inverse_consistency_mm(forward, half, region)["mean"] == pytest.approx(2.5)
