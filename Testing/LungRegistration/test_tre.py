"""Target registration error."""

import numpy as np
import pytest
import SimpleITK as sitk

from LungRegistrationLib.measures import tre
from Testing.LungRegistration.fields import affine_field, ball, grid, points_of, rotation

RNG = np.random.default_rng(7)
EXPANSION = np.diag([1.1, 1.1, 1.1])


def points_in(reference: sitk.Image, count: int = 50) -> np.ndarray:
    inner = points_of(reference)[2:-2, 2:-2, 2:-2].reshape(-1, 3)
    return inner[RNG.choice(len(inner), count, replace=False)] + RNG.uniform(-1, 1, (count, 3))


@pytest.mark.parametrize("direction", [np.eye(3), rotation(2, 30) @ rotation(0, 20), np.diag([1, 1, -1]), np.eye(3)[[2, 0, 1]]])
def test_landmarks_moved_by_the_true_field_have_no_error_on_any_orientation_of_the_grid(direction):
    reference = grid(direction=direction.ravel().tolist())
    fixed = points_in(reference)
    moving = fixed @ EXPANSION.T + [3, -2, 1]
    field = affine_field(EXPANSION, reference, (3, -2, 1))
    assert tre.landmark_errors_mm(field, fixed, moving).max() < 1e-9
    assert tre.landmark_errors_mm(None, fixed, moving) == pytest.approx(np.linalg.norm(moving - fixed, axis=1))


def test_snapping_hides_errors_below_half_a_voxel_and_counts_whole_voxels():
    moving = grid(spacing=(0.6, 0.6, 2.5), origin=(0, 0, 0))
    field = affine_field(np.eye(3), moving)
    landmark = np.array([[6.0, 6.0, 10.0]])
    assert tre.landmark_errors_mm(field, landmark + [0, 0, 1.2], landmark) == pytest.approx([1.2])
    assert tre.snapped_errors_mm(field, landmark + [0, 0, 1.2], landmark, moving) == pytest.approx([0.0])
    assert tre.snapped_errors_mm(field, landmark + [0, 0, 1.3], landmark, moving) == pytest.approx([2.5])
    assert tre.snapped_errors_mm(field, landmark + [0.4, 0, 0], landmark, moving) == pytest.approx([0.6])


def test_snapping_lowers_the_mean_of_dir_lab_landmarks():
    """Landmarks on voxel centers, errors of 0.8 mm on average: near 0.66 mm snapped (papers.md 1.3)."""
    moving = grid(size=(200, 200, 60), spacing=(0.6, 0.6, 2.5), origin=(0, 0, 0))
    voxels = RNG.integers([20, 20, 10], [180, 180, 50], (4000, 3))
    target = voxels * [0.6, 0.6, 2.5]
    error = RNG.normal(size=(4000, 3))
    error *= 0.8 / np.linalg.norm(error, axis=1).mean()
    field = affine_field(np.eye(3), moving)
    assert tre.landmark_errors_mm(field, target + error, target).mean() == pytest.approx(0.8, abs=0.01)
    assert tre.snapped_errors_mm(field, target + error, target, moving).mean() == pytest.approx(0.66, abs=0.06)


def test_statistics_by_hand():
    statistics = tre.error_statistics(np.array([1.0, 2.0, 3.0, 4.0, 10.0]))
    assert statistics["count"] == 5
    assert statistics["mean"] == 4.0
    assert statistics["median"] == 3.0
    assert statistics["p75"] == 4.0
    assert statistics["p90"] == pytest.approx(7.6)
    assert statistics["max"] == 10.0
    assert statistics["std"] == pytest.approx(np.sqrt(12.5))
    assert statistics["standard_error"] == pytest.approx(np.sqrt(2.5))


def test_cumulative_curve_ends_at_all_points():
    curve = tre.cumulative_curve(np.array([0.1, 0.3, 0.3, 1.1]), step_mm=0.5)
    assert curve["mm"][:3] == [0.0, 0.5, 1.0]
    assert curve["percent"] == [0.0, 75.0, 75.0, 100.0]


def test_depth_below_the_pleura_of_a_ball():
    reference = grid(size=(60, 60, 60), spacing=(1, 1, 1), origin=(0, 0, 0))
    lung = ball(reference, (30, 30, 30), 20)
    depth = tre.distance_to_pleura_mm(np.array([[30.0, 30, 30], [30, 30, 45], [30, 30, 58]]), lung)
    assert depth == pytest.approx([20, 5, 0], abs=1.0)
    rows = tre.errors_by_depth(np.array([1.0, 2.0, 9.0]), depth)
    assert [row["count"] for row in rows] == [1, 1, 0, 1]
    assert [row["mean"] for row in rows if row["count"]] == [9.0, 2.0, 1.0]
