"""Principal stretches, anisotropic deformation index, slab-rod index (Amelon 2011)."""

import numpy as np
import pytest
import SimpleITK as sitk

from LungRegistrationLib.measures import mechanics
from Testing.LungRegistration.fields import affine_field, grid, image_of, rotation


def stretches_of(matrix, reference=None):
    reference = reference or grid()
    region = np.ones(reference.GetSize()[::-1], bool)
    return mechanics.principal_stretches(mechanics.deformation_gradient(affine_field(matrix, reference), region))


def test_uniform_expansion_by_ten_percent_has_no_anisotropy():
    stretches = stretches_of(1.1 * np.eye(3))
    assert stretches == pytest.approx(1.1)
    assert stretches.prod(axis=1) == pytest.approx(1.331)
    assert mechanics.anisotropic_deformation_index(stretches) == pytest.approx(0, abs=1e-6)


def test_a_rotation_is_no_deformation():
    assert stretches_of(rotation(2, 25) @ rotation(0, -40)) == pytest.approx(1)


@pytest.mark.parametrize("direction", [np.eye(3), rotation(1, 33), np.diag([-1, 1, 1]), np.eye(3)[[1, 2, 0]]])
def test_stretches_do_not_depend_on_the_orientation_of_the_grid(direction):
    matrix = rotation(0, 20) @ np.diag([1.3, 1.1, 0.9]) @ rotation(2, 50)
    reference = grid(direction=direction.ravel().tolist())
    assert stretches_of(matrix, reference)[0] == pytest.approx([1.3, 1.1, 0.9])


def test_indices_by_hand():
    stretches = np.array([[1.2, 1.1, 1.0]])
    assert mechanics.anisotropic_deformation_index(stretches) == pytest.approx(np.hypot(0.1 / 1.1, 0.1 / 1.0))
    assert mechanics.slab_rod_index(stretches) == pytest.approx(np.arctan(1.0 * 0.1 / (1.1 * 0.1)) * 2 / np.pi)


def test_one_long_direction_is_a_rod_and_two_are_a_slab():
    assert mechanics.slab_rod_index(np.array([[1.5, 1.0, 1.0]])) == pytest.approx(1)
    assert mechanics.slab_rod_index(np.array([[1.5, 1.5, 1.0]])) == pytest.approx(0)


def test_maps_and_their_means_stay_inside_of_the_lung_and_its_lobes():
    reference = grid()
    lung = np.zeros(reference.GetSize()[::-1], bool)
    lung[3:12, 4:15, 5:20] = True
    upper = lung.copy()
    upper[:8] = False
    field = affine_field(np.diag([1.0, 1.0, 0.8]), reference)
    maps = mechanics.mechanics_maps(field, image_of(lung, reference))
    assert not sitk.GetArrayFromImage(maps["adi"])[~lung].any()
    summary = mechanics.regional_mechanics(maps, {"lung": image_of(lung, reference), "upper": image_of(upper, reference)})
    for region in ("lung", "upper"):
        assert summary[region]["volume_change"]["mean"] == pytest.approx(0.8, rel=1e-5)
        assert summary[region]["stretch_3"]["median"] == pytest.approx(0.8, rel=1e-5)
        assert summary[region]["sri"]["mean"] == pytest.approx(0, abs=1e-3)
