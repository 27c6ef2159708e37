"""What makes a short training on a CPU possible: bfloat16, a rate that falls, keypoints at the coarsest level."""

import pytest
import torch

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.training.config import TrainingConfig
from LungRegistrationLib.training.learning_rate import rate_at
from LungRegistrationLib.training.pairs import validation_pairs
from LungRegistrationLib.training.precision import Precision
from LungRegistrationLib.training.start import make_network
from LungRegistrationLib.training.step import PairTensors, loss_terms, make_objective
from Testing.LungRegistration.training_examples import VIRNET, config

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def pair():
    return PairTensors.of(validation_pairs(config())[0], CPU)


def terms(pair, level, **changes):
    settings = config(**changes)
    network = make_network(settings)
    network.begin_level(level)
    with Precision(settings, CPU).layers():
        return loss_terms(network, make_objective(settings.objective), pair, level, 2)


def test_layers_in_bfloat16_give_nearly_the_same_loss_in_float32(pair):
    exact, rounded = terms(pair, 1), terms(pair, 1, bfloat16_on_cpu=True)
    for name, value in exact.items():
        assert rounded[name].dtype == torch.float32
        assert rounded[name].item() == pytest.approx(value.item(), rel=0.05), name
        assert rounded[name].item() != value.item(), name


def test_images_and_fields_are_not_rounded(pair):
    """A network that finds nothing has the loss of the images themselves, whatever its layers compute in."""
    still = []
    for bfloat16 in (False, True):
        settings = config(bfloat16_on_cpu=bfloat16)
        network = make_network(settings)
        network.begin_level(1)
        for unet in network.networks:
            torch.nn.init.zeros_(unet.head.weight)
        with Precision(settings, CPU).layers():
            still.append(loss_terms(network, make_objective(settings.objective), pair, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(still[0].values(), still[1].values(), strict=True))


def test_the_scale_of_the_loss_is_for_float16_alone():
    precision = Precision(config(bfloat16_on_cpu=True), CPU)
    assert precision.scaler.scale(torch.tensor(3.0)).item() == 3.0 and precision.lost_steps == 0
    precision.restore({"scale": 1024.0})
    assert precision.scaler.state_dict() == {}


def test_the_rate_falls_along_half_a_cosine_to_the_last_one():
    falling = config(last_learning_rate=1e-4)
    rates = [rate_at(falling, step, 11) for step in range(11)]
    assert rates[0] == pytest.approx(3e-3) and rates[-1] == pytest.approx(1e-4)
    assert rates[5] == pytest.approx((3e-3 + 1e-4) / 2) and rates == sorted(rates, reverse=True)
    assert rate_at(falling, 0, 1) == pytest.approx(3e-3)
    assert {rate_at(config(), step, 11) for step in range(11)} == {3e-3}


def test_keypoints_count_at_the_coarsest_level_where_that_is_wanted(pair):
    wanted = {"name": "anatomical", "keypoints_at_coarsest": True}
    assert "keypoints" not in terms(pair, 2) and terms(pair, 2, objective=wanted)["keypoints"].item() > 0
    assert terms(pair, 1)["keypoints"].item() == terms(pair, 1, objective=wanted)["keypoints"].item()


@pytest.mark.parametrize("rate", [-1e-5, 4e-3])
def test_a_last_rate_above_the_first_or_below_0_is_refused(rate):
    with pytest.raises(InputError, match="last_learning_rate: .* cannot work; give null, or a number from 0 to learning_rate"):
        TrainingConfig.from_json({**VIRNET, "last_learning_rate": rate})
