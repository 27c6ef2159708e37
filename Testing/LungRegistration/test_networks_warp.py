"""Warping, resizing and composing fields in voxels."""

import pytest
import torch
import torch.nn.functional as F

from LungRegistrationLib.geometry.filters import downsampled, gaussian
from LungRegistrationLib.geometry.voxel_fields import composed, in_mm, in_voxels, resized
from LungRegistrationLib.geometry.warp import warp
from Testing.LungRegistration.plain_networks import plain_warp

SHAPE = (10, 12, 14)


def constant(*components: float, shape=SHAPE) -> torch.Tensor:
    return torch.tensor(components, dtype=torch.float32).view(1, 3, 1, 1, 1).expand(1, 3, *shape).clone()


def linear(matrix: torch.Tensor, shape=SHAPE) -> torch.Tensor:
    """u(x) = matrix (x - center), (1, 3, z, y, x), in voxels."""
    axes = [torch.arange(n, dtype=matrix.dtype) - (n - 1) / 2 for n in shape]
    points = torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1], dim=-1)
    return (points @ matrix.T).movedim(-1, 0)[None]


@pytest.fixture
def volume() -> torch.Tensor:
    return torch.randn(1, 2, *SHAPE, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("outside", ["border", "zeros"])
def test_a_zero_field_changes_nothing(volume, outside):
    torch.testing.assert_close(warp(volume, constant(0, 0, 0), outside), volume, atol=1e-5, rtol=0)


def test_whole_voxels_move_the_image_exactly_and_component_0_is_x(volume):
    moved = warp(volume, constant(2, 0, -1))
    torch.testing.assert_close(moved[:, :, 1:, :, :-2], volume[:, :, :-1, :, 2:], atol=1e-5, rtol=0)


def test_outside_is_the_border_or_zero(volume):
    far = constant(100, 0, 0)
    torch.testing.assert_close(warp(volume, far), volume[..., -1:].expand_as(volume))
    assert not warp(volume, far, outside="zeros").any()


@pytest.mark.parametrize("threads", [1, 3])
def test_warping_does_not_depend_on_threads_or_batch(volume, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        field = torch.randn(2, 3, *SHAPE, generator=torch.Generator().manual_seed(1))
        both = torch.cat([volume, -volume])
        expected = plain_warp(both, field, "border")
        torch.testing.assert_close(warp(both, field), expected, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(warp(volume, field[:1]), expected[:1], atol=1e-5, rtol=1e-5)
    finally:
        torch.set_num_threads(before)


def test_the_original_code_reads_voxel_c_at_c_n_over_n_minus_1_minus_half():
    n = 9
    ramp = torch.arange(float(n)).view(1, 1, 1, 1, n).expand(1, 1, 4, 4, n) + 5
    read = warp(ramp, constant(0, 0, 0, shape=(4, 4, n)), outside="zeros", align_corners=False)[0, 0]
    expected = torch.arange(float(n)) * n / (n - 1) - 0.5 + 5
    torch.testing.assert_close(read[1, 1, 1:-1] / read[1, 1, 4] * 9, expected[1:-1])  # z and y are 1/6 voxel off too: a factor
    assert float(read[1, 1, 0]) == pytest.approx(5 / 2 * float(read[1, 1, 4]) / 9, rel=1e-5)  # half of it sees zeros beyond


def test_a_resized_field_moves_points_by_as_many_mm():
    coarse = linear(torch.tensor([[0.1, 0.2, 0.0], [0.0, -0.1, 0.3], [0.05, 0.0, 0.2]]), (6, 8, 5))
    fine = resized(coarse, (11, 15, 9))
    spacing = torch.tensor([3.0, 2.0, 1.5])  # of the coarse grid, (x, y, z); the fine one has half of it
    torch.testing.assert_close(in_mm(fine, (spacing / 2).tolist())[..., ::2, ::2, ::2], in_mm(coarse, spacing.tolist()))
    torch.testing.assert_close(in_voxels(in_mm(coarse, spacing.tolist()), spacing.tolist()), coarse)


def test_composed_translations_add_up_across_grids():
    first, second = constant(1.0, 2.0, -1.0, shape=(11, 15, 9)), constant(0.5, 1.0, 2.0, shape=(6, 8, 5))
    total = composed(first, second)
    torch.testing.assert_close(total, constant(2.0, 4.0, 3.0, shape=(11, 15, 9)))


def test_composition_is_that_of_the_maps_and_associative_on_linear_fields():
    generator = torch.Generator().manual_seed(2)
    a, b, c = (0.04 * torch.randn(3, 3, generator=generator, dtype=torch.float64) for _ in range(3))
    eye = torch.eye(3, dtype=torch.float64)
    inner = (..., slice(3, -3), slice(3, -3), slice(3, -3))
    expected = linear((eye + b) @ (eye + a) - eye)
    torch.testing.assert_close(composed(linear(a), linear(b))[inner], expected[inner])
    left = composed(composed(linear(a), linear(b)), linear(c))
    right = composed(linear(a), composed(linear(b), linear(c)))
    torch.testing.assert_close(left[inner], right[inner])


@pytest.mark.parametrize("factor", [2, 4])
def test_downsampling_smooths_then_interpolates_between_the_same_corners(volume, factor):
    size = [n // factor for n in SHAPE]
    expected = F.interpolate(gaussian(volume, factor / 2), size=size, mode="trilinear", align_corners=True)
    torch.testing.assert_close(downsampled(volume, factor), expected, atol=1e-5, rtol=1e-5)
    assert downsampled(volume, 1) is volume
