"""S-curve, cusp overlap and three-cusp view."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.angulation import cusp_overlap_view, foreshortening_deg, s_curve, three_cusp_view, valve_normal
from TAVIFusionLib.carm import CArm, view_direction

NORMAL = np.array([0.45, -0.35, 0.82]) / np.linalg.norm([0.45, -0.35, 0.82])
ARM = CArm(0.0, 0.0, 1100.0, 750.0, (0.2, 0.2))


def nadirs(radius=12.0, tilt=(0.35, 0.25)):
    """Left, right and non-coronary nadir of an upright valve that is then tilted: the right one lies in front, the left one left
    and behind, the non-coronary one right and behind, as in people."""
    around = np.deg2rad([35.0, 265.0, 150.0])  # from the patient's left over posterior
    flat = np.column_stack([radius * np.cos(around), radius * np.sin(around), np.zeros(3)])
    about_x, about_y = tilt
    x = np.array([[1, 0, 0], [0, np.cos(about_x), -np.sin(about_x)], [0, np.sin(about_x), np.cos(about_x)]])
    y = np.array([[np.cos(about_y), 0, np.sin(about_y)], [0, 1, 0], [-np.sin(about_y), 0, np.cos(about_y)]])
    return flat @ (y @ x).T + [5.0, -130.0, 60.0]


def seen(points, view):
    """mm from their middle, at the isocenter, (column, row), where the middle of the points is the isocenter."""
    arm = ARM.at(primary_deg=view[0], secondary_deg=view[1], isocenter_mm=tuple(points.mean(axis=0)))
    return (arm.project(points) - arm.center_px) * arm.isocenter_pixel_mm


@pytest.mark.parametrize(("primary", "secondary"), [(-40, 1.48), (-20, -12.05), (0, -23.11), (20, -30.49), (40, -34.20)])
def test_the_s_curve_has_the_values_of_a_hand_computation(primary, secondary):
    assert s_curve(NORMAL, [primary])[0] == pytest.approx(secondary, abs=0.01)


def test_all_along_the_s_curve_the_valve_is_on_edge():
    primaries = np.linspace(-180, 180, 73)
    for normal in (NORMAL, -NORMAL, [0.1, 0.2, -0.9]):
        views = zip(primaries, s_curve(normal, primaries), strict=True)
        assert max(foreshortening_deg(view, normal) for view in views) < 1e-6


def test_the_s_curve_does_not_depend_on_which_way_the_normal_points():
    primaries = np.linspace(-90, 90, 19)
    assert s_curve(-NORMAL, primaries) == pytest.approx(s_curve(NORMAL, primaries))


def test_a_level_valve_is_on_edge_from_any_side_without_tilting_the_arm():
    assert s_curve(np.array([0, 0, 1.0]), np.linspace(-90, 90, 7)) == pytest.approx(np.zeros(7))


def test_an_upright_valve_is_on_edge_from_above_or_from_its_own_side():
    assert np.abs(s_curve(np.array([0, -1.0, 0]), [0, 45])) == pytest.approx([90, 90])
    assert s_curve(np.array([0, -1.0, 0]), [90, -90]) == pytest.approx([0, 0])


def test_foreshortening_is_the_angle_between_beam_and_valve_plane():
    assert foreshortening_deg((0, 0), np.array([0, -3.0, 0])) == pytest.approx(90)
    assert foreshortening_deg((0, 30), np.array([0, 0, 1.0])) == pytest.approx(30)
    assert foreshortening_deg((0, -30), np.array([0, 0, 1.0])) == pytest.approx(30)


def test_the_normal_is_perpendicular_to_the_plane_and_points_to_the_head():
    points = nadirs()
    for order in ([0, 1, 2], [2, 1, 0]):
        normal = valve_normal(points[order])
        assert np.linalg.norm(normal) == pytest.approx(1)
        assert (points - points[0]) @ normal == pytest.approx(np.zeros(3), abs=1e-9)
        assert normal[2] > 0


def test_in_the_cusp_overlap_view_left_and_right_coincide_and_the_third_stands_alone_at_the_images_left():
    points = nadirs()
    view = cusp_overlap_view(points)
    left, right, non_coronary = seen(points, view)
    assert left == pytest.approx(right, abs=0.3)  # up to the cone's magnification over 20 mm of depth
    assert non_coronary[0] < min(left[0], right[0]) - 10
    assert foreshortening_deg(view, valve_normal(points)) == pytest.approx(0, abs=1e-6)
    assert view[0] < 0 > view[1]  # RAO caudal, as in people


def test_in_the_three_cusp_view_the_right_nadir_is_half_way_between_the_others():
    points = nadirs()
    view = three_cusp_view(points)
    left, right, non_coronary = seen(points, view)
    assert right == pytest.approx((left + non_coronary) / 2, abs=0.15)
    assert non_coronary[0] < right[0] - 8 < left[0] - 16
    assert foreshortening_deg(view, valve_normal(points)) == pytest.approx(0, abs=1e-6)


def test_both_views_lie_on_the_s_curve_and_in_front_of_the_patient():
    for tilt in ((0.35, 0.25), (0.7, -0.1), (-0.2, 0.4), (0.9, 0.6)):
        points = nadirs(tilt=tilt)
        for view in (cusp_overlap_view(points), three_cusp_view(points)):
            assert s_curve(valve_normal(points), [view[0]])[0] == pytest.approx(view[1])
            assert view_direction(*view)[1] <= 0
            assert -90 <= view[0] <= 90


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((3, 3)),
        [[0, 0, 0], [10, 0, 0], [20, 0.5, 0]],
        [[0, 0, 0], [10, 0, 0]],
        [[0, 0, 0], [10, 0, 0], [0, np.nan, 0]],
        [[0, 0, 0], [10, 0, 0], [10, 0, 0]],
    ],
)
def test_points_that_make_no_plane_are_refused(wrong):
    for use in (valve_normal, cusp_overlap_view, three_cusp_view):
        with pytest.raises(InputError, match="nadirs"):
            use(np.array(wrong, float))
