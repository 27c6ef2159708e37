"""Losses on dense fields in mm: identity, affine, quadratic and folded fields have values that can be worked out by hand."""

import pytest
import torch

from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.losses.curvature import curvature_loss
from LungRegistrationLib.losses.keypoint_distance import keypoint_loss
from LungRegistrationLib.losses.mask_alignment import mask_alignment_loss, one_hot
from LungRegistrationLib.losses.total_variation import diffusion_loss, total_variation_loss
from LungRegistrationLib.losses.volume_change import jacobian_determinant, level_threshold, volume_change_loss

SPACING = (2.0, 1.5, 3.0)
SHAPE = (7, 8, 9)
LATTICE = Lattice((-20.0, 5.0, 100.0), SPACING, SHAPE[::-1])


def points(shape=SHAPE) -> torch.Tensor:
    """(3, z, y, x), mm from the first voxel, components (x, y, z)."""
    axes = [torch.arange(n, dtype=torch.float64) * s for n, s in zip(shape, SPACING[::-1], strict=True)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij")[::-1])


def affine(matrix, shift=(0.0, 0.0, 0.0)) -> torch.Tensor:
    """The field u(x) = matrix x + shift, (1, 3, z, y, x)."""
    moved = torch.einsum("ab,bzyx->azyx", torch.tensor(matrix, dtype=torch.float64), points())
    return (moved + torch.tensor(shift, dtype=torch.float64).view(3, 1, 1, 1))[None]


IDENTITY = torch.zeros(1, 3, *SHAPE)
SHEAR = [[0.1, 0.2, 0.0], [0.0, -0.1, 0.3], [0.05, 0.0, 0.2]]


@pytest.mark.parametrize("loss", [total_variation_loss, diffusion_loss, curvature_loss, volume_change_loss])
def test_the_identity_and_translations_cost_nothing(loss):
    assert float(loss(IDENTITY, SPACING)) == 0
    assert float(loss(affine([[0.0] * 3] * 3, (5.0, -3.0, 1.0)), SPACING)) == pytest.approx(0, abs=1e-12)


def test_total_variation_and_diffusion_are_the_mean_slopes():
    slopes = torch.tensor(SHEAR, dtype=torch.float64)
    assert float(total_variation_loss(affine(SHEAR), SPACING)) == pytest.approx(float(slopes.abs().mean()))
    assert float(diffusion_loss(affine(SHEAR), SPACING)) == pytest.approx(float(slopes.square().mean()))


def test_a_jump_costs_total_variation_as_much_as_a_ramp():
    ramp = torch.zeros(1, 3, 4, 4, 9)
    jump = torch.zeros(1, 3, 4, 4, 9)
    ramp[:, 0] = torch.arange(9.0)
    jump[:, 0, ..., 4:] = 8
    assert float(total_variation_loss(jump, SPACING)) == pytest.approx(float(total_variation_loss(ramp, SPACING)))
    assert float(diffusion_loss(jump, SPACING)) > 5 * float(diffusion_loss(ramp, SPACING))


def test_curvature_of_affine_fields_is_0_and_of_quadratic_ones_their_laplacian():
    assert float(curvature_loss(affine(SHEAR, (4.0, 0.0, 1.0)), SPACING)) == pytest.approx(0, abs=1e-20)
    x, y, z = points()
    field = torch.stack([0.01 * x * x + 0.03 * z * z, 0.02 * x * y, -0.02 * y * y])[None]
    assert float(curvature_loss(field, SPACING)) == pytest.approx((0.02 + 0.06) ** 2 + 0.04**2)


def test_known_volume_changes_have_known_barrier_values():
    doubled = affine([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    halved = affine([[-0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert float(volume_change_loss(doubled, SPACING)) == pytest.approx(0.5)  # (2 - 1)^2 / 2
    assert float(volume_change_loss(halved, SPACING)) == pytest.approx(0.5)
    determinant = torch.linalg.det(torch.eye(3, dtype=torch.float64) + torch.tensor(SHEAR, dtype=torch.float64))
    found = jacobian_determinant(affine(SHEAR), SPACING)
    assert found.shape == (1, 6, 7, 8)
    torch.testing.assert_close(found, determinant.expand_as(found))
    rotation = affine([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [0.0, 0.0, 0.0]])  # a quarter turn keeps volumes
    assert float(volume_change_loss(rotation, SPACING)) == pytest.approx(0)


@pytest.mark.parametrize(("level", "t"), [(3, 0.2), (2, 0.1), (1, 0.05)])
def test_folded_fields_have_a_finite_linear_penalty_of_the_stated_slope(level, t):
    assert level_threshold(level, 3) == pytest.approx(t)

    def penalty(determinant: float) -> float:
        field = affine([[determinant - 1, 0.0, 0.0], [0.0] * 3, [0.0] * 3])
        return float(volume_change_loss(field, SPACING, level_threshold(level, 3)))

    for determinant in (-2.0, -0.5, 0.0):
        assert penalty(determinant) == pytest.approx((1 - 1 / t**2) * determinant + 2 * (1 - t) / t)  # eq. 6
    assert penalty(t) == pytest.approx((t - 1) ** 2 / t)
    slope_above = (penalty(t + 1e-6) - penalty(t)) / 1e-6
    slope_below = (penalty(t) - penalty(t - 1e-6)) / 1e-6
    assert slope_above == pytest.approx(1 - 1 / t**2, rel=1e-3) == slope_below


def test_a_field_that_jumps_to_and_fro_is_seen_as_folded():
    zigzag = torch.zeros(1, 3, *SHAPE)
    zigzag[:, 0, ..., ::2] = 3.0  # mm, beyond the neighbor at 2 mm; central differences of it are 0
    assert float((jacobian_determinant(zigzag, SPACING) < 0).float().mean()) == pytest.approx(0.5)


def test_masks_are_compared_after_linear_warping():
    labels = torch.zeros(1, 1, *SHAPE)
    labels[..., 2:5] = 3
    labels[..., 5:] = 5
    b = one_hot(labels)
    assert b.shape == (1, 5, *SHAPE) and float(b.sum()) == float((labels > 0).sum())
    assert float(mask_alignment_loss(b, b, IDENTITY, SPACING)) == 0
    moved = torch.roll(b, 1, dims=4)
    assert float(mask_alignment_loss(b, moved, IDENTITY, SPACING)) > 0.1
    back = IDENTITY.clone()
    back[:, 0] = SPACING[0]  # one voxel along x
    assert float(mask_alignment_loss(b, moved, back, SPACING)) == pytest.approx(0, abs=1e-9)


def test_half_a_voxel_off_costs_a_quarter_per_label_at_each_border():
    labels = torch.zeros(1, 1, *SHAPE)
    labels[..., 4:] = 1
    half = IDENTITY.clone()
    half[:, 0] = SPACING[0] / 2
    b = one_hot(labels, (1, 2))
    assert float(mask_alignment_loss(b, b, half, SPACING)) == pytest.approx(0.5 * 0.25 / 9)  # one voxel in nine is 0.5 off
    half.requires_grad_()
    mask_alignment_loss(b, b, half, SPACING).backward()
    assert bool(half.grad[:, 0].any())


def test_keypoints_that_the_field_takes_to_their_partners_cost_nothing():
    field = affine(SHEAR, (1.0, 2.0, -3.0)).float()
    fixed = torch.tensor([[-18.5, 7.0, 103.0], [-10.0, 12.0, 110.0], [-5.0, 14.9, 117.5]])
    relative = fixed - torch.tensor(LATTICE.origin_mm)
    moving = fixed + relative @ torch.tensor(SHEAR).T + torch.tensor([1.0, 2.0, -3.0])
    assert float(keypoint_loss(field, LATTICE, fixed, moving)) == pytest.approx(0, abs=1e-8)
    moving[0] += torch.tensor([3.0, 0.0, 4.0])
    assert float(keypoint_loss(field, LATTICE, fixed, moving)) == pytest.approx(25 / 3, rel=1e-4)
    field.requires_grad_()
    keypoint_loss(field, LATTICE, fixed, moving).backward()
    assert bool(field.grad.any())
