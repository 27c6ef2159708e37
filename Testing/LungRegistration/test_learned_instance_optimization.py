"""Fitting to one pair lowers the loss and the distance from the true motion; what was done stands in the facts."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.geometry.linear import centroid_mm, matrix_and_offset, translation
from LungRegistrationLib.learned.network_fit import fit_network
from LungRegistrationLib.network_settings import NetworkSettings
from LungRegistrationLib.search.frame import Pair
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.learned_examples import POINTS, install, small_network
from Testing.LungRegistration.registration_examples import grid_image, moved_point, scan


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))


@pytest.fixture(scope="module")
def pair() -> Pair:
    """Pre-aligned by a translation alone, so that much of the motion is left to the fit."""
    (fixed, fixed_mask), (moving, moving_mask) = (scan(grid_image(size=47, spacing_mm=3.0), role) for role in (True, False))
    return Pair(fixed, moving, fixed_mask, moving_mask, None, translation(centroid_mm(moving_mask) - centroid_mm(fixed_mask)))


def fitted(pair: Pair, method: str, progress: Progress | None = None, **network: object) -> tuple[float, float, dict]:
    """Mean error (mm) of the pre-alignment and of the fit at points in the lung, and the facts of the fit."""
    settings = RegistrationSettings(method=method, network=NetworkSettings(**network))  # type: ignore[arg-type]
    frame, spline, run = fit_network(pair, True, settings, "cpu", progress or Progress())
    matrix, offset = matrix_and_offset(frame.linear)
    found = POINTS + spline.at(torch.as_tensor(POINTS, dtype=torch.float32)).numpy()
    before, after = (np.linalg.norm(p @ matrix.T + offset - moved_point(POINTS), axis=1).mean() for p in (POINTS, found))
    return float(before), float(after), run.facts["instance_optimization"]


@pytest.mark.parametrize("method", ["virnet", "voxelmorph"])
def test_a_field_without_any_network_comes_closer_to_the_motion(pair, method):
    options = {"size_xyz": (24, 22, 28), "steps": 15, "learning_rate": 0.6, "control_spacing_mm": 14.0}
    before, after, facts = fitted(pair, method, model="untrained", instance_optimization="field", **options)
    assert before > 2.8 and after < 0.6 * before
    assert (facts["of"], facts["steps"], facts["learning_rate"], len(facts["loss"])) == ("field", 15, 0.6, 16)
    assert facts["loss"][-1] < 0.8 * facts["loss"][0]
    assert sum(facts["terms"]["before"].values()) == pytest.approx(facts["loss"][0], rel=1e-4)
    assert sum(facts["terms"]["after"].values()) == pytest.approx(min(facts["loss"]), rel=1e-4)
    similarity = {
        "virnet": {"similarity", "curvature", "volume_change", "masks"},
        "voxelmorph": {"similarity", "total_variation"},
    }
    assert set(facts["terms"]["after"]) == similarity[method]


def test_the_weights_of_a_network_are_fitted_to_the_pair_and_the_model_stays_as_it_is(pair):
    model = install("voxelmorph", small_network("voxelmorph"), input={"window_hu": [-1000, -100]})
    weights = model.weights().read_bytes()
    options = {"size_xyz": (24, 24, 32), "steps": 45, "learning_rate": 2e-3}
    before, after, facts = fitted(pair, "voxelmorph", instance_optimization="weights", **options)
    assert set(facts["terms"]["after"]) == {"similarity", "total_variation"}
    assert facts["of"] == "weights" and min(facts["loss"]) < 0.95 * facts["loss"][0]
    assert after < 0.75 * before
    assert model.weights().read_bytes() == weights


def test_landmarks_draw_the_field_of_the_multilevel_objective(pair):
    guided = Pair(
        pair.fixed,
        pair.moving,
        pair.fixed_mask,
        pair.moving_mask,
        (POINTS[:40], moved_point(POINTS[:40])),
        pair.initial_transform,
    )
    options = {"size_xyz": (16, 16, 16), "steps": 6, "learning_rate": 0.6, "control_spacing_mm": 20.0}
    before, after, facts = fitted(guided, "virnet", model="untrained", instance_optimization="field", **options)
    assert facts["terms"]["after"]["keypoints"] < facts["terms"]["before"]["keypoints"]
    assert after < 0.9 * before


def test_the_landmark_error_of_each_step_is_that_of_its_field(pair):
    watched = replace(pair, watched=(POINTS, moved_point(POINTS)))
    options = {"size_xyz": (24, 22, 28), "steps": 5, "learning_rate": 0.6, "control_spacing_mm": 14.0}
    progress = Progress(plot=(points := []).append)
    before, after, facts = fitted(watched, "voxelmorph", progress, model="untrained", instance_optimization="field", **options)
    best = facts["loss"].index(min(facts["loss"]))
    assert facts["tre_mm"][0] == pytest.approx(before, abs=0.01) and facts["tre_mm"][best] == pytest.approx(after, abs=0.05)
    assert [point["tre_mm"] for point in points] == facts["tre_mm"]


def test_a_diverging_fit_is_explained(pair):
    install("voxelmorph", small_network("voxelmorph"))
    with pytest.raises(InputError, match="diverged at step .*learning rate below 1e"):
        fitted(pair, "voxelmorph", instance_optimization="weights", size_xyz=(16, 16, 16), steps=4, learning_rate=1e30)


def test_a_cancel_takes_effect_between_two_steps_and_the_stage_says_what_it_will_take(pair):
    seen: list[str] = []
    progress = Progress(lambda fraction, name: seen.append(name), cancelled=lambda: sum("Fit" in name for name in seen) > 3)
    options = {"size_xyz": (16, 16, 16), "steps": 50}
    with pytest.raises(Cancelled):
        fitted(pair, "voxelmorph", progress, model="untrained", instance_optimization="field", **options)
    assert "Fit to this pair (about 0.8 GB" in seen[-1]
    assert "Fit to this pair" in progress.seconds
