"""About how long a network will take, before it runs: from what an earlier run took, or from the processor's speed."""

import time

import pytest
import torch

from CorrespondCoreLib.progress import about_text
from LungRegistrationLib.learned.run_time import WORK, Pace, processor_gflops
from LungRegistrationLib.network_settings import NETWORK_METHODS, OPTIMIZATIONS, NetworkSettings
from LungRegistrationLib.networks.checkpoints import NETWORKS

SIZE = (100, 100, 200)  # two million voxels


def report(fit, **seconds):
    return {"network": {"size_xyz": SIZE, "instance_optimization": fit}, "seconds": seconds}


def test_a_run_tells_its_pace_per_voxel_and_step():
    pace = Pace.of_report(report({"steps": 49}, Network=3.0, **{"Fit to this pair": 100.0}))
    assert pace == Pace(1.5, 1.0)  # 50 evaluations: one for each step, one before them
    assert Pace.of_report(report(None, Network=3.0)) == Pace(1.5, None)
    assert Pace.of_report({"seconds": {"Discrete search": 3.0}}) is None


def test_the_same_run_again_is_foretold_and_twice_the_voxels_take_twice_as_long():
    again = NetworkSettings(instance_optimization="field", steps=49)
    pace = Pace.of_report(report({"steps": 49}, Network=3.0, **{"Fit to this pair": 100.0}))
    assert pace.seconds(SIZE, True, again) == pytest.approx(103.0)
    assert pace.seconds((200, 100, 200), True, again) == pytest.approx(206.0)
    assert pace.seconds(SIZE, False, again) == pytest.approx(100.0)  # without trained weights nothing is predicted
    assert pace.seconds(SIZE, True, NetworkSettings()) == pytest.approx(3.0)


def test_what_no_run_has_shown_is_not_foretold():
    assert Pace(prediction_s=1.0).seconds(SIZE, True, NetworkSettings(instance_optimization="weights")) is None
    assert Pace(step_s=1.0).seconds(SIZE, True, NetworkSettings()) is None


@pytest.mark.parametrize("method", NETWORK_METHODS)
def test_the_processors_speed_foretells_a_prediction_within_a_factor_of_four(method):
    size = (64, 64, 64)
    network = NETWORKS[method]().eval()
    images = (torch.rand(1, 1, *size) for _ in range(2))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        start = time.process_time()
        with torch.no_grad():
            network(*images)
        took = time.process_time() - start
    finally:
        torch.set_num_threads(threads)
    foretold = WORK[method]["none"] * 64**3 / 1e6 / processor_gflops(time.process_time)
    assert took / 4 < foretold < took * 4


def test_a_fit_of_the_weights_costs_more_per_step_than_a_prediction():
    for method in NETWORK_METHODS:
        assert set(WORK[method]) == set(OPTIMIZATIONS) and WORK[method]["weights"] > 2 * WORK[method]["none"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (3.4, "3 s"), (42, "40 s"), (58, "1 min"), (433, "7 min"), (1310, "20 min"), (9000, "2.5 h"), (7200, "2 h")],
)
def test_estimates_do_not_pretend_to_be_exact(seconds, text):
    assert about_text(seconds) == text
