"""Descriptors and distances: invariances and zeros that hold by definition."""

import pytest
import torch

from LungRegistrationLib.geometry.filters import box, gaussian, gradient
from LungRegistrationLib.losses.lncc import lncc_loss, standardized
from LungRegistrationLib.losses.mind import PAIRS, mind_ssc
from LungRegistrationLib.losses.ngf import gradient_tensor, ngf_loss, normalized_gradient

SPACING = (1.0, 1.5, 2.0)


@pytest.fixture
def volume() -> torch.Tensor:
    torch.manual_seed(0)
    return gaussian(torch.randn(1, 1, 20, 22, 24) * 500, 1.0) - 600


def test_mind_has_twelve_channels_between_0_and_1(volume):
    d = mind_ssc(volume)
    assert d.shape == (1, 12, 20, 22, 24) and len(PAIRS) == 12
    assert float(d.min()) > 0 and float(d.max()) <= 1
    assert torch.all(d.amax(dim=1) == 1)  # the most similar pair of neighbors


def test_mind_is_unchanged_by_affine_changes_of_intensity(volume):
    torch.testing.assert_close(mind_ssc(-0.3 * volume + 77), mind_ssc(volume), atol=2e-3, rtol=0)


def test_mind_of_a_shifted_image_is_shifted(volume):
    moved = mind_ssc(torch.roll(volume, 2, dims=4))
    torch.testing.assert_close(moved[..., 8:20], torch.roll(mind_ssc(volume), 2, dims=4)[..., 8:20], atol=2e-2, rtol=0)


def test_lncc_is_0_for_affinely_related_and_about_1_for_unrelated_images(volume):
    assert float(lncc_loss(volume, 3 * volume - 50)) < 1e-4
    torch.manual_seed(5)
    assert float(lncc_loss(torch.randn(1, 1, 20, 20, 20), torch.randn(1, 1, 20, 20, 20))) > 0.9


def test_standardized_images_have_local_variance_one_and_ignore_gain(volume):
    a, b = standardized(volume, 2.0, 1e-3), standardized(5 * volume + 100, 2.0, 1e-3)
    torch.testing.assert_close(a, b, atol=2e-3, rtol=0)
    assert 0.8 < float(a[..., 5:-5, 5:-5, 5:-5].var()) < 1.2


def test_ngf_is_0_for_identical_images_and_for_inverted_contrast_without_edge_parameter(volume):
    assert abs(float(ngf_loss(volume, volume, SPACING, 10.0))) < 1e-5
    assert float(ngf_loss(volume, -volume, SPACING, 1e-3)) < 1e-3


def test_ngf_of_perpendicular_edges_is_1():
    z, y, x = torch.meshgrid(*[torch.arange(10.0)] * 3, indexing="ij")
    assert float(ngf_loss(x[None, None], y[None, None], (1.0, 1.0, 1.0), 1e-3)[()]) > 0.99


def test_gradient_tensor_difference_is_the_ngf_distance(volume):
    other = torch.roll(volume, 3, dims=3)
    f, w = (normalized_gradient(v, SPACING, 10.0) for v in (volume, other))
    squared = (gradient_tensor(volume, SPACING, 10.0) - gradient_tensor(other, SPACING, 10.0)).square().sum(dim=1)
    expected = f.square().sum(dim=1) ** 2 + w.square().sum(dim=1) ** 2 - 2 * (f * w).sum(dim=1) ** 2
    torch.testing.assert_close(squared, expected, atol=1e-5, rtol=1e-4)


def test_gradient_of_a_ramp_is_its_slope_per_mm():
    ramp = torch.arange(8.0).view(1, 1, 8, 1, 1).expand(1, 1, 8, 6, 5)
    slopes = gradient(ramp, SPACING)
    torch.testing.assert_close(slopes[2][:, :, 1:-1], torch.full((1, 1, 6, 6, 5), 0.5))
    assert float(slopes[0].abs().max()) == 0


def test_filters_keep_constants_and_a_gaussian_has_its_width():
    constant = torch.full((1, 2, 9, 9, 9), 3.0)
    torch.testing.assert_close(box(constant, 1), constant)
    torch.testing.assert_close(gaussian(constant, 2.0), constant)
    impulse = torch.zeros(1, 1, 41, 41, 41)
    impulse[0, 0, 20, 20, 20] = 1
    profile = gaussian(impulse, 3.0)[0, 0].sum(dim=(0, 1))
    offsets = torch.arange(41.0) - 20
    assert float((profile * offsets**2).sum()) == pytest.approx(9.0, rel=0.06)  # cut at three sigma
