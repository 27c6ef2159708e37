"""Affine pre-alignment of lungs by their surfaces: a known affine motion is found, whatever the grids and the posture."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import Model
from LungRegistrationLib.geometry.linear import matrix_and_offset
from LungRegistrationLib.geometry.surface_affine import surface_affine
from LungRegistrationLib.learned.models import input_kind
from LungRegistrationLib.network_settings import NetworkSettings
from LungRegistrationLib.phantom import breathing_phantom
from LungRegistrationLib.phantoms.posture import repositioned
from LungRegistrationLib.search.frame import Pair
from LungRegistrationLib.search.prealignment import prealigned


@pytest.fixture(scope="module")
def pair():
    return breathing_phantom((64, 54, 58), seed=11, motion_mm=40.0)


def errors(linear, pair):
    matrix, offset = matrix_and_offset(linear)
    return np.linalg.norm(pair.fixed_landmarks_mm @ matrix.T + offset - pair.moving_landmarks_mm, axis=1).mean()


def inputs(pair):
    return Pair(pair.fixed, pair.moving, pair.fixed_mask, pair.moving_mask, None, None)


def moved(mask, matrix, offset):
    """A mask whose points x lie at matrix x + offset: on another grid, by resampling."""
    back = sitk.AffineTransform(np.linalg.inv(matrix).ravel().tolist(), (-np.linalg.inv(matrix) @ offset).tolist())
    grid = sitk.Image([150, 130, 140], sitk.sitkUInt8)
    grid.SetSpacing([3.0, 3.0, 3.0])
    grid.SetOrigin([-220.0, -190.0, -230.0])
    return sitk.Resample(mask, grid, back, sitk.sitkNearestNeighbor, 0)


def test_a_known_affine_motion_is_found(pair):
    matrix = Rotation.from_rotvec([0.08, -0.05, 0.1]).as_matrix() @ np.diag([0.95, 0.9, 0.8])
    offset = np.array([15.0, -10.0, 25.0])
    found, shift = matrix_and_offset(surface_affine(pair.fixed_mask, moved(pair.fixed_mask, matrix, offset)))
    error = np.linalg.norm(pair.fixed_landmarks_mm @ (found - matrix).T + shift - offset, axis=1)
    assert error.mean() < 1.5 and error.max() < 4  # voxels of 5 mm


def test_it_brings_lungs_closer_than_a_translation_does_also_when_the_patient_lies_otherwise(pair):
    turn = Rotation.from_rotvec(np.radians([3.0, 4.0, -3.0])).as_matrix()
    for state in (pair, repositioned(pair, np.ones(3), turn, np.array([20.0, 10.0, -30.0]))):
        (affine, _), (shift, _) = (prealigned(inputs(state), True, kind) for kind in ("affine", "translation"))
        assert errors(affine, state) < 0.7 * errors(shift, state)


def test_lungs_that_are_cut_or_unlike_and_bodies_get_a_translation(pair):
    def is_translation(p, has_lungs=True):
        return np.array_equal(matrix_and_offset(prealigned(p, has_lungs, "affine")[0])[0], np.eye(3))

    whole = inputs(pair)
    assert not is_translation(whole) and is_translation(whole, has_lungs=False)
    z = slice(20, None)
    cut = replace(whole, fixed=pair.fixed[:, :, z], fixed_mask=pair.fixed_mask[:, :, z])
    assert is_translation(cut)
    small = moved(pair.moving_mask, 0.5 * np.eye(3), np.zeros(3))
    assert surface_affine(pair.fixed_mask, small) is None
    assert is_translation(replace(whole, moving_mask=small))


def test_each_network_starts_as_its_paper_or_its_card_says(tmp_path):
    settings = NetworkSettings()
    assert [input_kind(m, None, settings).prealignment for m in ("rrn", "virnet", "voxelmorph")] == [
        "translation",
        *2 * ["affine"],
    ]
    card = {"id": "mine", "input": {"prealignment": "translation"}}
    assert input_kind("virnet", Model(tmp_path, card, own=True), settings).prealignment == "translation"
    with pytest.raises(InputError, match='model "mine".*"input".*no prealignment \'rigid\''):
        input_kind("virnet", Model(tmp_path, {"id": "mine", "input": {"prealignment": "rigid"}}, own=True), settings)
