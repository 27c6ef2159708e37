"""A pose is fitted to outlines: what is recovered, what a view cannot tell, what is refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.alignment.confidence import SLIDING
from TAVIFusionLib.alignment.degrees import SIX, moved, view_angle_deg
from TAVIFusionLib.alignment.pose_fit import fit_pose
from TAVIFusionLib.alignment.rim import Rim
from TAVIFusionLib.alignment.settings import FitSettings
from TAVIFusionLib.alignment.views import MaskOutline, View, plane_mm, plane_pixels
from TAVIFusionLib.pose import Pose
from Testing.TAVIFusion.tubes import ARM, SIDE, aorta, seen, straight

ROOT = np.array([[8.0, -6, -10], [-6, -6, 0], [20, -6, 0], [5, 8, 10]])
PIVOT = (2.0, -10.0, 20.0)


def in_plane(right: float, down: float, turn: float) -> Pose:
    return moved(Pose(pivot_mm=PIVOT), ARM.axes(), np.array([right, down, 0, 0, 0, turn]))


def plane_error(fit, truth: Pose) -> float:
    offsets = ARM.project(fit.pose.apply(ROOT)) - ARM.project(truth.apply(ROOT))
    return float(np.linalg.norm(offsets * ARM.isocenter_pixel_mm, axis=1).mean())


def test_a_shift_and_turn_in_the_image_are_recovered():
    mesh, truth = aorta(), in_plane(9.0, -7.0, 4.0)
    fit = fit_pose(mesh, [seen(mesh, ARM, truth)], Pose(pivot_mm=PIVOT))
    assert plane_error(fit, truth) < 0.4
    assert fit.residual_mm[0] < 0.5 and fit.matched[0] > 0.95
    assert not fit.warnings
    assert fit.confidence["shift right"].certain and fit.confidence["rotation about the beam"].certain


def test_contrast_in_the_root_alone_suffices():
    truth = in_plane(-8.0, 6.0, 3.0)
    fit = fit_pose(aorta(), [seen(aorta(0.4), ARM, truth, noise_mm=0.7)], Pose(pivot_mm=PIVOT))
    assert plane_error(fit, truth) < 1.2


def test_a_filled_vessel_behind_an_empty_one_is_recognized():
    """The descending aorta, without contrast, lies over the ascending one: half of that one's outline is none of the model's."""
    arm = ARM.at(primary_deg=-30.0, secondary_deg=0.0)
    truth = moved(Pose(pivot_mm=PIVOT), arm.axes(), np.array([-6.0, 5, 0, 0, 0, 2]))
    fit = fit_pose(aorta(), [seen(aorta(0.4), arm, truth)], Pose(pivot_mm=PIVOT))
    assert fit.residual_mm[0] < 0.5 and fit.matched[0] > 0.95
    apart = (arm.project(fit.pose.apply(ROOT)) - arm.project(truth.apply(ROOT))) * arm.isocenter_pixel_mm
    assert np.linalg.norm(apart, axis=1).mean() < 1.5


def test_a_catheter_beside_the_vessel_does_not_pull():
    mesh, truth = aorta(), in_plane(6.0, 5.0, 0.0)
    view = seen(mesh, ARM, truth)
    mask = view.mask.copy()
    mask[20:120, 30:34] = True
    mask[150:158, :200] |= np.arange(200) > 60
    fit = fit_pose(mesh, [View(mask, ARM)], Pose(pivot_mm=PIVOT))
    assert plane_error(fit, truth) < 0.8


def test_one_view_does_not_see_the_depth():
    mesh = aorta()
    fit = fit_pose(mesh, [seen(mesh, ARM)])
    depth = fit.confidence["shift along the beam"]
    assert not depth.fitted and not depth.certain
    assert depth.sigma > 5 * fit.confidence["shift right"].sigma
    assert np.allclose(depth.axis, ARM.axes()[2])
    with_depth = fit_pose(mesh, [seen(mesh, ARM)], degrees="in-plane and depth")
    assert with_depth.confidence["shift along the beam"].fitted
    assert not with_depth.confidence["shift along the beam"].certain


def test_two_views_see_the_depth():
    mesh = aorta()
    truth = Pose((2.0, -1.5, 2.0), (6.0, -7.0, 4.0), PIVOT)
    fit = fit_pose(mesh, [seen(mesh, ARM, truth), seen(mesh, SIDE, truth)], Pose(pivot_mm=PIVOT), degrees="auto")
    assert fit.degrees == "six"
    assert np.linalg.norm(fit.pose.apply(ROOT) - truth.apply(ROOT), axis=1).mean() < 0.8
    assert np.linalg.norm(fit.moved_mm[1]) < 0.5
    assert all(fit.confidence[name].certain for name in SIX if name != "shift along the beam")
    assert 1.5 < fit.confidence["shift along the beam"].sigma < 3 and "same phase" in " ".join(fit.warnings)


def test_two_views_of_the_same_phase_are_certain_of_the_depth():
    mesh = aorta()
    truth = Pose((2.0, -1.5, 2.0), (6.0, -7.0, 4.0), PIVOT)
    settings = FitSettings().with_motion(0.5, 0.0)
    fit = fit_pose(mesh, [seen(mesh, ARM, truth), seen(mesh, SIDE, truth)], Pose(pivot_mm=PIVOT), "six", settings=settings)
    assert np.linalg.norm(fit.pose.apply(ROOT) - truth.apply(ROOT), axis=1).mean() < 0.8
    assert all(fit.confidence[name].certain for name in SIX) and not fit.warnings


def test_a_breath_between_the_views_does_not_bend_the_pose_of_the_first():
    mesh = aorta()
    truth = Pose((1.0, -1.5, 2.0), (6.0, -7.0, 4.0), PIVOT)
    views = [seen(mesh, ARM, truth), seen(mesh, SIDE, truth.shifted(np.array([0.5, -0.5, -6.0])))]
    fit = fit_pose(mesh, views, Pose(pivot_mm=PIVOT), degrees="six")
    assert plane_error(fit, truth) < 0.5
    assert np.linalg.norm(fit.pose.apply(ROOT) - truth.apply(ROOT), axis=1).mean() < 1.5
    assert np.allclose(fit.moved_mm, [[0, 0, 0], [0.5, -0.5, -6.0]], atol=1.0)
    assert "moved the model by 6 mm" in " ".join(fit.warnings)
    still = fit_pose(
        mesh, views, Pose(pivot_mm=PIVOT), degrees="six", settings=FitSettings(beat_mm=0.01, breath_mm=0.01, moved_mm=0.01)
    )
    assert plane_error(still, truth) > 1.5 and not any("moved the model" in text for text in still.warnings)


def test_sliding_along_a_straight_tube_is_flagged():
    mesh = straight()
    fit = fit_pose(mesh, [seen(mesh, ARM, in_plane(5.0, 8.0, 0.0), noise_mm=0.5)], Pose(pivot_mm=(0.1, 0, 0)))
    sliding = fit.confidence[SLIDING]
    assert not sliding.certain
    assert abs(np.dot(sliding.axis, ARM.axes()[1])) > 0.9  # the tube runs down the image
    assert fit.confidence["shift right"].certain and not fit.confidence["shift down"].certain
    assert any("along the vessel" in warning for warning in fit.warnings)


def test_a_far_model_is_brought_to_the_vessel():
    mesh, truth = aorta(), in_plane(70.0, -45.0, 0.0)
    fit = fit_pose(mesh, [seen(mesh, ARM, truth)], Pose(pivot_mm=PIVOT))
    assert plane_error(fit, truth) < 1.0


def test_a_wrong_shape_is_said_to_be_stuck():
    mask = np.zeros((256, 256), bool)
    mask[100:160, 100:160] = True
    fit = fit_pose(aorta(), [View(mask, ARM)])
    assert any("stuck" in warning for warning in fit.warnings)


@pytest.mark.parametrize("count", [1, 2])
def test_six_degrees_are_refused_without_a_second_view_far_enough(count):
    near = ARM.at(primary_deg=20.0)
    views = [seen(aorta(), carm) for carm in (ARM, near)[:count]]
    with pytest.raises(InputError, match="10 degrees apart" if count == 2 else "second view"):
        fit_pose(aorta(), views, degrees="six")


def test_views_from_the_two_sides_of_a_line_see_the_same():
    assert view_angle_deg(ARM.at(primary_deg=-20.0, secondary_deg=0.0), ARM.at(primary_deg=160.0, secondary_deg=0.0)) < 1e-3


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.zeros((256, 256), bool), "no vessel"),
        (np.zeros((256, 200), bool), "shape"),
        (np.ones((256, 256), bool), "fills the frame"),
    ],
)
def test_masks_that_tell_nothing_are_refused(mask, message):
    with pytest.raises(InputError, match=message):
        fit_pose(aorta(), [View(mask, ARM)])


def test_unknown_degrees_no_views_and_unknown_geometry_are_refused():
    view = seen(aorta(), ARM)
    with pytest.raises(InputError, match="unknown"):
        fit_pose(aorta(), [view], degrees="seven")
    with pytest.raises(InputError, match="at least one view"):
        fit_pose(aorta(), [])
    with pytest.raises(InputError, match="incomplete"):
        fit_pose(aorta(), [replace(view, carm=ARM.at(source_to_detector_mm=None))])


def test_the_rim_is_the_outline_of_the_shadow():
    """Every point of the rim lies within a pixel of the silhouette's edge, and its normal points outwards."""
    mesh = aorta()
    view = seen(mesh, ARM)
    rim = Rim(mesh).seen(Pose(), ARM).outline()
    distance = (distance_transform_edt(~view.mask) - distance_transform_edt(view.mask)) * ARM.isocenter_pixel_mm[0]
    shown = (np.abs(rim.points_mm) < 125 * ARM.isocenter_pixel_mm[0]).all(axis=1)
    assert np.count_nonzero(shown) > 100

    def at(points_mm):
        columns, rows = np.rint(plane_pixels(points_mm[shown], ARM)).astype(int).T
        return distance[rows, columns]

    assert np.quantile(np.abs(at(rim.points_mm)), 0.98) < 1.5 * ARM.isocenter_pixel_mm[0]
    assert np.mean(at(rim.points_mm + 2 * rim.normals) > 0) > 0.95
    coarse = MaskOutline.of(view).edge_distance(rim.points_mm[shown], ARM)
    assert np.quantile(np.abs(coarse - at(rim.points_mm)), 0.98) < 2.0  # of every other pixel: 1.1 mm
    assert np.allclose(plane_mm(ARM.project(rim.model_mm), ARM), rim.points_mm, atol=0.05)


def test_the_rim_does_not_depend_on_how_triangles_are_turned():
    mesh = aorta()
    first = Rim(mesh).seen(Pose(), SIDE)
    second = Rim(type(mesh)(mesh.points_mm, mesh.triangles[:, ::-1])).seen(Pose(), SIDE)
    assert np.allclose(np.sort(first.points_mm, axis=0), np.sort(second.points_mm, axis=0))
    assert first.normals.sum(axis=0) == pytest.approx(second.normals.sum(axis=0), abs=1e-6)


def test_the_collimators_edge_is_no_outline():
    mesh = aorta()
    view = seen(mesh, ARM)
    opened = np.zeros_like(view.mask)
    opened[60:200, 60:200] = True
    masked = View(view.mask & opened, ARM, opened)
    points = MaskOutline.of(masked).points_mm
    limits = plane_mm(np.array([[60, 60], [199, 199]]), ARM)
    assert (points > limits[0] + 1).all() and (points < limits[1] - 1).all()
    assert len(MaskOutline.of(View(masked.mask, ARM)).points_mm) > len(points)
