"""Discrete search and keypoints on texture: large known shifts are found, on the lattice and between its points."""

import numpy as np
import torch

from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.geometry.tensors import lattice_points
from LungRegistrationLib.losses.mind import mind_ssc
from LungRegistrationLib.search.discrete_search import (
    BLOCK,
    CellField,
    block_costs,
    cell_lattice,
    continued,
    inverse_consistent,
    search,
)
from LungRegistrationLib.search.keypoints import foerstner_points, match
from Testing.LungRegistration.registration_examples import texture

CPU = torch.device("cpu")
LATTICE = Lattice((-60.0, -60.0, -60.0), (4.0, 4.0, 4.0), (31, 31, 31))
SHIFT_MM = np.array([10.0, -14.0, 22.0])


def volume(lattice: Lattice, shift_mm=(0.0, 0.0, 0.0)) -> torch.Tensor:
    """The texture moved by a shift, (1, 1, z, y, x)."""
    points = lattice_points(lattice, CPU).numpy().astype(float) - np.array(shift_mm)
    return torch.from_numpy(texture(points).astype(np.float32))[None, None]


def middle(lattice: Lattice, half_mm: float) -> torch.Tensor:
    return (lattice_points(lattice, CPU).abs().amax(dim=-1) < half_mm).float()[None, None]


def test_block_costs_are_the_mean_squared_differences():
    torch.manual_seed(0)
    f, m = torch.randn(1, 3, 8, 8, 8), torch.randn(1, 3, 8, 8, 8)
    corner, base = torch.tensor([[3, 3, 3]]), torch.tensor([[0, 1, -1]])
    costs = block_costs(f, m, corner, base, 1, range(BLOCK)).view(3, 3, 3)
    for dz, dy, dx in ((-1, 0, 1), (0, 0, 0), (1, -1, 1)):
        z, y, x = 3 + dz, 3 + 1 + dy, 3 - 1 + dx
        expected = (f[..., 3:5, 3:5, 3:5] - m[..., z : z + 2, y : y + 2, x : x + 2]).square().mean()
        torch.testing.assert_close(costs[dz + 1, dy + 1, dx + 1], expected, rtol=1e-4, atol=1e-5)


def test_search_finds_a_large_shift_and_continues_it_outside_the_mask():
    fixed, moving = (mind_ssc(v, 1) for v in (volume(LATTICE), volume(LATTICE, SHIFT_MM)))
    found = search(fixed, moving, middle(LATTICE, 36), LATTICE, 28.0, None)
    error = (found.displacement_mm - torch.tensor(SHIFT_MM, dtype=torch.float32).view(3, 1, 1, 1)).norm(dim=0)
    assert found.cells == cell_lattice(LATTICE)
    assert float(error.max()) < 3.5  # half a step along each axis
    finer = search(fixed, moving, middle(LATTICE, 36), LATTICE, 8.0, found)
    finer_error = (finer.displacement_mm - torch.tensor(SHIFT_MM, dtype=torch.float32).view(3, 1, 1, 1)).norm(dim=0)
    assert float(finer_error.max()) < 3.5


def test_an_empty_mask_gives_no_motion():
    features = torch.zeros(1, 12, *LATTICE.shape)
    found = search(features, features, torch.zeros(1, 1, *LATTICE.shape), LATTICE, 8.0, None)
    assert float(found.displacement_mm.abs().max()) == 0


def test_continuation_keeps_a_constant_and_fills_every_cell():
    presence = torch.zeros(1, 1, 12, 12, 12)
    presence[..., 4:7, 5:8, 6:8] = 1
    field = 3.0 * presence.expand(1, 3, -1, -1, -1)
    torch.testing.assert_close(continued(field, presence, 1.0), torch.full((1, 3, 12, 12, 12), 3.0), rtol=1e-3, atol=1e-3)


def test_inverse_consistency_averages_fields_that_disagree():
    cells = cell_lattice(LATTICE)
    forward = CellField(cells, torch.full((3, *cells.shape), 6.0))
    backward = CellField(cells, torch.full((3, *cells.shape), -4.0))
    u, v = inverse_consistent(forward, backward)
    torch.testing.assert_close(u.displacement_mm, torch.full_like(u.displacement_mm, 5.0), rtol=0, atol=1e-3)
    torch.testing.assert_close(v.displacement_mm, -u.displacement_mm, rtol=0, atol=1e-3)


def test_keypoints_are_matched_between_voxels_and_unrelated_ones_are_dropped():
    lattice = Lattice((-45.0, -45.0, -45.0), (1.5, 1.5, 1.5), (61, 61, 61))
    shift = np.array([2.3, -3.4, 1.2])
    fixed, moving = volume(lattice), volume(lattice, shift)
    points = foerstner_points(fixed, middle(lattice, 32)[0, 0] > 0, lattice, 60)
    assert len(points) == 60
    guess = torch.tensor([1.0, -2.0, 0.0]).repeat(60, 1)
    found = match(mind_ssc(fixed, 1), mind_ssc(moving, 1), points, guess, lattice, lambda fraction: None)
    assert len(found.fixed_mm) > 45
    error = (found.displacement_mm - torch.tensor(shift, dtype=torch.float32)).norm(dim=1)
    assert float(error.median()) < 0.4
    torch.manual_seed(0)
    unrelated = mind_ssc(-600 + 200 * torch.randn(moving.shape), 1)
    left = match(mind_ssc(fixed, 1), unrelated, points, guess, lattice, lambda fraction: None)
    assert len(left.fixed_mm) < 20


def test_foerstner_points_sit_at_corners_and_not_on_edges():
    lattice = Lattice((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (40, 40, 40))
    image = torch.full((1, 1, 40, 40, 40), -800.0)
    image[..., 12:28, 12:28, 12:28] = 0.0
    points = foerstner_points(image, torch.ones(40, 40, 40, dtype=torch.bool), lattice, 8)
    corners = torch.tensor([[z, y, x] for z in (12, 27) for y in (12, 27) for x in (12, 27)])
    nearest = torch.cdist(points.float(), corners.float()).amin(dim=1)
    assert float(nearest.max()) < 4
