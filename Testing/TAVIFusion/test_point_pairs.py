"""Poses from picked points, and the error of points that were not used."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.alignment.point_errors import point_errors
from TAVIFusionLib.alignment.point_pairs import fit_points, triangulated
from TAVIFusionLib.pose import Pose
from Testing.TAVIFusion.tubes import ARM, SIDE

POINTS = np.array([[10.0, 0, -5], [-12, 4, 0], [3, -9, 60], [15, 30, 40]])


def picked(truth: Pose, *carms) -> np.ndarray:
    return np.stack([carm.project(truth.apply(POINTS)) for carm in carms])


def test_one_pair_shifts_the_model_in_the_image():
    truth = Pose(translation_mm=(5.0, 2.0, -8.0))
    pixels = picked(truth, ARM)
    pixels[:, 1:] = np.nan
    fit = fit_points(POINTS, pixels, [ARM])
    assert fit.degrees == "in-plane"
    assert np.nanmax(fit.residual_mm) < 0.05
    assert np.isnan(fit.residual_mm[0, 1:]).all()
    assert abs(np.dot(fit.pose.translation_mm, ARM.axes()[2])) < 1e-6
    assert np.linalg.norm(fit.pose.rotation_deg) < 1e-6


def test_four_pairs_in_two_views_give_the_pose():
    truth = Pose((1.5, -2.0, 1.0), (6.0, 3.0, -9.0), (2.0, 6.0, 20.0))
    fit = fit_points(POINTS, picked(truth, ARM, SIDE), [ARM, SIDE], angle_trust_deg=100.0)
    assert fit.degrees == "six"
    assert np.abs(fit.pose.apply(POINTS) - truth.apply(POINTS)).max() < 0.05


def test_a_model_in_another_frame_is_turned_by_any_angle():
    turn = Rotation.from_rotvec([0.0, 150.0, 40.0], degrees=True).as_rotvec(degrees=True)
    truth = Pose(tuple(turn), (40.0, -30.0, 200.0))
    fit = fit_points(POINTS, picked(truth, ARM, SIDE), [ARM, SIDE], angle_trust_deg=None)
    assert np.abs(fit.pose.apply(POINTS) - truth.apply(POINTS)).max() < 0.05


def test_rays_meet_where_the_point_is():
    point = np.array([[12.0, -7.0, 33.0]])
    pixels = np.stack([carm.project(point)[0] for carm in (ARM, SIDE)])
    assert np.allclose(triangulated(pixels, [ARM, SIDE]), point[0], atol=1e-6)


def test_too_few_points_for_an_unknown_turn_are_refused():
    pixels = picked(Pose(), ARM, SIDE)
    with pytest.raises(InputError, match="three points"):
        fit_points(POINTS[:2], pixels[:, :2], [ARM, SIDE], angle_trust_deg=None)
    with pytest.raises(InputError, match="30"):
        fit_points(POINTS, picked(Pose(), ARM, ARM.at(primary_deg=15.0)), [ARM, ARM.at(primary_deg=15.0)], angle_trust_deg=None)


def test_no_pairs_and_wrong_shapes_are_refused():
    with pytest.raises(InputError, match="at least one"):
        fit_points(POINTS, np.full((1, 4, 2), np.nan), [ARM])
    with pytest.raises(InputError, match="fit|Point pairs"):
        fit_points(POINTS, np.zeros((1, 3, 2)), [ARM])


def test_errors_are_mm_at_the_isocenter():
    """A point that is seen 3 pixels right and 4 down of where it should be: 5 pixels of 0.8 mm / 1.4667."""
    pixels = picked(Pose(), ARM, SIDE)
    pixels[0, 0] += (3, 4)
    pixels[1, 2] = np.nan
    errors = point_errors(["L", "R", "N", "ostium"], picked(Pose(), ARM, SIDE), pixels, [ARM, SIDE])
    assert len(errors) == 7
    assert (errors[0].name, errors[0].view) == ("L", 0)
    assert errors[0].error_mm == pytest.approx(5 * 0.8 * 750 / 1100)
    assert errors[0].down_mm == pytest.approx(4 * 0.8 * 750 / 1100)
    assert max(error.error_mm for error in errors[1:]) < 1e-9
