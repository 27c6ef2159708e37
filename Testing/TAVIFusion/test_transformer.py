"""Affine maps: the transformer's theta and the paper's pixel matrix M are the same map, and Dice finds it."""

import numpy as np
import pytest
import torch

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.losses.overlap import soft_dice
from TAVIFusionLib.networks.transformer import IDENTITY, pixel_matrix, theta_of, warp

SIZE = (80, 64)  # columns, rows


def blob(column, row, width=6.0):
    """A bell (1, 1, 64, 80) at a pixel."""
    rows, columns = np.indices(SIZE[::-1])
    bell = np.exp(-((columns - column) ** 2 + (rows - row) ** 2) / (2 * width**2))
    return torch.from_numpy(bell.astype(np.float32))[None, None]


def middle(picture):
    """(column, row) of the center of mass."""
    rows, columns = np.indices(SIZE[::-1])
    weights = picture.numpy()[0, 0].astype(float)
    return np.array([(columns * weights).sum(), (rows * weights).sum()]) / weights.sum()


def warped(moving, matrix):
    return warp(moving, torch.from_numpy(theta_of(matrix, SIZE)).float()[None])


def test_the_round_trip_keeps_the_map():
    matrix = np.array([[1.1, -0.2, 7.0], [0.15, 0.9, -3.0]])
    np.testing.assert_allclose(pixel_matrix(theta_of(matrix, SIZE), SIZE), matrix, atol=1e-12)
    np.testing.assert_allclose(pixel_matrix(np.array(IDENTITY), SIZE), IDENTITY, atol=1e-12)


def test_m_takes_moving_pixels_to_where_the_warped_picture_shows_them():
    matrix = np.array([[1.05, -0.25, 9.0], [0.2, 0.95, -6.0]])
    found = middle(warped(blob(38, 30, 3.0), matrix))
    np.testing.assert_allclose(found, matrix @ [38, 30, 1], atol=0.05)


def test_a_shift_of_whole_pixels_is_exact():
    moved = warped(blob(30, 30), np.array([[1.0, 0, 8], [0, 1, -5]]))
    torch.testing.assert_close(moved[0, 0, 10:50, 20:60], blob(38, 25)[0, 0, 10:50, 20:60], atol=1e-4, rtol=0)


def test_a_map_onto_a_line_has_no_inverse():
    with pytest.raises(InputError, match="cannot be inverted"):
        pixel_matrix(np.array([[1.0, 1, 0], [1, 1, 0]]), SIZE)


def test_dice_at_identity_has_a_gradient_and_leads_to_the_shift():
    moving, fixed = (blob(34, 30) > 0.3).float(), (blob(41, 34) > 0.3).float()
    theta = torch.tensor([IDENTITY], requires_grad=True)
    optimizer = torch.optim.Adam([theta], 0.01)
    soft_dice(warp(moving, theta), fixed).backward()
    assert theta.grad is not None and float(theta.grad[0, :, 2].abs().min()) > 1e-3
    for _ in range(150):
        optimizer.zero_grad()
        loss = soft_dice(warp(moving, theta), fixed)
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    found = pixel_matrix(theta.detach().numpy()[0], SIZE) @ [34, 30, 1]
    np.testing.assert_allclose(found, [41, 34], atol=0.5)
