"""The matching network that is shipped: whole, small, honest about itself, and able to lay models on vessels it never saw."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from CorrespondCoreLib.models import ModelStore
from TAVIFusionLib.alignment.affine import align_affine
from TAVIFusionLib.networks.checkpoints import load_matching_network
from TAVIFusionLib.networks.transformer import IDENTITY, pixel_matrix
from TAVIFusionLib.phantoms.model_pairs import model_pair
from TAVIFusionLib.training.config import TrainingConfig
from TAVIFusionLib.training.frames import HELD_OUT
from TAVIFusionLib.vessel_finder import SHIPPED, installed_models

MEASURES = Path(__file__).parents[2] / "TAVIFusion" / "Documentation" / "TAVIMeasures.md"


@pytest.fixture(scope="module")
def model():
    return ModelStore([SHIPPED]).get("xa-matching-compact")


def test_the_model_is_whole_and_small_and_its_card_tells_what_it_is(model):
    assert not model.own and model.weights().stat().st_size < 3e6
    card = model.card
    assert "never saw a patient" in card["trained_on"] and "research" in card["description"] and "clinical" in card["limits"]
    settings = TrainingConfig.from_json(card["training"]["config"])
    assert replace(settings, bfloat16=False) == TrainingConfig.from_json("ours_matching")
    network, still = (card["held_out"]["figures"][name] for name in ("network", "identity"))
    assert card["held_out"]["phantoms"] >= 100
    assert network["place_percent"]["high"] < 0.5 * still["place_percent"]["low"] and network["dsc"]["low"] >= 0.8
    assert [one.id for one in installed_models("matching") if not one.own] == [model.id]


def test_it_lays_models_on_vessels_that_it_never_saw(model):
    network = load_matching_network(model)
    off = []
    for seed in range(HELD_OUT, HELD_OUT + 12):
        pair = model_pair(seed, 128, family="held out")
        rows, columns = np.nonzero(pair.fixed)
        vessel = np.column_stack([columns, rows, np.ones(len(rows))])
        there = vessel @ np.linalg.inv(np.vstack([pair.matrix, [0, 0, 1]]))[:2].T  # of the moving picture, lies on the vessel
        found = align_affine(pair.moving, pair.fixed, "network", network)
        off.append([np.linalg.norm(p - vessel[:, :2], axis=1).mean() for p in (found.apply(there), there)])
    network_px, still_px = np.mean(off, axis=0)
    assert network_px < 0.5 * still_px and network_px < 5.0


def test_it_is_trained_and_masks_without_a_vessel_give_a_map_too(model):
    network = load_matching_network(model).eval()
    empty = torch.zeros(1, 1, 64, 64)
    with torch.inference_mode():
        assert np.isfinite(pixel_matrix(network(empty, empty)[0].numpy(), (64, 64))).all()
    assert not torch.equal(network.last.bias, torch.tensor(IDENTITY).flatten())


def test_the_documentation_states_the_figures_of_the_card(model):
    text = MEASURES.read_text(encoding="utf-8")
    figures = model.card["held_out"]["figures"]
    for method in ("network", "identity"):
        dsc, place = (figures[method][name]["mean"] for name in ("dsc", "place_percent"))
        assert f"DSC {dsc:.2f}, {place:.1f} %" in text
