"""The cost volume is that of its definition, with its gradient, and keeps no shifted products."""

import pytest
import torch

from LungRegistrationLib.networks import cost_volume
from LungRegistrationLib.networks.cost_volume import local_cost_volume
from Testing.LungRegistration.plain_networks import plain_cost_volume


def features(n=2, channels=3, shape=(5, 6, 7), dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(n, channels, *shape, generator=generator, dtype=dtype, requires_grad=True) for _ in range(2)]


@pytest.mark.parametrize("radius", [1, 2, 3])
@pytest.mark.parametrize("limit", [1, 1 << 20])
def test_equals_the_plain_reference_with_its_gradient(monkeypatch, radius, limit):
    monkeypatch.setattr(cost_volume, "CPU_ELEMENTS", limit)
    fixed, moving = features()
    costs, expected = local_cost_volume(fixed, moving, radius), plain_cost_volume(fixed, moving, radius)
    assert costs.shape == (2, (2 * radius + 1) ** 3, 5, 6, 7)
    torch.testing.assert_close(costs, expected)
    weight = torch.randn(costs.shape, dtype=torch.float64)
    for own, plain in zip(
        torch.autograd.grad((costs * weight).sum(), (fixed, moving)),
        torch.autograd.grad((expected * weight).sum(), (fixed, moving)),
        strict=True,
    ):
        torch.testing.assert_close(own, plain)


def test_the_best_offset_is_the_motion():
    fixed = torch.randn(1, 8, 9, 9, 9, generator=torch.Generator().manual_seed(1))
    moving = torch.roll(fixed, (1, -2, 2), dims=(2, 3, 4))  # moving(x + (1, -2, 2)) = fixed(x), in (z, y, x)
    best = local_cost_volume(fixed, moving)[0, :, 4, 4, 4].argmax()
    assert int(best) == ((1 + 2) * 5 + (-2 + 2)) * 5 + (2 + 2)


def test_features_in_any_memory_format_and_what_lies_beyond_is_zero():
    fixed, moving = (f.detach().float() for f in features(shape=(4, 5, 6)))
    costs = local_cost_volume(fixed, moving)
    layout = torch.channels_last_3d
    torch.testing.assert_close(local_cost_volume(fixed.contiguous(memory_format=layout), moving), costs)
    assert costs.is_contiguous(memory_format=layout)
    assert not costs[:, :50, 0].any() and not costs[:, 100:, -2:].any()


def test_only_the_features_are_kept_for_the_gradient():
    fixed, moving = features(1, 4, (8, 8, 8))
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append(t) or t, lambda t: t):
        local_cost_volume(fixed, moving)
    assert sum(t.numel() for t in kept) == fixed.numel() + moving.numel()
