"""Losses on images: zeros, invariances and weights that follow from their definitions. Fields and images come in batches."""

import pytest
import torch
from torch import nn

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.geometry.filters import gaussian
from LungRegistrationLib.losses.lncc import lncc_loss
from LungRegistrationLib.losses.ngf import automatic_edge, ngf_loss

SPACING = (1.0, 1.5, 2.0)


def images(n=2, seed=0, shape=(14, 16, 18)) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.cat([gaussian(torch.randn(1, 1, *shape, generator=generator), 1.0) for _ in range(n)])


def ramp(axis: int, slope: float, shape=(10, 11, 12)) -> torch.Tensor:
    """An image that rises along an axis (0 = x) by so much per voxel."""
    view = [1, 1, 1, 1, 1]
    view[4 - axis] = shape[2 - axis]
    return (slope * torch.arange(float(shape[2 - axis])).view(view)).expand(1, 1, *shape)


@pytest.mark.parametrize("window", [5, 9, 11])
def test_lncc_is_0_for_affinely_related_images_and_1_for_flat_ones(window):
    image = images()
    assert float(lncc_loss(image, image, window)) < 1e-3
    assert float(lncc_loss(image, 0.5 - 2 * image, window)) < 1e-3
    assert float(lncc_loss(image, torch.full_like(image, 0.7), window)) == 1


def test_lncc_is_the_mean_squared_correlation_of_all_windows():
    pair = [images(1, seed, (7, 8, 9)) for seed in (1, 2)]
    windows = [nn.functional.pad(v, [2] * 6, mode="replicate")[0, 0] for v in pair]
    windows = [w.unfold(0, 5, 1).unfold(1, 5, 1).unfold(2, 5, 1).reshape(-1, 125).double() for w in windows]
    f, w = (v - v.mean(dim=1, keepdim=True) for v in windows)
    squared = (f * w).sum(dim=1) ** 2 / (f.square().sum(dim=1) * w.square().sum(dim=1))
    assert float(lncc_loss(*pair, 5, eps=0.0)) == pytest.approx(1 - float(squared.mean()), rel=1e-4)


def test_lncc_of_a_batch_is_the_mean_of_its_volumes_and_falls_towards_alignment():
    fixed, moving = images(), images(seed=5)
    each = [float(lncc_loss(f[None], m[None])) for f, m in zip(fixed, moving, strict=True)]
    assert float(lncc_loss(fixed, moving)) == pytest.approx(sum(each) / 2)
    losses = [float(lncc_loss(fixed, torch.roll(fixed, s, dims=4), 5)) for s in (0, 1, 2)]
    assert losses[0] < losses[1] < losses[2]


def test_lncc_has_a_gradient_on_images_with_flat_parts():
    fixed, moving = images(), images(seed=5)
    fixed[..., :9] = 0
    moving[..., 5:] = 1
    moving.requires_grad_()
    lncc_loss(fixed, moving).backward()
    assert bool(torch.isfinite(moving.grad).all()) and bool(moving.grad.any())


@pytest.mark.parametrize("window", [4, 1, 0])
def test_lncc_refuses_windows_without_a_center(window):
    with pytest.raises(InputError, match="odd number"):
        lncc_loss(images(), images(), window)


def test_ngf_is_0_for_identical_images_and_1_for_perpendicular_edges():
    image = 300 * images()
    assert float(ngf_loss(image, image, SPACING, 1.0)) == pytest.approx(0, abs=1e-6)
    assert float(ngf_loss(ramp(0, 100.0), ramp(1, 100.0), SPACING, 0.01)) == pytest.approx(1, abs=1e-4)


def test_ngf_adds_the_square_of_the_edge_parameter_once():
    """Slopes a along x and b along y: 1 - e^4 / ((a^2 + e^2)(b^2 + e^2)) inside."""
    a, b, e = 3.0, 2.0, 1.5
    fixed, moving = ramp(0, a * SPACING[0], (40, 40, 40)), ramp(1, b * SPACING[1], (40, 40, 40))
    expected = 1 - e**4 / ((a * a + e * e) * (b * b + e * e))
    inside = torch.zeros(1, 1, 40, 40, 40)
    inside[..., 1:-1, 1:-1, 1:-1] = 1
    assert float(ngf_loss(fixed, moving, SPACING, e, inside)) * 40**3 / 38**3 == pytest.approx(expected, rel=1e-4)


def test_ngf_in_a_mask_keeps_its_proportion_to_the_whole_volume():
    fixed, moving = 300 * images(), 300 * images(seed=3)
    mask = torch.zeros_like(fixed)
    mask[..., :9] = 1
    inside, outside = ngf_loss(fixed, moving, SPACING, 1.0, mask), ngf_loss(fixed, moving, SPACING, 1.0, 1 - mask)
    assert float(inside + outside) == pytest.approx(float(ngf_loss(fixed, moving, SPACING, 1.0)), rel=1e-5)


def test_the_automatic_edge_parameter_is_the_noise_times_the_mean_slope_of_each_volume():
    volumes = torch.cat([ramp(2, 10.0, (50, 6, 6)), ramp(2, 20.0, (50, 6, 6))])
    mask = torch.zeros_like(volumes)
    mask[:, :, 1:-1] = 1
    edge = automatic_edge(volumes, SPACING, noise=0.5, mask=mask)
    torch.testing.assert_close(edge, torch.tensor([0.5 * 10 / 2, 0.5 * 20 / 2]))
    assert float(automatic_edge(volumes, SPACING)[1]) == pytest.approx(10, rel=0.03)  # flat at both ends
    other = torch.roll(volumes, 1, dims=2)
    each = [float(ngf_loss(volumes[i : i + 1], other[i : i + 1], SPACING, float(edge[i]))) for i in (0, 1)]
    assert float(ngf_loss(volumes, other, SPACING, edge)) == pytest.approx(sum(each) / 2)
