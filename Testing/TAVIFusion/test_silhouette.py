"""Silhouette, outline and depth of a mesh before the C-arm."""

import numpy as np
import pytest

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import dice
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.depth_map import depth_map
from TAVIFusionLib.meshes import Mesh, read_mesh
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.silhouette import outline, silhouette
from Testing.data import real_data
from Testing.TAVIFusion.mesh_examples import aorta, sphere

ARM = CArm(0.0, 0.0, 1100.0, 750.0, (0.4, 0.4), (300, 260))


def rasterized(mesh, carm, pose=None):
    """The same by brute force: each triangle asks each pixel of its box."""
    mask = np.zeros(carm.size[::-1], bool)
    for corners in carm.project((pose or Pose()).apply(mesh.points_mm))[mesh.triangles]:
        low = np.maximum(np.ceil(corners.min(axis=0)), 0).astype(int)
        high = np.minimum(np.floor(corners.max(axis=0)), np.array(carm.size) - 1).astype(int)
        if (high < low).any():
            continue
        column, row = np.meshgrid(np.arange(low[0], high[0] + 1), np.arange(low[1], high[1] + 1))
        sides = []
        for (x, y), (u, v) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            sides.append((u - x) * (row - y) - (v - y) * (column - x))
        inside = (np.min(sides, axis=0) >= 0) | (np.max(sides, axis=0) <= 0)
        mask[low[1] : high[1] + 1, low[0] : high[0] + 1] |= inside
    return mask


def turned_at_random(mesh):
    """The same surface, the corners of half of its triangles in the other order."""
    other = np.random.default_rng(5).random(len(mesh.triangles)) < 0.5
    return Mesh(mesh.points_mm, np.where(other[:, None], mesh.triangles[:, ::-1], mesh.triangles))


@pytest.mark.parametrize("angles", [(0, 0), (30, 20), (-20, -20), (90, 5)])
@pytest.mark.parametrize("change", [lambda mesh: mesh, turned_at_random, lambda mesh: Mesh(mesh.points_mm, mesh.triangles[::2])])
def test_it_is_what_each_triangle_covers_be_it_closed_or_turned_or_full_of_holes(angles, change):
    mesh, carm = change(aorta(24, 16)), ARM.at(primary_deg=angles[0], secondary_deg=angles[1])
    mask = silhouette(mesh, carm)
    assert mask.shape == (260, 300)
    assert mask.sum() > 1000
    assert np.array_equal(mask, rasterized(mesh, carm))


def test_the_pose_moves_the_shadow():
    mesh, pose = aorta(24, 16), Pose((4.0, -3.0, 8.0), (6.0, 2.0, -5.0), (5.0, -10.0, 20.0))
    moved = Mesh(pose.apply(mesh.points_mm), mesh.triangles)
    assert np.array_equal(silhouette(mesh, ARM, pose), silhouette(moved, ARM))
    assert dice(silhouette(mesh, ARM, pose), silhouette(mesh, ARM)) < 0.9


def test_a_ball_casts_the_shadow_that_geometry_tells():
    """The tangent cone of a ball of radius r at the isocenter has sin(half angle) = r / SOD."""
    mask = silhouette(sphere(20.0, rings=120, around=240), ARM)
    radius = 1100 * np.tan(np.arcsin(20 / 750)) / 0.4
    assert mask.sum() == pytest.approx(np.pi * radius**2, rel=0.003)
    row, column = np.argwhere(mask).mean(axis=0)
    assert (column, row) == pytest.approx(ARM.center_px, abs=0.05)


def test_left_and_right_are_not_mirrored():
    """A ball at the patient's left is at the right of the image, which a camera at the source would show at the left."""
    mask = silhouette(sphere(8.0, (25.0, 0.0, 20.0)), ARM)
    row, column = np.argwhere(mask).mean(axis=0)
    assert column == pytest.approx(ARM.project(np.array([[25.0, 0, 20]]))[0, 0], abs=0.5)
    assert column > ARM.center_px[0] + 60
    assert row < ARM.center_px[1] - 40


def test_what_lies_beside_the_frame_is_not_drawn():
    assert not silhouette(sphere(8.0, (90.0, 0.0, 0.0)), ARM).any()
    assert not silhouette(sphere(8.0, (0.0, 0.0, -90.0)), ARM).any()
    half = silhouette(sphere(20.0, (ARM.center_px[0] * ARM.isocenter_pixel_mm[0], 0.0, 0.0)), ARM)
    assert half[:, -1].any()
    assert not half[:, 0].any()


def test_a_mesh_around_the_frame_fills_it():
    assert silhouette(sphere(200.0), ARM).all()
    assert silhouette(Mesh([[-2000, 0, -2000], [2000, 0, -2000], [0, 0, 3000]], [[0, 1, 2]]), ARM).all()


def test_what_lies_behind_the_source_is_cut_off():
    """A ball around the source: the part before it fills the image; one behind it is not seen, though its lines of sight
    continued backwards meet the image."""
    assert silhouette(sphere(30.0, (0.0, 750.0, 0.0)), ARM).all()
    assert not silhouette(sphere(30.0, (0.0, 800.0, 0.0)), ARM).any()


def test_a_triangle_through_the_sources_plane_is_drawn_up_to_the_horizon():
    """A level sheet below the beam's axis, from the detector to behind the source, covers what is below the horizon."""
    sheet = Mesh([[-9000, -300, -1], [9000, -300, -1], [9000, 3000, -1], [-9000, 3000, -1]], [[0, 1, 2], [0, 2, 3]])
    first = ARM.center_px[1] + 1100 * 1 / 1050 / 0.4  # where its far end appears
    mask = silhouette(sheet, ARM)
    rows = np.arange(260)
    assert np.array_equal(mask, np.broadcast_to((rows >= first)[:, None], mask.shape))


def test_an_empty_mesh_has_no_shadow():
    assert not silhouette(Mesh(np.zeros((0, 3)), np.zeros((0, 3))), ARM).any()


def test_a_geometry_with_gaps_is_refused():
    with pytest.raises(InputError, match="source_to_detector_mm"):
        silhouette(aorta(), ARM.at(source_to_detector_mm=None))


def area(line):
    """Signed, positive where it runs clockwise as one sees it (rows count downwards)."""
    x, y = line.T
    return 0.5 * float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


def test_the_outline_of_a_block_cuts_its_corners_half_way_between_pixels():
    mask = np.zeros((8, 9), bool)
    mask[2:5, 3:7] = True
    (line,) = outline(mask)
    assert line[0] == pytest.approx(line[-1])
    assert (line.min(axis=0), line.max(axis=0)) == (pytest.approx([2.5, 1.5]), pytest.approx([6.5, 4.5]))
    assert area(line) == pytest.approx(3 * 4 - 4 * 0.125)


def test_holes_run_the_other_way_and_the_areas_add_up():
    row, column = np.indices((120, 140))
    radius = np.hypot(row - 60, column - 70)
    mask = (radius < 50) & (radius > 20)
    outer, inner = outline(mask)
    assert area(outer) == pytest.approx(np.pi * 2500, rel=0.01)
    assert area(inner) == pytest.approx(-np.pi * 400, rel=0.03)
    assert np.hypot(*(outer - [70, 60]).T) == pytest.approx(np.full(len(outer), 50), abs=0.8)


def test_the_outline_of_noise_is_closed_around_every_part():
    mask = np.random.default_rng(2).random((60, 50)) < 0.5
    lines = outline(mask)
    assert all(np.array_equal(line[0], line[-1]) for line in lines)
    assert all(np.abs(np.diff(line, axis=0)).max() <= 1 for line in lines)
    crossings = (np.pad(mask, 1)[:, 1:] != np.pad(mask, 1)[:, :-1]).sum() + (np.pad(mask, 1)[1:] != np.pad(mask, 1)[:-1]).sum()
    assert sum(len(line) - 1 for line in lines) == crossings


def test_pixels_that_touch_at_a_corner_are_apart():
    assert len(outline(np.eye(2, dtype=bool))) == 2
    assert len(outline(np.eye(2, dtype=bool)[::-1])) == 2


def test_the_frames_border_closes_the_outline():
    (line,) = outline(np.ones((4, 6), bool))
    assert (line.min(axis=0), line.max(axis=0)) == (pytest.approx([-0.5, -0.5]), pytest.approx([5.5, 3.5]))
    assert outline(np.zeros((4, 6), bool)) == []


@pytest.mark.parametrize("angles", [(0, 0), (30, 20)])
def test_depth_is_known_where_the_shadow_is(angles):
    mesh, carm = aorta(24, 16), ARM.at(primary_deg=angles[0], secondary_deg=angles[1])
    depth = depth_map(mesh, carm)
    assert depth.dtype == np.float32
    assert np.array_equal(np.isfinite(depth), silhouette(mesh, carm))


def test_the_depth_of_a_ball_is_that_of_its_side_towards_the_source():
    depth = depth_map(sphere(20.0, rings=120, around=240), ARM)
    assert np.nanmin(depth) == pytest.approx(730, abs=0.1)
    row, column = 130, 180
    ray = ARM.rays(np.array([[column, row]]))[0]
    to_center = -ARM.source_mm @ ray
    distance = to_center - np.sqrt(20**2 - (750**2 - to_center**2))
    assert depth[row, column] == pytest.approx(distance * (ray @ ARM.axes()[2]), abs=0.2)


def test_the_nearer_of_two_surfaces_counts_whatever_comes_first():
    near, far = sphere(8.0, (0.0, 40.0, 0.0)), sphere(15.0, (0.0, -40.0, 0.0))
    for one, other in ((near, far), (far, near)):
        both = Mesh(np.vstack([one.points_mm, other.points_mm]), np.vstack([one.triangles, other.triangles + len(one.points_mm)]))
        assert depth_map(both, ARM)[130, 150] == pytest.approx(702, abs=0.5)


def test_a_large_triangle_close_to_the_source_has_depth_too():
    sheet = Mesh([[-9000, -300, -1], [9000, -300, -1], [9000, 3000, -1], [-9000, 3000, -1]], [[0, 1, 2], [0, 2, 3]])
    depth = depth_map(sheet, ARM)
    assert depth[259, 150] == pytest.approx(1100 / ((259 - ARM.center_px[1]) * 0.4), rel=1e-4)


@pytest.mark.parametrize(
    ("name", "frame"), [("vmtk_aorta/aorta-surface.vtp", "RAS"), ("phantom_xa/phantom_mesh_coarse.stl", "LPS")]
)
def test_shadow_and_depth_of_real_meshes_closed_and_open_agree(name, frame):
    mesh = read_mesh(real_data(f"tavi/{name}"), frame)
    carm = ARM.at(primary_deg=20.0, secondary_deg=-15.0, isocenter_mm=tuple(mesh.points_mm.mean(axis=0)))
    mask = silhouette(mesh, carm)
    assert mask.sum() > 1000
    assert np.array_equal(mask, np.isfinite(depth_map(mesh, carm)))
