"""The multilevel network: parameters, levels, composition, progressive training."""

import pytest
import torch
from torch import nn

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.networks.unet import UNet, halved, normalized_relu
from LungRegistrationLib.networks.virnet import MultilevelRegistrationNetwork
from Testing.LungRegistration.plain_networks import plain_virnet

SMALL = (2, 4, 8, 16)


def hu_pair(shape=(32, 64, 32), n=1, seed=0) -> tuple[torch.Tensor, torch.Tensor]:
    fixed, moving = 1000 * torch.rand(2, n, 1, *shape, generator=torch.Generator().manual_seed(seed)) - 1000
    return fixed, moving


class Translation(nn.Module):
    """Stands for a trained level: always the same displacement (voxels of its level). Keeps what it saw."""

    def __init__(self, *components: float):
        super().__init__()
        self.components = torch.tensor(components).view(1, 3, 1, 1, 1)
        self.poolings = 3

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        self.seen = pair
        return self.components.expand(len(pair), 3, *pair.shape[2:]).clone()


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_parameters_per_level(levels):
    with torch.device("meta"):
        network = MultilevelRegistrationNetwork(levels)
    assert sum(p.numel() for p in network.parameters()) == levels * 1_401_027


def test_fields_equal_the_plain_reference():
    torch.manual_seed(0)
    network = MultilevelRegistrationNetwork()
    fixed, moving = hu_pair()
    with torch.no_grad():
        fields, expected = network(fixed, moving), plain_virnet(network.state_dict(), fixed, moving)
    assert [tuple(f.shape) for f in fields] == [(1, 3, 32, 64, 32), (1, 3, 16, 32, 16), (1, 3, 8, 16, 8)]
    torch.testing.assert_close(fields[0], expected, rtol=1e-3, atol=1e-3)
    assert float(expected.std()) > 0.1


def test_a_translation_is_recovered_by_composition_and_the_image_warped_at_full_size():
    network = MultilevelRegistrationNetwork(levels=2)
    coarse, fine = Translation(1.0, 0.0, -1.0), Translation(0.5, 0.25, 1.0)
    network.networks = nn.ModuleList([fine, coarse])
    shape = (32, 48, 64)
    voxels = torch.tensor([63 / 31, 47 / 23, 31 / 15])  # of the fine grid in one of the coarse grid, (x, y, z)
    ramp = torch.arange(64.0).view(1, 1, 1, 1, 64).expand(1, 1, *shape)
    fields = network(torch.zeros(1, 1, *shape), ramp)
    total = torch.tensor([1.0, 0.0, -1.0]) * voxels + torch.tensor([0.5, 0.25, 1.0])
    torch.testing.assert_close(fields[0], total.view(1, 3, 1, 1, 1).expand_as(fields[0]))
    torch.testing.assert_close(fields[1], coarse.components.expand_as(fields[1]))
    moved = fine.seen[0, 0, 10, 10]  # what the finest level sees is moving(x + coarse displacement)
    torch.testing.assert_close(moved[:60], torch.arange(60.0) + 63 / 31, atol=1e-4, rtol=0)


def test_the_fine_level_acts_first_on_points():
    """u(x) = u_fine(x) + u_coarse(x + u_fine(x)): a coarse field that grows along x is read where the fine one leads."""

    class Ramp(Translation):
        def forward(self, pair: torch.Tensor) -> torch.Tensor:
            field = torch.zeros(len(pair), 3, *pair.shape[2:])
            field[:, 0] = 0.1 * torch.arange(pair.shape[4])
            return field

    network = MultilevelRegistrationNetwork(levels=2)
    network.networks = nn.ModuleList([Translation(4.0, 0.0, 0.0), Ramp(0.0, 0.0, 0.0)])
    u = network(*hu_pair((32, 32, 32)))[0][0, 0, 5, 5]
    torch.testing.assert_close(u[:27], 4 + 0.1 * (torch.arange(27.0) + 4))


def test_levels_are_trained_one_after_the_other():
    torch.manual_seed(1)
    network = MultilevelRegistrationNetwork(levels=3, channels=SMALL)
    fixed, moving = hu_pair()
    for level, fields_so_far in ((3, 1), (2, 2), (1, 3)):
        network.begin_level(level)
        fields = network(fixed, moving)
        assert len(fields) == fields_so_far and fields[0].shape[2] == 32 // 2 ** (level - 1)
        if level < 3:
            start = network.network(level + 1).state_dict()
            assert all(torch.equal(start[k], v) for k, v in network.network(level).state_dict().items())
        network.zero_grad()
        fields[0].square().mean().backward()
        for number in (1, 2, 3):
            has_gradient = [p.grad is not None for p in network.network(number).parameters()]
            assert all(has_gradient) if number == level else not any(has_gradient)
        torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=1e-3).step()


def test_a_network_without_its_finer_levels_stops_where_it_is_trained():
    network = MultilevelRegistrationNetwork(levels=3, finest=2, channels=SMALL)
    assert [f.shape[2] for f in network(*hu_pair())] == [16, 8]
    for levels, finest in ((4, 1), (0, 1), (2, 3), (2, 0)):
        with pytest.raises(InputError, match="1 to 3 levels"):
            MultilevelRegistrationNetwork(levels, finest)
    with pytest.raises(InputError, match="no level 4"):
        network.begin_level(4)


def test_samples_of_a_batch_do_not_mix_and_gradients_change_nothing():
    torch.manual_seed(2)
    network = MultilevelRegistrationNetwork(levels=2, channels=SMALL)
    fixed, moving = hu_pair((16, 32, 32), n=2)
    with torch.no_grad():
        both = network(fixed, moving)[0]
        alone = network(fixed[1:], moving[1:])[0]
    torch.testing.assert_close(both[1:], alone, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(network(fixed, moving)[0].detach(), both, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(network(fixed[1:], moving[1:])[0].detach(), alone, rtol=1e-3, atol=1e-3)


def test_mixed_precision_keeps_fields_in_full_precision():
    torch.manual_seed(3)
    network = MultilevelRegistrationNetwork(levels=2, channels=SMALL)
    fixed, moving = hu_pair((16, 32, 32))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.no_grad():
            fields = network(fixed, moving)
        network(fixed, moving)[0].square().mean().backward()
    assert all(f.dtype == torch.float32 and bool(torch.isfinite(f).all()) for f in fields)
    exact = network(fixed, moving)[1].detach()
    assert float((fields[1] - exact).abs().mean()) < 0.1 * float(exact.abs().mean())
    assert all(bool(torch.isfinite(p.grad).all()) for p in network.parameters())


@pytest.mark.parametrize("n", [1, 2])
def test_normalization_is_that_of_each_channel_of_each_sample(n):
    x = 5 + 3 * torch.randn(n, 4, 6, 8, 10, generator=torch.Generator().manual_seed(3))
    expected = ((x - x.mean((2, 3, 4), keepdim=True)) / (x.var((2, 3, 4), correction=0, keepdim=True) + 1e-5).sqrt()).relu()
    torch.testing.assert_close(normalized_relu(x.clone()), expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(normalized_relu(x.clone().requires_grad_() * 1).detach(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gradient", [False, True])
def test_a_single_voxel_is_its_own_mean(gradient):
    unet = UNet(channels=SMALL).requires_grad_(gradient)
    assert bool(torch.isfinite(unet(torch.randn(1, 2, 8, 8, 8))).all())


def test_halving_averages_blocks_of_eight():
    x = torch.randn(2, 3, 4, 6, 8)
    torch.testing.assert_close(halved(x), nn.functional.avg_pool3d(x, 2))


@pytest.mark.parametrize(("levels", "shape"), [(3, (192, 160, 200)), (3, (48, 32, 32)), (2, (24, 16, 16)), (1, (8, 8, 12))])
def test_sizes_that_it_cannot_take(levels, shape):
    with torch.device("meta"), pytest.raises(InputError, match=f"multiples of {2 ** (3 + levels - 1)} voxels"):
        MultilevelRegistrationNetwork(levels)(torch.zeros(1, 1, *shape), torch.zeros(1, 1, *shape))
