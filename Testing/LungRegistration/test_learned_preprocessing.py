"""A network sees both lungs whole, in the fixed frame, whatever the images' own grids are."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.geometry.linear import translation
from LungRegistrationLib.geometry.tensors import lattice_points
from LungRegistrationLib.learned.preprocessing import network_input
from Testing.LungRegistration.registration_examples import grid_image, scan, texture

OBLIQUE = np.array(sitk.VersorTransform((0.3, -0.5, 0.8), 0.6).GetMatrix()).reshape(3, 3)
SHIFT_MM = np.array([5.0, -3.0, 20.0])


@pytest.fixture(scope="module")
def pair() -> tuple[sitk.Image, sitk.Image, sitk.Image, sitk.Image]:
    """The same lungs twice: on an oblique grid, and on another grid whose whole scene is shifted."""
    fixed, fixed_mask = scan(grid_image(OBLIQUE), True)
    moving, moving_mask = scan(grid_image(np.diag([-1.0, -1.0, 1.0])), True)
    for image in (moving, moving_mask):
        image.SetOrigin((np.array(image.GetOrigin()) + SHIFT_MM).tolist())
    return fixed, moving, fixed_mask, moving_mask


def test_both_lungs_lie_on_the_lattice_and_on_each_other(pair):
    seen = network_input(*pair, translation(SHIFT_MM), (48, 32, 40), None, "cpu")
    assert seen.fixed.shape == seen.moving.shape == (1, 1, 40, 32, 48)
    assert seen.lattice.size == (48, 32, 40) and len(set(seen.lattice.spacing_mm)) == 3
    assert np.all(seen.lattice.lower_mm < [-48, -43, -58]) and np.all(seen.lattice.upper_mm > [48, 43, 58])
    points = lattice_points(seen.lattice, torch.device("cpu")).numpy()
    deep = ((points / np.array([40.0, 35.0, 50.0])) ** 2).sum(axis=-1) < 0.5
    for volume in (seen.fixed, seen.moving):
        assert np.corrcoef(volume[0, 0].numpy()[deep], texture(points)[deep])[0, 1] > 0.95


def test_a_window_goes_from_0_to_1_and_none_keeps_hu(pair):
    windowed = network_input(*pair, translation(SHIFT_MM), (32, 32, 32), (-900.0, -200.0), "cpu").fixed
    plain = network_input(*pair, translation(SHIFT_MM), (32, 32, 32), None, "cpu").fixed
    assert float(windowed.min()) == 0 and float(windowed.max()) == 1
    assert float(plain.min()) < -900 and float(plain.max()) > 0
    middle = (windowed > 0.3) & (windowed < 0.6)
    expected = (plain[middle] + 900) / 700  # but for voxels between the two kinds, clamped before they are interpolated
    assert float((windowed[middle] - expected).abs().median()) < 0.03


def test_what_cannot_be_a_size_or_a_window_is_refused(pair):
    for size in ((32, 32), (32, 1, 32)):
        with pytest.raises(InputError, match="three numbers of voxels"):
            network_input(*pair, translation(SHIFT_MM), size, None, "cpu")
    with pytest.raises(InputError, match="window"):
        network_input(*pair, translation(SHIFT_MM), (32, 32, 32), (-100.0, -100.0), "cpu")
