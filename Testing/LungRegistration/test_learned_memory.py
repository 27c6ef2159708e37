"""Memory that runs out in the middle: smaller parts where they help, else a message that says what takes less."""

import pytest
import torch

from CorrespondCoreLib.errors import InputError, OutOfMemory
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.learned import network_fit
from LungRegistrationLib.learned.models import size_multiple
from LungRegistrationLib.learned.network_fit import fit_network
from LungRegistrationLib.learned.network_memory import needed_network_gb, network_memory_errors
from LungRegistrationLib.network_settings import NetworkSettings
from LungRegistrationLib.networks import cost_volume
from LungRegistrationLib.networks.cost_volume import CPU_ELEMENTS, Parts, local_cost_volume
from LungRegistrationLib.search.frame import Pair
from LungRegistrationLib.settings import RegistrationSettings
from Testing.LungRegistration.learned_examples import SIZES, install, small_network
from Testing.LungRegistration.registration_examples import grid_image, scan

GPU_FULL = torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))


def short_of_memory(monkeypatch, function: str, enough: int) -> list[int]:
    """Let a part of the cost volume fail as a full GPU does until at most so many elements are asked for; returns what was."""
    real, asked = getattr(cost_volume, function), []

    def strict(*args):
        asked.append(args[-1])
        if args[-1] > enough:
            raise GPU_FULL
        return real(*args)

    monkeypatch.setattr(cost_volume, function, strict)
    return asked


def test_the_cost_volume_falls_to_smaller_parts_with_the_same_result_and_gradients(monkeypatch):
    torch.manual_seed(0)
    fixed, moving = (torch.randn(1, 3, 8, 9, 10, requires_grad=True) for _ in range(2))
    expected = local_cost_volume(fixed, moving)
    weight = torch.randn_like(expected)
    gradients = torch.autograd.grad((expected * weight).sum(), (fixed, moving))
    asked = short_of_memory(monkeypatch, "_costs", 5000)
    asked_back = short_of_memory(monkeypatch, "_gradients", 2000)
    parts = Parts()
    costs = local_cost_volume(fixed, moving, parts=parts)
    assert asked == [CPU_ELEMENTS // 8**n for n in range(4)] and asked[-1] <= 5000
    torch.testing.assert_close(costs, expected)
    for ours, plain in zip(torch.autograd.grad((costs * weight).sum(), (fixed, moving)), gradients, strict=True):
        torch.testing.assert_close(ours, plain)
    assert parts.shrunk and parts.elements == asked_back[-1] == 9 * 10 * 10  # one slice
    local_cost_volume(fixed, moving, parts=parts)
    assert asked[-1] == 900 and len(asked) == 5, "it remembers what fits"


def test_where_one_slice_is_too_much_the_error_stays(monkeypatch):
    short_of_memory(monkeypatch, "_costs", 0)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        local_cost_volume(torch.rand(1, 2, 4, 4, 4), torch.rand(1, 2, 4, 4, 4))


@pytest.fixture(scope="module")
def pair() -> Pair:
    (fixed, fixed_mask), (moving, moving_mask) = (scan(grid_image(size=40, spacing_mm=3.5), role) for role in (True, False))
    return Pair(fixed, moving, fixed_mask, moving_mask, None, None)


def test_a_run_on_a_full_gpu_goes_on_and_says_so(pair, monkeypatch):
    install("rrn", small_network("rrn"))
    short_of_memory(monkeypatch, "_costs", 12 * 12 * 12)
    progress = Progress()
    _, _, run = fit_network(pair, True, RegistrationSettings(method="rrn"), "cpu", progress)
    assert run.facts["size_xyz"] == SIZES["rrn"]
    assert any("smaller parts, with the same result" in text for text in progress.warnings)


@pytest.mark.parametrize("error", [GPU_FULL, RuntimeError("DefaultCPUAllocator: can't allocate memory"), MemoryError()])
@pytest.mark.parametrize(
    ("optimization", "offer"),
    [("weights", "of the field instead of the weights, or none"), ("field", "no instance optimization")],
)
def test_memory_that_runs_out_in_the_middle_of_a_fit_is_explained(pair, monkeypatch, error, optimization, offer):
    install("voxelmorph", small_network("voxelmorph"))
    real = network_fit.FitCurve.__call__

    def full_at_step_2(curve, step, loss, field):
        if step == 2:
            raise error
        real(curve, step, loss, field)

    monkeypatch.setattr(network_fit.FitCurve, "__call__", full_at_step_2)
    network = NetworkSettings(instance_optimization=optimization, steps=4, size_xyz=(32, 24, 16))
    words = f"memory of cpu ran out.* 32 x 24 x 16 voxels.*smaller size, for example 24 16 8.*{offer}.*method search"
    with pytest.raises(OutOfMemory, match=words) as caught:
        fit_network(pair, True, RegistrationSettings(method="voxelmorph", network=network), "cpu", Progress())
    assert "processor" not in str(caught.value)


def test_on_a_graphics_card_the_processor_is_offered_and_other_errors_pass():
    words = "size, for example 192 192 192, or the processor .device cpu., or the method search"
    with pytest.raises(OutOfMemory, match=words), network_memory_errors("rrn", (256, 256, 256), 16, "none", "cuda"):
        raise GPU_FULL
    with pytest.raises(RuntimeError, match="shape"), network_memory_errors("rrn", (256, 256, 256), 16, "none", "cuda"):
        raise RuntimeError("shape mismatch")
    assert needed_network_gb("rrn", (192, 192, 192), "none") < 0.7 * needed_network_gb("rrn", (256, 256, 256), "none")


@pytest.mark.parametrize("method", ["rrn", "virnet", "voxelmorph"])
def test_multiples_are_known_without_the_network(method):
    from LungRegistrationLib.networks.checkpoints import NETWORKS

    small = small_network(method)
    assert size_multiple(method, install(method, small)) == small.multiple
    with torch.device("meta"):
        assert size_multiple(method, None) == NETWORKS[method]().multiple
    model = install(method, small)
    model.card["network"] |= {"channels": 3, "pyramid_channels": 3, "encoder": 3}
    with pytest.raises(InputError, match='entry "network" that cannot be read'):
        size_multiple(method, model)
