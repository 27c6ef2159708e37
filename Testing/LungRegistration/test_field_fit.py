"""The parts of the fit: B-splines, regularizers, volume-change control, Gauss-Newton steps, inversion."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.geometry.bspline import ControlGrid, SplineField
from LungRegistrationLib.geometry.displacement import jacobian_determinant
from LungRegistrationLib.geometry.inversion import SURE_ITERATIONS, invert
from LungRegistrationLib.geometry.lattice import Lattice
from LungRegistrationLib.geometry.tensors import field_to_image, lattice_points
from LungRegistrationLib.geometry.warp import sample
from LungRegistrationLib.losses.regularizers import Regularizer, laplacian
from LungRegistrationLib.losses.volume_change import VolumeChange, barrier_slope, extended_barrier
from LungRegistrationLib.search.compact_field import centered, compact_fields, unfolded
from LungRegistrationLib.search.frame import Frame
from LungRegistrationLib.search.refinement import FeatureTerm, PointTerm, Problem, refine

CPU = torch.device("cpu")
LATTICE = Lattice((-30.0, 5.0, 100.0), (3.0, 3.0, 3.0), (22, 20, 18))
GRID = ControlGrid.over_box(LATTICE.lower_mm, LATTICE.upper_mm, 9.0)


def waves(lattice: Lattice, size_mm: float = 2.0) -> torch.Tensor:
    p = lattice_points(lattice, CPU) - torch.tensor([0.0, 30.0, 125.0])
    x, y, z = p.unbind(-1)
    return size_mm * torch.stack([torch.sin(y / 20), torch.cos(z / 25), torch.sin((x + y) / 30)])


def test_sampling_at_voxel_centers_gives_the_voxels_and_linear_functions_are_exact():
    torch.manual_seed(0)
    volume = torch.randn(1, 3, *LATTICE.shape)
    points = lattice_points(LATTICE, CPU).reshape(-1, 3)
    torch.testing.assert_close(sample(volume, LATTICE, points), volume.reshape(3, -1), atol=2e-4, rtol=0)
    ramp = lattice_points(LATTICE, CPU).movedim(-1, 0)[None].contiguous()
    between = lattice_points(LATTICE, CPU)[:-1, :-1, :-1].reshape(-1, 3) + 1.2
    torch.testing.assert_close(sample(ramp, LATTICE, between).T, between, atol=1e-3, rtol=0)


def test_spline_basis_sums_to_one_and_reproduces_linear_fields():
    h = GRID.spacing_mm
    nodes = Lattice(tuple(v - h for v in GRID.lower_mm), (h, h, h), GRID.size)
    linear = lattice_points(nodes, CPU).movedim(-1, 0).contiguous()
    torch.testing.assert_close(GRID.evaluate(torch.ones(3, *GRID.shape), LATTICE), torch.ones(3, *LATTICE.shape))
    torch.testing.assert_close(GRID.evaluate(linear, LATTICE).movedim(0, -1), lattice_points(LATTICE, CPU), atol=1e-3, rtol=0)
    for axis in range(3):
        slope = GRID.evaluate(linear, LATTICE, derivative=axis)
        torch.testing.assert_close(slope[axis], torch.ones(LATTICE.shape), atol=1e-4, rtol=0)


def test_adjoint_is_the_transpose():
    torch.manual_seed(1)
    c, v = torch.randn(3, *GRID.shape), torch.randn(3, *LATTICE.shape)
    for derivative in (None, 0, 2):
        left = (GRID.evaluate(c, LATTICE, derivative) * v).sum()
        right = (c * GRID.adjoint(v, LATTICE, derivative)).sum()
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-3)


def test_fit_recovers_a_smooth_field_and_points_agree_with_the_lattice():
    spline = SplineField(GRID, GRID.fit(waves(LATTICE), LATTICE))
    assert float((spline.on(LATTICE) - waves(LATTICE)).abs().max()) < 0.02
    points = lattice_points(LATTICE, CPU).reshape(-1, 3)
    torch.testing.assert_close(spline.at(points).T.reshape(3, *LATTICE.shape), spline.on(LATTICE), atol=1e-4, rtol=0)


def test_curvature_of_an_affine_field_is_zero_inside():
    nodes = lattice_points(Lattice((0.0, 0.0, 0.0), (4.0, 4.0, 4.0), (9, 9, 9)), CPU)
    affine = (nodes @ torch.tensor([[0.1, 0.2, 0.0], [0.0, -0.1, 0.3], [0.5, 0.0, 0.2]]).T + 7).movedim(-1, 0)
    assert float(laplacian(affine, 4.0)[:, 1:-1, 1:-1, 1:-1].abs().max()) < 1e-5


@pytest.mark.parametrize("kind", ["curvature", "diffusion", "total_variation"])
def test_regularizer_gradient_is_the_slope_of_its_energy(kind):
    torch.manual_seed(2)
    c = torch.randn(3, 6, 7, 8).double().requires_grad_(True)
    regularizer = Regularizer(kind, 0.7, 5.0, torch.rand(6, 7, 8).double())
    regularizer.prepare(c.detach())
    regularizer.energy(c).backward()
    own = 2 * regularizer.apply(c.detach())
    torch.testing.assert_close(own, c.grad, rtol=1e-5, atol=1e-5)
    assert float(regularizer.energy(torch.zeros(3, 6, 7, 8))) == 0


def test_volume_penalty_is_zero_at_one_symmetric_and_linear_when_folded():
    z = torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0], dtype=torch.float64)
    torch.testing.assert_close(extended_barrier(z), extended_barrier(1 / z))
    assert float(extended_barrier(torch.tensor(1.0))) == 0
    folded = torch.tensor([-1.0, -2.0, 0.2], dtype=torch.float64)
    assert float(extended_barrier(folded)[1] - extended_barrier(folded)[0]) == pytest.approx(-(1 - 1 / 0.2**2))
    assert float(barrier_slope(folded)[0]) == pytest.approx(1 - 1 / 0.2**2)
    assert float(extended_barrier(folded)[2]) == pytest.approx(0.2 - 2 + 1 / 0.2)


def test_volume_change_gradient_is_the_slope_of_its_energy():
    volume = VolumeChange(GRID, 1.0)
    torch.manual_seed(3)
    c = torch.randn(3, *GRID.shape)
    direction = torch.randn(3, *GRID.shape)
    energy, gradient, _ = volume.energy_and_gradient(c)
    step = 1e-2
    ahead = volume.energy_and_gradient(c + step * direction)[0]
    behind = volume.energy_and_gradient(c - step * direction)[0]
    assert float((ahead - behind) / (2 * step)) == pytest.approx(float((gradient * direction).sum()), rel=0.02)
    assert float(energy) > 0
    assert float(volume.energy_and_gradient(torch.zeros_like(c))[0]) == 0


def smooth_features(seed: int = 4) -> torch.Tensor:
    p = lattice_points(LATTICE, CPU)
    directions = torch.randn(6, 3, generator=torch.Generator().manual_seed(seed)) / 6
    return torch.stack([torch.sin(p @ d) for d in directions])[None]


def test_refinement_finds_a_known_motion():
    wanted = waves(LATTICE)
    fixed_at = lattice_points(LATTICE, CPU).reshape(-1, 3) + wanted.reshape(3, -1).T
    moving = smooth_features()
    fixed = sample(moving, LATTICE, fixed_at).reshape(moving.shape)
    box = ControlGrid.over_box(LATTICE.lower_mm - 27, LATTICE.upper_mm + 27, 9.0)
    term = FeatureTerm(fixed, moving, torch.ones(LATTICE.shape, dtype=torch.bool), LATTICE, box)
    problem = Problem([term], Regularizer("curvature", 1e-3, 9.0), VolumeChange(box, 1e-3))
    c = refine(problem, torch.zeros(3, *box.shape), 25, lambda fraction: None)
    error = (box.evaluate(c, LATTICE) - wanted).norm(dim=0)[3:-3, 3:-3, 3:-3]
    assert float(error.mean()) < 0.15
    assert problem.evaluate(c)[0] < 0.02 * problem.evaluate(torch.zeros_like(c))[0]


def test_points_draw_the_field_and_a_false_match_hardly_does():
    box = ControlGrid.over_box(LATTICE.lower_mm - 27, LATTICE.upper_mm + 27, 9.0)
    points = lattice_points(LATTICE, CPU)[2:-2:4, 2:-2:4, 2:-2:4].reshape(-1, 3)
    wanted = torch.tensor([1.0, -2.0, 1.5]).repeat(len(points), 1)
    false = len(points) // 2
    wanted[false] += 200.0
    term = PointTerm(points, wanted, torch.full((len(points),), 1e4), box, 3.0)
    problem = Problem([term], Regularizer("curvature", 0.1, 9.0), VolumeChange(box, 1e-3))
    found = SplineField(box, refine(problem, torch.zeros(3, *box.shape), 25, lambda fraction: None)).at(points)
    error = (found - wanted[0]).norm(dim=1)
    assert float(error.median()) < 0.2
    assert float(error[false]) < 1.0  # of the 346 mm that it asks for


def test_inverse_of_a_strongly_stretched_field():
    lattice = Lattice((-60.0, -60.0, -60.0), (2.0, 2.0, 2.0), (61, 61, 61))
    x = lattice_points(lattice, CPU)
    field = torch.stack([8 * torch.sin(x[..., 0] / 9), torch.zeros(lattice.shape), 6 * torch.cos(x[..., 2] / 9)])
    points = x[15:-15, 15:-15, 15:-15].reshape(-1, 3) + 0.7
    targets = points + sample(field[None], lattice, points).T
    found = invert(lambda p: sample(field[None], lattice, p).T, targets)
    back = found + sample(field[None], lattice, found).T
    assert float((back - targets).norm(dim=1).max()) < 0.02
    assert float((found - points).norm(dim=1).mean()) < 0.02


def test_centering_halves_the_largest_error_of_linear_interpolation():
    lattice = Lattice((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), (41, 5, 5))

    def curve(points: torch.Tensor) -> torch.Tensor:
        return torch.stack([5 * torch.sin(points[..., 0] / 7), 0 * points[..., 0], 0 * points[..., 0]])

    points = torch.rand((5000, 3), generator=torch.Generator().manual_seed(1)) * torch.tensor([70.0, 4.0, 4.0]) + 4.0
    field = curve(lattice_points(lattice, CPU))
    usual, halved = (float((sample(f[None], lattice, points) - curve(points)).abs().max()) for f in (field, centered(field)))
    assert halved == pytest.approx(0.5 * usual, rel=0.05)
    linear = lattice_points(lattice, CPU).movedim(-1, 0) * 0.3
    torch.testing.assert_close(centered(linear), linear)


def test_a_folded_field_is_smoothed_until_it_no_longer_folds_and_says_so():
    c = torch.zeros(3, *GRID.shape)
    c[0, 5, 5, 5] = 60.0
    warnings: list[str] = []
    folded = SplineField(GRID, c)
    result = unfolded(folded, LATTICE, Progress(warn=warnings.append))

    def least(spline: SplineField) -> float:
        return float(sitk.GetArrayFromImage(jacobian_determinant(field_to_image(spline.on(LATTICE), LATTICE))).min())

    assert least(folded) < 0 < least(result)
    assert "folded" in warnings[0]
    assert float(result.coefficients.abs().max()) > 1


def test_a_smooth_field_is_left_as_it_is():
    spline = SplineField(GRID, GRID.fit(waves(LATTICE), LATTICE))
    progress = Progress()
    assert unfolded(spline, LATTICE, progress) is spline
    assert progress.warnings == []


BOX = np.zeros(3), np.full(3, 117.0)


def cube() -> tuple[Frame, sitk.Image]:
    """An image over BOX that is all lung, with itself."""
    image = sitk.Image((40, 40, 40), sitk.sitkInt16)
    image.SetSpacing((3.0, 3.0, 3.0))
    mask = sitk.Cast(image, sitk.sitkUInt8) + 1
    return Frame(image, image, mask, mask, sitk.AffineTransform(3), (-1000.0, 200.0), CPU), mask


def noise_field(amplitude_mm: float, shape: tuple[int, int, int]) -> torch.Tensor:
    return amplitude_mm * torch.randn((1, 3, *shape), generator=torch.Generator().manual_seed(0))


def test_a_field_that_folds_everywhere_is_given_up_early():
    """There is no inverse to be found; a smooth field beside it still gets all the steps that it needs."""
    lattice = Lattice((0.0, 0.0, 0.0), (2.0, 2.0, 2.0), (30, 30, 30))
    targets = lattice_points(lattice, CPU).reshape(-1, 3)
    calls = {}
    for name, field in (("wild", noise_field(10.0, lattice.shape)), ("smooth", waves(lattice, 5.0)[None])):
        calls[name] = 0

        def displacement(points: torch.Tensor, field: torch.Tensor = field, name: str = name) -> torch.Tensor:
            calls[name] += len(points)
            return sample(field, lattice, points).T

        found = invert(displacement, targets)
        missed = (found + sample(field, lattice, found).T - targets).norm(dim=1)
        assert bool((missed < 0.02).all()) == (name == "smooth")
    assert calls["smooth"] < calls["wild"] <= (2 + SURE_ITERATIONS) * len(targets)


def test_a_field_that_folded_gets_no_finer_grid_and_says_by_how_much_that_misses():
    frame, mask = cube()
    grid = ControlGrid.over_box(*BOX, 6.0)
    spline = SplineField(grid, noise_field(2.0, grid.shape)[0])
    fine, coarse = (compact_fields(frame, spline, 2.0, False, mask, lambda fraction: None, refine) for refine in (True, False))
    assert coarse.fixed_to_moving_mm.GetSpacing()[0] == 2.0 > fine.fixed_to_moving_mm.GetSpacing()[0]
    assert coarse.resampling_error_mm > 0.05 and coarse.resampling_error_mm > fine.resampling_error_mm
    (text,) = coarse.cautions()
    assert f"misses the field by up to {coarse.resampling_error_mm:.2f} mm" in text and fine.cautions() == []


def test_a_hopeless_field_stays_on_its_coarse_grid_and_says_by_how_much_it_errs():
    frame, mask = cube()
    grid = ControlGrid.over_box(*BOX, 6.0)
    spacings, cautions = {}, {}
    for name, amplitude in (("wild", 30.0), ("gentle", 1.0)):
        spline = SplineField(grid, noise_field(amplitude, grid.shape)[0])
        fields = compact_fields(frame, spline, 2.0, False, mask, lambda fraction: None)
        spacings[name], cautions[name] = fields.fixed_to_moving_mm.GetSpacing()[0], fields.cautions()
    assert spacings["wild"] == 2.0 and 1.0 <= spacings["gentle"] < 1.5
    assert cautions["gentle"] == [] and [text.split(":")[0] for text in cautions["wild"]] == [
        "The field varies too wildly for its grid",
        "The field squeezes space so strongly that it cannot be undone everywhere",
    ]
