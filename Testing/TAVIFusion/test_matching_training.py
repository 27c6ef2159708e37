"""Training of the matching network: pairs of masks with the true map between them, and what a network learns of them."""

import numpy as np
import pytest
import torch

from TAVIFusionLib.alignment.pictures import warped
from TAVIFusionLib.losses.place import place_error
from TAVIFusionLib.metrics import frame_scores
from TAVIFusionLib.networks.checkpoints import load_matching_network
from TAVIFusionLib.phantoms.model_pairs import model_pair
from TAVIFusionLib.training.mask_pairs import PhantomPairs, mask_pair, varied
from TAVIFusionLib.training.model_evaluation import evaluate_model
from TAVIFusionLib.training.run import train
from Testing.TAVIFusion.frame_examples import MATCHING, band, config, model_in, rows


@pytest.mark.parametrize("loss", ["dice", "dice+place"])
def test_the_matching_network_learns(loss, tmp_path):
    values = {**MATCHING, "loss": loss, "steps": 80, "batch": 8, "validate_every": 80, "checkpoint_every": 80}
    network = {**MATCHING["network"], "filters": [4] * 9, "hidden": 16}
    settings = config({**values, "network": network, "schedule": "constant", "augmentation": False})
    result = train(settings, tmp_path, device="cpu", threads=1)
    log = rows(tmp_path / "steps.csv")
    assert [name for name in log[0] if name in ("dice", "place")] == loss.split("+")
    losses = [float(row["loss"]) for row in log]
    assert np.mean(losses[-10:]) < 0.85 * np.mean(losses[:10])
    load_matching_network(model_in(result))
    judged = evaluate_model(model_in(result).folder, frames=2, device="cpu", threads=1)["methods"]
    assert set(judged) == {"network", "identity"}
    assert all(0 < figures["place_percent"]["mean"] < 30 for figures in judged.values())


def test_mask_pairs_show_one_vessel_at_two_places_the_fixed_one_in_part():
    mask = band(3, 96)[1]
    pair = mask_pair(mask, np.random.default_rng(1))
    assert pair.moving.dtype == pair.fixed.dtype == bool
    assert pair.fixed[mask].mean() > 0.6 and pair.fixed[~mask].mean() < 0.02 and not np.array_equal(pair.moving, mask)
    assert not mask_pair(np.zeros((32, 32), bool), np.random.default_rng(1)).fixed.any()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_true_map_of_a_pair_lays_the_moving_mask_on_the_vessel(seed):
    for pair in (mask_pair(band(3, 96)[1], np.random.default_rng(seed)), model_pair(seed, 64)):
        other = varied(pair, np.random.default_rng(seed))
        assert not np.array_equal(other.fixed, pair.fixed)
        for one in (pair, other):
            recall = frame_scores(warped(one.moving, one.matrix), one.fixed)["recall"]
            assert recall > 0.85 and recall > frame_scores(one.moving.astype(np.float32), one.fixed)["recall"]


def test_a_pair_of_model_and_vessel_is_the_same_each_time_and_kept(tmp_path):
    source = PhantomPairs(64, "lower", "held out", 5, 2, str(tmp_path))
    first = source[1]
    assert [path.name for path in tmp_path.iterdir()] == ["lower-held_out-pair-64-6.npz"]
    for again in (source[1], model_pair(6, 64, "lower", "held out")):
        assert all(np.array_equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))
    assert 0.006 <= first.fixed.mean() < 0.5 and first.moving.any()


def test_the_place_of_a_map_is_judged_over_the_vessel():
    fixed = torch.zeros(1, 1, 32, 32)
    fixed[..., 20:30] = 1
    true = torch.tensor([[[1.0, 0, 0], [0, 1, 0]]])
    shifted = true + torch.tensor([[[0, 0, 0.3], [0, 0, 0.4]]])
    assert float(place_error(true, true, fixed)) < 1e-3
    assert float(place_error(shifted, true, fixed)) == pytest.approx(0.5, abs=1e-3)
    turned = torch.tensor([[[1.0, 0, 0], [0, 1.2, 0]]])  # wrong by a fifth of the distance from the middle row
    assert 0.05 < float(place_error(turned, true, fixed)) < 0.15
