"""The baseline: its size, its first field, its component order."""

import pytest
import torch

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.networks.voxelmorph import VoxelMorph

SMALL = {"encoder": (4, 6, 6, 6), "decoder": (6, 6, 6, 6), "last": (6, 4, 4)}


def pair(shape=(16, 32, 48), n=1) -> tuple[torch.Tensor, torch.Tensor]:
    fixed, moving = torch.rand(2, n, 1, *shape, generator=torch.Generator().manual_seed(0))
    return fixed, moving


def test_parameters():
    with torch.device("meta"):
        assert sum(p.numel() for p in VoxelMorph().parameters()) == 327_331  # of the public code's default, without integration


def test_starts_from_about_the_identity():
    torch.manual_seed(0)
    with torch.no_grad():
        (field,) = VoxelMorph(**SMALL)(*pair())
    assert field.shape == (1, 3, 16, 32, 48)
    assert 0 < float(field.abs().max()) < 1e-3


def test_every_parameter_influences_the_field_and_samples_do_not_mix():
    torch.manual_seed(1)
    network = VoxelMorph(**SMALL)
    fixed, moving = pair(n=2)
    (both,) = network(fixed, moving)
    torch.testing.assert_close(both[1:], network(fixed[1:], moving[1:])[0], rtol=1e-4, atol=1e-9)
    (both * torch.arange(both.numel()).view_as(both)).mean().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_sizes_that_it_cannot_take():
    with pytest.raises(
        InputError, match="VoxelMorph takes volumes whose sides are multiples of 16 voxels; this pair has 16 x 16 x 8"
    ):
        VoxelMorph(**SMALL)(*pair((16, 16, 8)))
