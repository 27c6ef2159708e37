"""Losses: Dice and cross entropy with known values, structural similarity against its definition."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from OCTEnFaceSegLib.losses.dice_bce import dice_bce, soft_dice
from OCTEnFaceSegLib.losses.ssim import ssim


def test_soft_dice_has_a_squared_prediction_and_joint_sums():
    target = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    assert float(soft_dice(target, target)) == pytest.approx(0.0, abs=1e-6)
    assert float(soft_dice(1 - target, target)) == pytest.approx(1.0, abs=1e-5)
    half = torch.full_like(target, 0.5)
    assert float(soft_dice(half, target)) == pytest.approx(1 - 2 * 1.0 / (8 * 0.25 + 2.0), abs=1e-5)
    nothing = torch.zeros(3, 4)
    assert float(soft_dice(nothing, nothing)) == pytest.approx(0.0, abs=1e-6)  # an eye without a lesion costs nothing
    both = soft_dice(torch.stack([half, half]), torch.stack([target, torch.zeros_like(target)]))
    assert float(both) == pytest.approx(1 - 2 * 1.0 / (16 * 0.25 + 2.0), abs=1e-5)  # over the batch, not the mean of two


def test_the_terms_add_up_and_the_originals_mean_is_half():
    target = torch.tensor([1.0, 0.0])
    terms = dice_bce(torch.zeros(2), target)
    assert float(terms["bce"]) == pytest.approx(math.log(2))
    assert float(terms["dice"]) == pytest.approx(1 - 1 / 1.5, abs=1e-5)
    halved = dice_bce(torch.zeros(2), target, factor=0.5)
    assert float(sum(halved.values())) == pytest.approx(0.5 * float(sum(terms.values())))
    extreme = dice_bce(torch.tensor([-200.0, 200.0], dtype=torch.float16), target)
    assert all(bool(torch.isfinite(value)) for value in extreme.values())


def test_ssim_is_that_of_its_definition():
    rng = np.random.default_rng(0)
    a = ndimage.gaussian_filter(rng.random((24, 31)), 1.0)
    b = 0.7 * a + 0.2 * rng.random(a.shape)

    def blurred(x):  # truncated after five pixels, zeros beyond the border
        return ndimage.gaussian_filter(x, 1.5, mode="constant", truncate=5 / 1.5)

    mean_a, mean_b = blurred(a), blurred(b)
    covariance = blurred(a * b) - mean_a * mean_b
    variances = blurred(a * a) - mean_a**2 + blurred(b * b) - mean_b**2
    expected = (2 * mean_a * mean_b + 1e-4) * (2 * covariance + 9e-4) / ((mean_a**2 + mean_b**2 + 1e-4) * (variances + 9e-4))
    a_, b_ = (torch.from_numpy(x)[None, None] for x in (a, b))
    assert float(ssim(a_, b_)) == pytest.approx(expected.mean(), abs=1e-9)
    assert float(ssim(a_, a_)) == pytest.approx(1.0)
    assert float(ssim(a_, 1 - a_)) < 0.0


def test_ssim_leads_an_image_to_another():
    torch.manual_seed(0)
    target = torch.nn.functional.avg_pool2d(torch.rand(1, 1, 32, 32), 3, 1, 1)
    logits = torch.zeros(1, 1, 32, 32, requires_grad=True)
    optimizer = torch.optim.Adam([logits], lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        loss = -ssim(torch.sigmoid(logits), target)
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < -0.95
