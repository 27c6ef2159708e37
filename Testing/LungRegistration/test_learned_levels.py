"""A network's fields from coarse to fine: in physical space, with the linear part, in the user's direction."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.geometry.displacement import displacement_at, transform_points
from LungRegistrationLib.geometry.linear import translation
from LungRegistrationLib.learned.network_fit import fit_network
from LungRegistrationLib.network_settings import NetworkSettings
from LungRegistrationLib.pipeline import register
from LungRegistrationLib.search.frame import Pair
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.learned_examples import (
    POINTS,
    install,
    lattice_of,
    shifted_pair,
    shifting_network,
)
from Testing.LungRegistration.registration_examples import grid_image

START_MM = np.array([4.0, -6.0, 3.0])
REST_MM = np.array([-3.0, 5.0, 9.0])
SHIFT_MM = START_MM + REST_MM
SHARES = {"virnet": [2 / 3, 1], "rrn": [0, 0, 1], "voxelmorph": [1]}  # of the rest, that shifting_network knows at each level


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))


@pytest.fixture(scope="module")
def pair() -> tuple[sitk.Image, ...]:
    moving = grid_image(size=50, spacing_mm=3.2)
    moving.SetOrigin((np.array(moving.GetOrigin()) + SHIFT_MM).tolist())
    return shifted_pair(grid_image(size=54), moving, SHIFT_MM)


def run(pair, method: str, start_mm: np.ndarray, progress: Progress | None = None, **network: object) -> list[sitk.Image]:
    fixed, moving, fixed_mask, moving_mask = pair
    chosen = RegistrationSettings(method=method, network=NetworkSettings(**network), field_spacing_mm=5.0)  # type: ignore[arg-type]
    masks = {"fixed_mask": fixed_mask, "moving_mask": moving_mask, "initial_transform": translation(start_mm)}
    result = register(fixed, moving, **masks, settings=chosen, device="cpu", levels=True, progress=progress)
    assert result.network is not None
    return result.network.levels


@pytest.mark.parametrize("method", ["virnet", "rrn", "voxelmorph"])
def test_levels_come_coarse_to_fine_and_the_last_is_the_networks_field(pair, method):
    install(method, shifting_network(method, REST_MM, lattice_of(pair, method, START_MM)))
    levels = run(pair, method, START_MM)
    assert len(levels) == len(SHARES[method])
    spacings = [level.GetSpacing()[0] for level in levels]
    assert spacings == sorted(spacings, reverse=True) and len(set(spacings)) == len(spacings)
    for level, share in zip(levels, SHARES[method], strict=True):
        there = transform_points(level, POINTS)
        np.testing.assert_allclose(there - POINTS, np.tile(START_MM + share * REST_MM, (len(POINTS), 1)), atol=0.02)
        corner = np.array([pair[0].TransformIndexToPhysicalPoint((0, 0, 0))])
        np.testing.assert_allclose(displacement_at(level, corner)[0], START_MM + share * REST_MM, atol=0.02)


def test_exchanged_roles_give_the_inverse_levels(pair):
    """The network still sees the larger lungs as the fixed ones: its levels are turned round."""
    install("virnet", shifting_network("virnet", REST_MM, lattice_of(pair, "virnet", START_MM)))
    levels = run((pair[1], pair[0], pair[3], pair[2]), "virnet", -START_MM)
    for level, share in zip(levels, SHARES["virnet"], strict=True):
        back = transform_points(level, POINTS + SHIFT_MM)
        np.testing.assert_allclose(back - POINTS - SHIFT_MM, np.tile(-START_MM - share * REST_MM, (len(POINTS), 1)), atol=0.05)


def test_levels_of_fitted_weights_are_those_of_the_lowest_loss(pair):
    """The fit diverges: what counts is its beginning, which is the model's own field."""
    install("virnet", shifting_network("virnet", REST_MM, lattice_of(pair, "virnet", START_MM)))
    network = NetworkSettings(instance_optimization="weights", steps=2, learning_rate=1.0)
    both = Pair(*pair, None, translation(START_MM))
    _, _, run = fit_network(both, True, RegistrationSettings(method="virnet", network=network), "cpu", Progress(), levels=True)
    losses = run.facts["instance_optimization"]["loss"]
    assert min(losses) == losses[0]
    for level, share in zip(run.levels, SHARES["virnet"], strict=True):
        there = transform_points(level, POINTS)
        np.testing.assert_allclose(there - POINTS, np.tile(START_MM + share * REST_MM, (len(POINTS), 1)), atol=0.02)


def test_without_a_network_there_are_none_and_that_is_said(pair):
    progress = Progress()
    options = {"size_xyz": (16, 16, 16), "instance_optimization": "field", "steps": 1, "model": "untrained"}
    assert run(pair, "virnet", START_MM, progress, **options) == []
    assert any("no fields per level" in text for text in progress.warnings)
