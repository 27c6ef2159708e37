"""The paper's parallel projection: its rotation put right, and what it costs."""

import numpy as np
import pytest

from TAVIFusionLib.carm import CArm, view_direction
from TAVIFusionLib.paper_projection import project_parallel

ARM = CArm(0.0, 0.0, 1100.0, 750.0, (0.2, 0.2))


def about_x(degrees):
    a = np.deg2rad(degrees)
    return np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])


def about_z(degrees):
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def aorta():
    """A centerline: root at the isocenter, ascending part, arch, descending part; (220, 3) LPS mm."""
    s, t = np.linspace(0, 1, 60)[:, None], np.linspace(0, np.pi, 80)[:, None]
    ascending = s * [5, -10, 80]
    arch = np.array([5, -10, 80]) + np.hstack([10 * (1 - np.cos(t)), 35 * (1 - np.cos(t)), 35 * np.sin(t)])
    descending = arch[-1] + np.linspace(0, 1, 80)[:, None] * [0, 0, -180]
    return np.vstack([ascending, arch, descending])


def angle(one, other):
    return np.rad2deg(np.arccos(np.clip(one @ other, -1, 1)))


@pytest.mark.parametrize("angles", [(0, 0), (30, 20), (-20, -20), (40, 30)])
def test_the_rotation_is_that_of_the_equation_in_its_corrected_order(angles):
    points = aorta()
    turned = points @ (about_x(angles[1]) @ about_z(-angles[0])).T
    pixels = project_parallel(points, ARM.at(primary_deg=angles[0], secondary_deg=angles[1]))
    mm = (pixels - 255.5) * np.array(ARM.isocenter_pixel_mm)
    assert mm == pytest.approx(turned[:, [0, 2]] * [1, -1])


def test_the_equation_as_printed_looks_along_the_body_whatever_the_primary_angle():
    for primary in (-40, 0, 25):
        assert (about_z(primary) @ about_x(20))[2] == pytest.approx([0, np.sin(np.deg2rad(20)), np.cos(np.deg2rad(20))])


@pytest.mark.parametrize(("angles", "degrees"), [((10, -10), 20), ((20, -20), 39), ((30, 20), 58)])
def test_the_equation_with_its_signs_as_they_stand_looks_elsewhere(angles, degrees):
    """The rotation as printed, its second row as depth."""
    depth = -(about_z(angles[0]) @ about_x(angles[1]))[1]
    assert angle(depth, view_direction(*angles)) == pytest.approx(degrees, abs=0.8)


@pytest.mark.parametrize(("angles", "degrees"), [((10, 10), 0.2), ((20, 20), 1.7), ((30, 20), 3.1), ((40, 30), 8.3)])
def test_the_order_of_the_two_angles_matters(angles, degrees):
    swapped = about_x(-angles[1]) @ about_z(angles[0]) @ [0, -1, 0]
    assert angle(swapped, view_direction(*angles)) == pytest.approx(degrees, abs=0.1)


def distances(points_mm, carm):
    """Between parallel rays and the cone beam, (N,) mm in the plane of the isocenter: as they are, and after the best affine map
    of the image, the least that a registration by such a map can reach."""
    parallel = project_parallel(points_mm, carm)
    offset = (parallel - carm.project(points_mm)) * np.asarray(carm.isocenter_pixel_mm)
    design = np.column_stack([parallel, np.ones(len(parallel))])
    left = offset - design @ np.linalg.lstsq(design, offset, rcond=None)[0]
    return np.linalg.norm(offset, axis=1), np.linalg.norm(left, axis=1)


@pytest.mark.parametrize(
    ("angles", "mean", "largest", "fitted_rms", "fitted_largest"),
    [
        ((0, 0), 3.3, 9.0, 2.0, 4.4),
        ((30, 20), 2.9, 10.0, 2.3, 6.4),
        ((-20, -20), 4.2, 10.7, 2.2, 4.5),
        ((90, 0), None, None, 0.4, 1.2),
    ],
)
def test_parallel_rays_err_by_millimeters_that_no_affine_map_takes_away(angles, mean, largest, fitted_rms, fitted_largest):
    raw, fitted = distances(aorta(), ARM.at(primary_deg=angles[0], secondary_deg=angles[1]))
    if mean is not None:
        assert raw.mean() == pytest.approx(mean, abs=0.1)
        assert raw.max() == pytest.approx(largest, abs=0.1)
    assert np.sqrt((fitted**2).mean()) == pytest.approx(fitted_rms, abs=0.1)
    assert fitted.max() == pytest.approx(fitted_largest, abs=0.1)


def test_on_the_root_alone_parallel_rays_suffice():
    root = aorta()[:20]
    assert distances(root, ARM.at(primary_deg=30, secondary_deg=20))[1].max() < 0.2
