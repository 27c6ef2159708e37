"""Rigid motion of the model."""

import numpy as np
import pytest

from TAVIFusionLib.pose import Pose

POSE = Pose((5.0, -12.0, 30.0), (3.0, 4.0, -5.0), (20.0, -150.0, 300.0))
POINTS = np.random.default_rng(1).uniform(-100, 100, (20, 3))


def test_no_pose_moves_nothing():
    assert Pose().apply(POINTS) == pytest.approx(POINTS)
    assert Pose().matrix() == pytest.approx(np.eye(4))


def test_the_rotation_leaves_the_pivot_where_the_translation_puts_it():
    pivot = np.array([POSE.pivot_mm])
    assert POSE.apply(pivot) - pivot == pytest.approx(np.array([POSE.translation_mm]))


def test_a_quarter_turn_about_the_head_axis_brings_left_to_posterior():
    assert Pose((0.0, 0.0, 90.0)).apply(np.array([[1.0, 0, 0]]))[0] == pytest.approx([0, 1, 0], abs=1e-12)


def test_distances_stay():
    moved = POSE.apply(POINTS)
    assert np.linalg.norm(moved[1:] - moved[:-1], axis=1) == pytest.approx(np.linalg.norm(POINTS[1:] - POINTS[:-1], axis=1))


def test_the_matrix_does_the_same():
    homogeneous = np.column_stack([POINTS, np.ones(len(POINTS))]) @ POSE.matrix().T
    assert homogeneous[:, :3] == pytest.approx(POSE.apply(POINTS))


@pytest.mark.parametrize("pivot", [(0.0, 0.0, 0.0), (20.0, -150.0, 300.0), (-7.0, 1.0, 2.0)])
def test_a_pose_from_a_matrix_has_that_matrix_whatever_its_pivot(pivot):
    again = Pose.from_matrix(POSE.matrix(), pivot)
    assert again.matrix() == pytest.approx(POSE.matrix())
    assert again.pivot_mm == pivot
    assert Pose.from_matrix(POSE.matrix(), POSE.pivot_mm).translation_mm == pytest.approx(POSE.translation_mm)
