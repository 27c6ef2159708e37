"""The figures by which a network is judged, on fields whose figures are known."""

import numpy as np
import pytest
import torch
from torch import nn

from CorrespondCoreLib.metrics import mean_with_interval
from LungRegistrationLib.training.step import make_objective
from LungRegistrationLib.training.validation import judged, validate
from Testing.LungRegistration.training_examples import blank_pair


class Shift(nn.Module):
    """Displaces everything by so many voxels (x, y, z); with `fold`, x is turned round."""

    def __init__(self, voxels, fold=False):
        super().__init__()
        self.voxels, self.fold = torch.tensor(voxels), fold

    def forward(self, fixed, moving):
        field = self.voxels.view(1, 3, 1, 1, 1).expand(1, 3, *fixed.shape[2:]).clone()
        if self.fold:
            field[:, 0] -= 2 * torch.arange(fixed.shape[4])
        return [field]


CPU = torch.device("cpu")


def test_a_field_of_nothing_leaves_what_the_linear_part_left():
    figures = judged(Shift([0.0, 0.0, 0.0]), blank_pair(), CPU)
    assert figures["tre_before_mm"] == pytest.approx(5) and figures["tre_prealigned_mm"] == figures["tre_mm"] == pytest.approx(3)
    assert figures["folding_percent"] == 0 and figures["dice"] == figures["dice_before"] == 1


def test_voxels_are_mm_of_the_lattice():
    figures = judged(Shift([1.5, 0.0, 0.0]), blank_pair(), CPU)  # 3 mm
    assert figures["tre_mm"] == pytest.approx(0, abs=1e-5)
    assert figures["dice"] < figures["dice_before"]


def test_folding_is_seen():
    assert judged(Shift([0.0, 0.0, 0.0], fold=True), blank_pair(), CPU)["folding_percent"] == 100


def test_validation_means_over_pairs_and_leaves_the_network_in_its_mode():
    network = Shift([1.5, 0.0, 0.0]).train()
    objective = make_objective({"name": "correlation", "window": 5})
    figures = validate(network, objective, [blank_pair(), blank_pair()], CPU)
    assert figures["tre_mm"] == pytest.approx(0, abs=1e-5) and network.training
    same = validate(Shift([0.0, 0.0, 0.0]), objective, [blank_pair()], CPU)  # two equal images
    assert same["loss"] == pytest.approx(0, abs=0.05) and figures["loss"] > same["loss"] + 0.3


def test_intervals_hold_the_mean_are_reproducible_and_narrow_with_more_pairs():
    values = np.random.default_rng(0).normal(2, 1, 400)
    few, many = mean_with_interval(values[:20]), mean_with_interval(values)
    assert few["low"] < few["mean"] < few["high"] and few == mean_with_interval(values[:20])
    assert many["high"] - many["low"] < (few["high"] - few["low"]) / 3
    assert many["high"] - many["low"] == pytest.approx(2 * 1.96 / 20, rel=0.15)  # of a normal distribution
