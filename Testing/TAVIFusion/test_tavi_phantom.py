"""The phantom patient: anatomy, mesh, CT, contrast, motion, frames, files."""

import json
from itertools import islice

import numpy as np
import pytest
import SimpleITK as sitk
import vtk
from scipy.ndimage import binary_dilation
from scipy.spatial import cKDTree

from CorrespondCoreLib.cli import main
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.metrics import dice
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.mask_files import read_masks
from TAVIFusionLib.meshes import check_mesh, read_mesh
from TAVIFusionLib.meshes.self_intersection import intersecting_pairs
from TAVIFusionLib.meshes.vtk_surface import polydata_of
from TAVIFusionLib.phantom import tavi_phantom
from TAVIFusionLib.phantoms.anatomy import random_anatomy
from TAVIFusionLib.phantoms.body import WATER, Ellipsoid
from TAVIFusionLib.phantoms.bolus import Bolus, gamma_variate
from TAVIFusionLib.phantoms.cloud import Cloud, line_integrals
from TAVIFusionLib.phantoms.detector import Detector
from TAVIFusionLib.phantoms.motion import Motion
from TAVIFusionLib.phantoms.other_mesh import fitted_mesh
from TAVIFusionLib.phantoms.patient import body_of
from TAVIFusionLib.phantoms.stream import frame_pairs
from TAVIFusionLib.phantoms.tree import flow_distances
from TAVIFusionLib.point_files import read_points
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.silhouette import silhouette

SMALL = 128


@pytest.fixture(scope="module")
def phantom():
    return tavi_phantom(2)


@pytest.fixture(scope="module")
def carm(phantom):
    return phantom.carm(20, -5, pixels=192)


@pytest.fixture(scope="module")
def cine(phantom, carm):
    full = Bolus(0, 20.0, 0.05, 600.0, 0.5, 2.0, 60.0)
    return phantom.run(carm, frames=4, frames_per_s=2.0, contrast=full, injected_s=0.1, devices=False)


@pytest.mark.parametrize("family", ["train", "held out"])
def test_mesh_is_closed_whole_and_of_the_size_of_a_planning_model(family):
    mesh = tavi_phantom(1, family).mesh
    assert mesh.closed and check_mesh(mesh) == []
    assert 20_000 < len(mesh.triangles) < 30_000
    extent = np.ptp(mesh.points_mm, axis=0)
    assert 450 < extent[2] < 750 and extent[0] < 260 and extent[1] < 180


@pytest.mark.parametrize("seed", range(4))
def test_root_is_within_what_is_measured_in_patients(seed):
    anatomy = random_anatomy(seed)
    nadirs = np.array([anatomy.landmarks_mm[f"nadir {cusp}"] for cusp in "LRN"])
    assert np.abs(nadirs.mean(axis=0) @ anatomy.root.normal) < 1
    assert 23 <= np.sqrt(np.prod(anatomy.root.annulus_mm)) <= 27
    assert 2 * np.linalg.norm(nadirs, axis=1).min() > 18 and 2 * np.linalg.norm(nadirs, axis=1).max() < 32
    assert 14 < anatomy.landmarks_mm["junction"] @ anatomy.root.normal < 26
    right, left = anatomy.landmarks_mm["nadir R"], anatomy.landmarks_mm["nadir L"]
    assert left[0] > anatomy.landmarks_mm["nadir N"][0] and right[1] < left[1], "left is left, the right sinus is in front"


def test_nadirs_and_ostia_lie_on_the_wall(phantom):
    tree = cKDTree(phantom.mesh.points_mm)
    for name in ("nadir L", "nadir R", "nadir N", "ostium L", "ostium R"):
        assert tree.query(phantom.landmarks_mm[name])[0] < 4.0, name


@pytest.mark.parametrize("angles", [(0, 0), (30, 20), (-30, -25)])
def test_landmarks_project_into_the_silhouette(phantom, angles):
    carm = CArm(*angles, 1100.0, 750.0, (2.5, 2.5), (256, 448), (0.0, 20.0, -140.0))
    mask = binary_dilation(silhouette(phantom.mesh, carm), iterations=1)
    for name, point in phantom.landmarks_mm.items():
        column, row = np.round(carm.project(point[None])[0]).astype(int)
        assert name == "annulus center" or mask[row, column], name


def test_families_are_of_different_shapes():
    def measures(family):
        found = []
        for seed in range(8):
            anatomy = random_anatomy(seed, family)
            iliac = anatomy["external iliac L"].points_mm
            bend = np.linalg.norm(np.diff(iliac, axis=0), axis=1).sum() / np.linalg.norm(iliac[-1] - iliac[0])
            found.append((anatomy["aorta"].radius_mm.max(), anatomy.landmarks_mm["arch apex"][2], bend))
        return np.median(found, axis=0)

    train, other = measures("train"), measures("held out")
    assert other[0] > train[0] + 2 and other[1] > train[1] + 8 and other[2] > train[2] + 0.02


def test_gamma_variate_peaks_at_one_and_washes_out():
    times = np.linspace(-1, 40, 4001)
    share = gamma_variate(times, 1.5, 2.0)
    assert share.max() == pytest.approx(1, abs=1e-4) and times[share.argmax()] == pytest.approx(1.5, abs=0.02)
    assert (share[times <= 0] == 0).all() and share[-1] < 1e-6


def test_blood_reaches_a_leg_only_along_the_tree():
    anatomy = random_anatomy(0)
    groin = anatomy.index("external iliac R")
    source = (groin, float(anatomy["external iliac R"].path_mm[-1]))
    ways = dict(zip([one.name for one in anatomy.branches], flow_distances(anatomy.branches, source), strict=True))
    leg = anatomy["external iliac R"].path_mm
    up, down = ways["external iliac L"]
    assert up == pytest.approx(source[1] - anatomy["aorta"].path_mm[-1])
    assert down[0] == pytest.approx(anatomy["common iliac L"].path_mm[-1] - anatomy["aorta"].path_mm[-1])
    assert ways["external iliac R"][1][0] == pytest.approx(leg[0] - leg[-1]), "upstream of the injection"
    root_up, root_down = ways["aorta"]
    assert root_up + -root_down[0] == pytest.approx(source[1] - anatomy["aorta"].path_mm[0])
    share = Bolus(*source).attenuation(anatomy.branches, 1.0)
    count = np.cumsum([0, *(len(one.points_mm) for one in anatomy.branches)])
    assert share[count[groin] : count[groin + 1]].max() > 0.02 and share[: count[1]].max() < 1e-4


def test_a_ball_weighs_what_the_ray_through_it_says():
    axis = np.arange(-12, 12.1, 1.0)
    points = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    points = points[np.linalg.norm(points, axis=1) < 12]
    carm = CArm(25.0, 10.0, 1100.0, 750.0, (1.2, 1.2), (64, 64))
    image = line_integrals(Cloud(points, np.full(len(points), 0.02), 1.0), carm)
    assert image[30:34, 30:34].mean() == pytest.approx(24 * 0.02, rel=0.05)
    assert image[:4].max() == 0


def test_body_absorbs_what_its_hounsfield_units_say(phantom):
    body, carm = body_of(2, phantom.anatomy), CArm(10.0, 5.0, 1100.0, 750.0, (8.0, 8.0), (32, 32))
    attenuation, _ = body.line_integrals(carm, step=1)
    pixels = np.array([[16, 16], [6, 12], [25, 20]])
    step = 0.5
    ways = np.arange(300, 1000, step)
    points = carm.source_mm + ways[None, :, None] * carm.rays(pixels)[:, None]
    summed = (np.maximum(body.hounsfield(points) + 1000, 0) / 1000 * WATER).sum(axis=1) * step
    found = attenuation[pixels[:, 1], pixels[:, 0]]
    assert found == pytest.approx(summed, rel=0.25)


def test_chord_through_a_ball_is_its_diameter():
    ball = Ellipsoid(np.array([0.0, 0, 0]), np.array([30.0, 30, 30]), 20.0)
    enter, leave = ball.interval(np.array([0.0, -700, 0]), np.array([[0.0, 1, 0], [0, 0, 1.0]]))
    assert leave - enter == pytest.approx([60, 0])


def test_ct_has_air_blood_bone_and_lies_where_the_mesh_is(phantom):
    ct = phantom.ct(3.0, "upper")
    values = sitk.GetArrayFromImage(ct)
    assert values.min() < -900 and values.max() > 700
    inside = [phantom.anatomy["aorta"].points_mm[k] for k in (20, 60, 120, 200)]
    blood = [ct[ct.TransformPhysicalPointToIndex(p.tolist())] for p in inside]
    assert all(260 < value < 460 for value in blood)
    outside = phantom.landmarks_mm["arch apex"] + [0, -45, 0]
    assert ct[ct.TransformPhysicalPointToIndex(outside.tolist())] < 150


def test_mask_is_what_is_opacified(cine):
    assert not cine.vessel_masks[0].any(), "before the injection"
    assert cine.vessel_masks[1:].any(axis=(1, 2)).all()
    outside = cine.vessel_masks & ~np.array([binary_dilation(mask, iterations=2) for mask in cine.model_masks])
    assert outside.sum() < 0.005 * cine.vessel_masks.sum()
    root = cine.vessel_masks[-1] & cine.model_masks[-1]
    assert root.sum() > 0.6 * cine.model_masks[-1].sum()


def test_contrast_arrives_and_is_washed_out(phantom, carm):
    bolus = Bolus(0, 20.0, 0.05, 500.0, 0.5, 3.0, 30.0)
    made = phantom.run(carm, 5, contrast=bolus, injected_s=0.5, frames_per_s=1.0, devices=False)
    shares = made.vessel_masks.mean(axis=(1, 2))
    assert shares[0] == 0 and shares.argmax() in (1, 2) and shares[4] < 0.5 * shares.max()


def test_contrast_is_dark(phantom, carm):
    clear = Detector(quanta=1e5, scatter=0.2, electronic=0.0, sharpen=0.0, bits=12)
    still = Motion(cardiac_mm=0, respiratory_mm=0)
    bolus = Bolus(0, 20.0, 0.05, 600.0, 0.5, 2.0, 60.0)
    made = phantom.run(carm, 2, contrast=bolus, detector=clear, devices=False, motion=still, frames_per_s=1.0, injected_s=0.5)
    assert made.run.frames.dtype == np.uint16 and made.run.frames.max() <= 4095
    first, second = made.run.frames.astype(float)
    mask = made.vessel_masks[1]
    far = ~binary_dilation(mask, iterations=8) & (first > 0) & (first < 4000)
    assert np.median((second - first)[mask & (first > 200)]) < np.median((second - first)[far]) - 200


def test_poses_of_a_static_run_are_the_identity(phantom, carm):
    made = phantom.run(carm, 3, cardiac_mm=0, respiratory_mm=0, contrast=False, devices=False)
    assert all(np.allclose(pose.matrix(), np.eye(4)) for pose in made.poses)
    assert (made.model_masks == silhouette(phantom.mesh, carm)).all() and not made.vessel_masks.any() and made.bolus is None


def test_motion_is_that_of_the_poses():
    motion = Motion(cardiac_mm=5, respiratory_mm=10, beats_per_s=1.0, breaths_per_s=0.25)
    times = np.arange(0, 4, 0.05)
    shifts = np.array([pose.translation_mm for pose in motion.poses(times)])
    assert np.allclose(shifts[0], 0) and 9 < np.linalg.norm(shifts, axis=1).max() < 15.1
    assert np.allclose(motion.cardiac_phase(times), times % 1) and motion.breath(times).argmax() == 40


def test_the_lumen_in_the_frames_moves_with_the_poses(phantom, carm):
    bolus = Bolus(0, 20.0, 0.06, 5000.0, 1.0, 0.5, 400.0)
    motion = Motion(cardiac_mm=0, respiratory_mm=12, breaths_per_s=0.25)
    made = phantom.run(carm, 3, contrast=bolus, motion=motion, frames_per_s=1.0, injected_s=-1.0, devices=False)
    for mask, whole, pose in zip(made.vessel_masks, made.model_masks, made.poses, strict=True):
        assert (whole == silhouette(phantom.mesh, carm, pose)).all()
        assert dice(mask, whole) > 0.93
    assert dice(made.vessel_masks[0], made.model_masks[2]) < dice(made.vessel_masks[0], made.model_masks[0]) - 0.01


def test_same_seed_same_frames_and_another_is_another(phantom, carm, cine):
    short = {"frames": 1, "contrast": False}
    one, same, other = (phantom.run(carm, seed=seed, **short).run.frames for seed in (3, 3, 4))
    assert (one == same).all() and (one != other).mean() > 0.3
    pairs = [next(frame_pairs(5, SMALL, "lower", "held out", "held out")) for _ in range(2)]
    assert (pairs[0][0] == pairs[1][0]).all() and (pairs[0][1] == pairs[1][1]).all()


@pytest.mark.parametrize("field_of_view", ["upper", "lower"])
def test_stream_gives_frames_with_and_without_contrast(field_of_view):
    pairs = list(islice(frame_pairs(1, SMALL, field_of_view), 14))
    for frame, mask in pairs:
        assert frame.shape == mask.shape == (SMALL, SMALL) and frame.dtype == np.float32 and mask.dtype == bool
        assert frame.min() >= 0 and frame.max() <= 1 and frame.std() > 0.03
    shares = np.array([mask.mean() for _, mask in pairs])
    assert 0.004 < np.median(shares) < 0.5
    plain = next(frame_pairs(1, SMALL, field_of_view, contrast=False))
    assert not plain[1].any()


def test_contrast_is_not_found_by_a_threshold():
    pairs = list(islice(frame_pairs(9, SMALL, "upper", contrast=True), 16))
    scores = [
        np.mean([dice((frame < level) & (frame > 0), mask) for frame, mask in pairs]) for level in np.linspace(0.1, 0.9, 17)
    ]
    assert 0.15 < max(scores) < 0.6


@pytest.mark.parametrize(
    "wrong", [{"family": "other"}, {"detector": "other"}, {"field_of_view": "middle"}], ids=["family", "detector", "field"]
)
def test_unknown_names_are_refused(wrong):
    with pytest.raises(InputError, match="give"):
        next(frame_pairs(0, SMALL, **wrong))


def test_impossible_phantoms_are_refused(phantom, carm):
    with pytest.raises(InputError, match="seed"):
        tavi_phantom(-1)
    with pytest.raises(InputError, match="frame"):
        phantom.run(carm, frames=0)
    with pytest.raises(InputError, match="incomplete"):
        phantom.run(CArm(0.0, 0.0))
    with pytest.raises(InputError, match="voxels"):
        phantom.ct(0.1)
    with pytest.raises(InputError, match="field of view"):
        phantom.run(carm, field_of_view="middle")


def test_fitted_mesh_is_another_mesh_of_about_the_same_wall(phantom):
    other = fitted_mesh(phantom, error_mm=1.0, phase=0.3)
    assert other.closed and not np.array_equal(other.points_mm[:100], phantom.mesh.points_mm[:100])
    same = fitted_mesh(phantom, error_mm=0.0, phase=0.0)
    wall = cKDTree(np.concatenate([phantom.mesh.points_mm, phantom.mesh.points_mm[phantom.mesh.triangles].mean(axis=1)]))
    off, on = (wall.query(mesh.points_mm)[0] for mesh in (other, same))
    assert np.median(on) < 0.6 and np.median(on) + 0.3 < np.median(off) < 2.0 and off.max() < 6


@pytest.mark.parametrize(("seed", "family"), [(4, "train"), (22, "train"), (28, "train"), (1007, "held out")])
def test_no_triangles_of_the_lumen_cross(seed, family):
    """Seeds whose meshes the thinning, or the other phase of the heart, would tangle."""
    phantom = tavi_phantom(seed, family)
    for mesh in (phantom.mesh, fitted_mesh(phantom)):
        assert mesh.closed and len(mesh.triangles) > 20_000
        assert len(intersecting_pairs(mesh)) == 0


def test_the_error_of_the_fitted_mesh_is_the_one_that_is_asked_for(phantom):
    wall = vtk.vtkImplicitPolyDataDistance()
    wall.SetInput(polydata_of(phantom.mesh))
    meshes = (fitted_mesh(phantom, error_mm, phase=0.0) for error_mm in (0.0, 1.0, 2.0))
    off = [np.array([wall.EvaluateFunction(point) for point in mesh.points_mm[::20]]) for mesh in meshes]
    assert np.sqrt(np.mean(off[0] ** 2)) < 0.3
    assert np.sqrt(np.mean(off[1] ** 2)) == pytest.approx(1.0, abs=0.25)
    assert np.sqrt(np.mean(off[2] ** 2)) == pytest.approx(1.7, abs=0.4)  # thin vessels stay open, no error is above 3 mm


def test_files_of_a_phantom_are_read_by_the_commands(tmp_path, capsys):
    small = ["--pixels", "192", "--frames", "3", "--ct-spacing", "5", "--view", "20", "-5", "--view", "-30", "10"]
    assert main(["tavi", "phantom", "--output", str(tmp_path), "--seed", "4", "--enhanced", *small]) == 0
    capsys.readouterr()
    truth = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    run = read_run(tmp_path / "view_2" / "run.dcm")
    carm = run.geometry[0]
    assert (carm.primary_deg, carm.secondary_deg, len(run)) == (-30, 10, 3) and not carm.missing
    mesh = read_mesh(tmp_path / "aorta.vtp")
    model = read_masks(tmp_path / "view_2" / "model_masks.nrrd", run)
    pose = Pose.from_matrix(np.array(truth["views"][1]["poses"][2]["matrix_lps"]))
    assert dice(silhouette(mesh, carm, pose), model[2]) > 0.995
    marks = read_points(tmp_path / "landmarks.csv", 1)
    seen = carm.project(pose.apply(np.array([mark.point_mm for mark in marks])))
    assert seen == pytest.approx(np.array([truth["views"][1]["landmarks_px"][2][mark.name] for mark in marks]), abs=0.01)
    ct = sitk.ReadImage(str(tmp_path / "ct.nrrd"))
    arch = next(mark.point_mm for mark in marks if mark.name == "arch apex")
    assert ct[ct.TransformPhysicalPointToIndex(arch.tolist())] > 200
    assert check_mesh(read_mesh(tmp_path / "aorta_segmented.vtp")) == []


@pytest.mark.parametrize("wrong", [["--pixels", "8"], ["--view", "120", "0"], ["--family", "none"], ["--frames", "0"]])
def test_command_refuses_what_cannot_be(tmp_path, wrong, capsys):
    assert main(["tavi", "phantom", "--output", str(tmp_path / "out"), "--pixels", "192", "--ct-spacing", "8", *wrong]) == 2
    assert capsys.readouterr().err.strip()
    assert not list(tmp_path.rglob("*.dcm"))
