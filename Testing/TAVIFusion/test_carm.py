"""The cone-beam camera against numbers that a hand can check, DICOM's signs, and other programs."""

import importlib.util

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.carm import CArm, angles_of, camera_axes, view_direction
from TAVIFusionLib.paper_projection import project_parallel

ARM = CArm(0.0, 0.0, 1100.0, 750.0, (0.2, 0.2))
ANGLES = [(0, 0), (90, 0), (-90, 0), (30, 20), (-20, -20), (10, -10), (-45, 35), (170, 5)]


def seen(point, primary, secondary, arm=ARM):
    return arm.at(primary_deg=primary, secondary_deg=secondary).project(np.array([point]))[0]


def test_the_magnification_at_the_isocenter_is_the_ratio_of_the_distances():
    pixels = ARM.project(np.array([[1.0, 0, 0]])) - ARM.center_px
    assert pixels[0, 0] * 0.2 == pytest.approx(1.46667, abs=1e-5)
    assert ARM.isocenter_pixel_mm == pytest.approx((0.2 / 1.466667, 0.2 / 1.466667), rel=1e-6)


@pytest.mark.parametrize(
    ("point", "angles", "column", "row"),
    [
        ((10, 0, 0), (0, 0), 328.833, 255.5),
        ((0, -50, 0), (90, 0), -111.167, 255.5),
        ((0, -50, 0), (-90, 0), 622.167, 255.5),
        ((0, -50, 0), (0, 90), 255.5, 622.167),
        ((10, 50, 0), (0, 0), 334.071, 255.5),
        ((10, -50, 0), (0, 0), 324.25, 255.5),
        ((0, 50, 20), (30, 20), 447.499, -2.575),
    ],
)
def test_points_appear_where_a_hand_computes_them(point, angles, column, row):
    assert seen(point, *angles) == pytest.approx([column, row], abs=1e-3)


@pytest.mark.parametrize("primary", [-90, -30, 0, 17.5, 90, 180])
def test_a_point_on_the_axis_of_the_primary_angle_does_not_move_with_it(primary):
    assert seen((0, 0, 10), primary, 0) == pytest.approx([255.5, 182.167], abs=1e-3)


def test_an_anterior_point_is_nearer_to_the_detector_and_less_magnified():
    anterior, posterior = (seen((10, y, 0), 0, 0)[0] - 255.5 for y in (-50, 50))
    assert anterior * 0.2 / 10 == pytest.approx(1.375, abs=1e-6)
    assert posterior * 0.2 / 10 == pytest.approx(1.5714, abs=1e-4)
    assert posterior - anterior == pytest.approx(9.8, abs=0.05)


def test_the_axes_of_a_double_angle_are_those_of_the_formula():
    assert camera_axes(30, 20) == pytest.approx(
        np.array([[0.86603, 0.5, 0], [0.17101, -0.2962, -0.93969], [0.46985, -0.8138, 0.34202]]), abs=1e-5
    )


@pytest.mark.parametrize("angles", ANGLES)
def test_the_axes_are_perpendicular_and_left_handed_as_the_image_is_seen_against_the_beam(angles):
    axes = camera_axes(*angles)
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(axes) == pytest.approx(-1)


def test_lao_turns_the_detector_to_the_left_and_cranial_lifts_it_to_the_head():
    assert view_direction(0, 0) == pytest.approx([0, -1, 0])
    assert view_direction(90, 0) == pytest.approx([1, 0, 0], abs=1e-12)
    assert view_direction(30, 0)[0] > 0 > view_direction(-30, 0)[0]
    assert view_direction(0, 25)[2] > 0 > view_direction(0, -25)[2]


@pytest.mark.parametrize("angles", ANGLES)
def test_the_view_direction_is_longitude_and_latitude(angles):
    a, b = np.deg2rad(angles)
    assert view_direction(*angles) == pytest.approx([np.sin(a) * np.cos(b), -np.cos(a) * np.cos(b), np.sin(b)], abs=1e-12)


@pytest.mark.parametrize("angles", ANGLES)
def test_the_angles_follow_from_the_view_direction_of_any_length(angles):
    assert angles_of(3.7 * view_direction(*angles)) == pytest.approx(angles)


def test_the_patients_left_is_right_in_the_image_and_the_head_is_up():
    left, head = seen((40, 0, 0), 0, 0), seen((0, 0, 40), 0, 0)
    assert left[0] > 255.5
    assert head[1] < 255.5


def test_a_camera_that_looks_from_the_source_to_the_detector_shows_the_mirror_image():
    """Who looks from the source along the beam, head up, has the patient's left at the left; the image has it at the right."""
    for angles in ANGLES:
        right, down, beam = camera_axes(*angles)
        to_the_right_of_the_viewer = np.cross(beam, -down)
        assert to_the_right_of_the_viewer == pytest.approx(-right, abs=1e-12)


def test_slicer_shows_the_image_as_the_formula_does():
    """Slicer's sequences of XA have IJK to RAS diag(-1, -1, 1): a higher column is more to the left, as an axial slice is shown,
    and a higher row more posterior. The frame on the screen so has the patient's left at its right: the formula's order."""
    ijk_to_ras = np.diag([-1.0, -1.0, 1.0])
    columns = [seen((x, 0, 0), 0, 0)[0] for x in (-40, 40)]
    in_scene = [(ijk_to_ras @ [column, 0, 0])[0] for column in columns]
    assert in_scene[1] < in_scene[0]  # RAS x falls, and slice views show L at their right
    rows = [seen((0, 0, z), 0, 0)[1] for z in (-40, 40)]
    assert (ijk_to_ras @ [0, rows[1], 0])[1] > (ijk_to_ras @ [0, rows[0], 0])[1]  # the head is at A, which is up


def test_rays_go_through_the_points_that_are_seen_there():
    points = np.random.default_rng(3).uniform(-60, 60, (50, 3))
    arm = CArm(33.0, -21.0, 1050.0, 720.0, (0.3, 0.25), (400, 300), (5.0, -120.0, 33.0), (4.0, -2.0, 9.0))
    points = points + np.array(arm.isocenter_mm)
    rays = arm.rays(arm.project(points))
    offsets = points - arm.source_mm
    assert np.linalg.norm(np.cross(offsets, rays), axis=1).max() < 1e-9
    assert (np.einsum("nx,nx->n", offsets, rays) > 0).all()


def test_the_source_projects_its_isocenter_to_the_middle_wherever_the_table_is():
    arm = ARM.at(primary_deg=-35.0, secondary_deg=15.0, isocenter_mm=(10.0, -80.0, 400.0), table_mm=(3.0, 5.0, -20.0))
    assert arm.project(np.array([[7.0, -85.0, 420.0]]))[0] == pytest.approx([255.5, 255.5])
    assert np.linalg.norm(arm.source_mm - [7.0, -85.0, 420.0]) == pytest.approx(750)


def test_a_table_that_moves_to_the_patients_left_moves_the_patient_to_the_right_of_the_image():
    assert seen((0, 0, 0), 0, 0, ARM.at(table_mm=(10.0, 0.0, 0.0))) == pytest.approx([328.833, 255.5], abs=1e-3)


def test_points_behind_the_source_are_nowhere():
    behind = ARM.project(np.array([[0.0, 751.0, 0], [0, 749.0, 0]]))
    assert np.isnan(behind[0]).all()
    assert np.isfinite(behind[1]).all()


def test_what_is_missing_is_named():
    arm = CArm(10.0, None, 1100.0, None, None)
    assert arm.missing == ["secondary_deg", "source_to_isocenter_mm", "pixel_spacing_mm"]
    for use in (arm.check, lambda: arm.project(np.zeros((1, 3))), lambda: arm.source_mm, arm.axes):
        with pytest.raises(InputError, match="secondary_deg, source_to_isocenter_mm, pixel_spacing_mm.*geometry table"):
            use()


@pytest.mark.parametrize(
    "wrong", [{"source_to_isocenter_mm": 1100.0}, {"source_to_isocenter_mm": 0.0}, {"pixel_spacing_mm": (0.2, 0.0)}]
)
def test_distances_that_cannot_be_are_refused(wrong):
    with pytest.raises(InputError, match="Source to isocenter"):
        ARM.at(**wrong).check()


@pytest.mark.skipif(importlib.util.find_spec("nanodrr") is None, reason="nanodrr is not installed: no independent check")
@pytest.mark.parametrize("angles", [(0, 0), (30, 20), (-20, -20), (40, -10)])
def test_nanodrr_projects_to_the_same_pixels(angles):
    import torch
    from nanodrr.camera import make_k_inv, make_rt_inv

    rt_inv = make_rt_inv(
        torch.tensor([[float(angles[0]), float(angles[1]), 0.0]]), torch.tensor([[0.0, -750.0, 0.0]]), orientation="PA"
    )
    k_inv = make_k_inv(1100.0, 0.2, 0.2, 0.0, 0.0, 512, 512)
    points = np.random.default_rng(0).uniform(-50, 50, (20, 3))
    homogeneous = np.column_stack([points * [-1, -1, 1], np.ones(20)])  # nanodrr's world is RAS
    camera = homogeneous @ np.linalg.inv(rt_inv[0].numpy()).T
    image = camera[:, :3] @ np.linalg.inv(k_inv[0].numpy()).T
    pixels = image[:, :2] / image[:, 2:]
    offset = pixels - ARM.at(primary_deg=angles[0], secondary_deg=angles[1]).project(points)
    assert np.ptp(offset, axis=0).max() < 0.01  # but for half a pixel, where the first one is counted from
    assert np.abs(offset).max() < 0.6


def test_parallel_rays_do_not_magnify():
    assert project_parallel(np.array([[10.0, 50, 0], [10.0, -50, 0]]), ARM)[:, 0] == pytest.approx([328.833, 328.833], abs=1e-3)
