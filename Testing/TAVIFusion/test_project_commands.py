"""`correspond tavi project | angles | aorta`, from files to files."""

import argparse
import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.commands.aorta import add_aorta_command
from TAVIFusionLib.commands.project import add_project_commands
from TAVIFusionLib.meshes import read_mesh, write_mesh
from TAVIFusionLib.pose import Pose
from TAVIFusionLib.pose_files import pose_entry
from TAVIFusionLib.silhouette import silhouette
from Testing.data import real_data
from Testing.TAVIFusion.mesh_examples import aorta

GEOMETRY = ("--primary", "30", "--secondary", "20", "--sid", "1100", "--sod", "750", "--spacing", "0.8", "--size", "200", "220")
NADIRS = "name,x,y,z\nnadir L,8.2,-124.9,60.5\nnadir R,4.1,-141.4,54.9\nnadir N,-4.6,-126.2,66.0\nostium L,20,-120,75\n"


def run(*arguments):
    """Run a command; its results and the warnings."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    commands = parser.add_subparsers(required=True)
    add_project_commands(commands)
    add_aorta_command(commands)
    args = parser.parse_args([str(argument) for argument in arguments])
    progress = Progress()
    return args.func(args, progress), progress.warnings


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def model(tmp_path):
    write_mesh(aorta(24, 16), tmp_path / "aorta.stl")
    return tmp_path / "aorta.stl"


def expected_arm(mesh):
    middle = (mesh.points_mm.min(axis=0) + mesh.points_mm.max(axis=0)) / 2
    return CArm(30.0, 20.0, 1100.0, 750.0, (0.8, 0.8), (200, 220), tuple(middle))


def test_a_model_is_projected_with_the_geometry_of_the_options(model, tmp_path):
    result, warnings = run("project", model, "--mesh-frame", "LPS", *GEOMETRY, "--output", tmp_path / "out")
    mesh = read_mesh(model)
    mask = silhouette(mesh, expected_arm(mesh))
    assert warnings == []
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"silhouette.png", "depth.png", "outline.csv", "points.csv", "geometry.json"}
    picture = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / "silhouette.png")))
    assert np.array_equal(picture[..., 0] == 255, mask)
    depth = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "out" / "depth.png"))).sum(axis=-1)
    assert np.array_equal(depth > 0, mask)
    assert result["covered_percent"] == pytest.approx(100 * mask.mean())
    pixels = expected_arm(mesh).project(mesh.points_mm)
    assert [float(row["column"]) for row in rows(tmp_path / "out" / "points.csv")] == pytest.approx(pixels[:, 0], abs=1e-3)
    line = np.array([(float(r["column"]), float(r["row"])) for r in rows(tmp_path / "out" / "outline.csv") if r["line"] == "0"])
    assert np.array_equal(line[0], line[-1])
    geometry = json.loads((tmp_path / "out" / "geometry.json").read_text(encoding="utf-8"))
    assert geometry["primary_deg"] == 30
    assert geometry["isocenter_mm"] == pytest.approx(expected_arm(mesh).isocenter_mm)


def test_landmarks_pose_and_isocenter_are_taken(model, tmp_path):
    pose = Pose((0.0, 0.0, 5.0), (4.0, 3.0, -50.0))
    (tmp_path / "pose.json").write_text(json.dumps(pose_entry(pose)), encoding="utf-8")
    (tmp_path / "points.csv").write_text(NADIRS, encoding="utf-8")
    options = ("--pose", tmp_path / "pose.json", "--landmarks", tmp_path / "points.csv", "--isocenter", -3, 5, -6)
    run("project", model, "--mesh-frame", "LPS", *GEOMETRY, *options, "--output", tmp_path / "out")
    arm = CArm(30.0, 20.0, 1100.0, 750.0, (0.8, 0.8), (200, 220), (-3.0, 5.0, -6.0))
    expected = arm.project(pose.apply(np.array([[8.2, -124.9, 60.5]])))[0]
    first = rows(tmp_path / "out" / "points.csv")[0]
    assert first["name"] == "nadir L"
    assert (float(first["column"]), float(first["row"])) == pytest.approx(expected, abs=1e-3)


def test_a_real_run_tells_its_geometry(tmp_path):
    options = ("--run", real_data("tavi/phantom_xa/IM5.dcm"), "--frame", 3, "--output", tmp_path / "out")
    mesh = real_data("tavi/phantom_xa/phantom_mesh_coarse.stl")
    result, warnings = run("project", mesh, "--mesh-frame", "LPS", *options)
    geometry = result["geometry"]
    assert (geometry["primary_deg"], geometry["secondary_deg"]) == (pytest.approx(-26.5), pytest.approx(-32.7))
    assert (geometry["source_to_detector_mm"], geometry["source_to_isocenter_mm"]) == (931, 720)
    assert geometry["pixel_spacing_mm"] == pytest.approx((0.390625, 0.390625))
    assert geometry["size"] == (512, 512)
    assert any("open" in text for text in warnings)
    assert result["covered_percent"] > 1


def test_what_a_real_run_does_not_tell_is_asked_for_with_a_suggestion(tmp_path):
    run_file, mesh = real_data("tavi/phantom_xa/IM1.dcm"), real_data("tavi/phantom_xa/phantom_mesh_coarse.stl")
    with pytest.raises(InputError, match=r"IM1.dcm does not tell pixel_spacing_mm.*Suggested: pixel_spacing_mm.*0\.39"):
        run("project", mesh, "--mesh-frame", "LPS", "--run", run_file, "--output", tmp_path / "out")
    options = ("--run", run_file, "--spacing", 0.39, "--output", tmp_path / "out")
    result, _ = run("project", mesh, "--mesh-frame", "LPS", *options)
    assert result["geometry"]["pixel_spacing_mm"] == (0.39, 0.39)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (GEOMETRY[:6], "incomplete"),
        ((*GEOMETRY, "--isocenter", "600", "0", "0"), "outside the beam"),
        ((*GEOMETRY, "--pose", "none.json"), "cannot be read"),
    ],
)
def test_nothing_is_written_where_the_input_is_wrong(model, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        run("project", model, "--mesh-frame", "LPS", *options, "--output", tmp_path / "out")
    assert not any(tmp_path.glob("out/*"))


def test_the_views_of_a_valve_come_as_table(tmp_path):
    (tmp_path / "nadirs.csv").write_text(NADIRS, encoding="utf-8")
    result, _ = run("angles", tmp_path / "nadirs.csv", "--step", 5, "--output", tmp_path / "out")
    table = {float(row["primary_deg"]): float(row["secondary_deg"]) for row in rows(tmp_path / "out" / "s_curve.csv")}
    assert list(table) == [float(a) for a in range(-90, 91, 5)]
    left, posterior, superior = result["normal_lps"]
    assert table[0.0] == pytest.approx(np.rad2deg(np.arctan(posterior / superior)), abs=0.01)
    for name in ("cusp_overlap_view", "three_cusp_view"):
        primary, secondary = result[name]["primary_deg"], result[name]["secondary_deg"]
        assert np.interp(primary, list(table), list(table.values())) == pytest.approx(secondary, abs=0.5)
    written = json.loads((tmp_path / "out" / "angles.json").read_text(encoding="utf-8"))
    assert written["three_cusp_view"] == result["three_cusp_view"]


@pytest.mark.parametrize(
    ("content", "step", "message"),
    [
        (NADIRS.replace("nadir R", "nadir X"), 1, "0 points that are named as the right nadir"),
        (NADIRS.replace("nadir R", "nadir L2"), 1, "named as the right nadir"),
        (NADIRS.replace("nadir N", "nadir left"), 1, "2 points that are named as the left nadir"),
        (NADIRS.replace("4.1,-141.4,54.9", "8.2,-124.9,60.5"), 1, "on a line"),
        (NADIRS, 0, "above 0"),
    ],
)
def test_nadirs_that_are_not_three_are_refused(content, step, message, tmp_path):
    (tmp_path / "nadirs.csv").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        run("angles", tmp_path / "nadirs.csv", "--step", step, "--output", tmp_path / "out")


def test_nadirs_are_known_by_the_names_of_their_cusps_too(tmp_path):
    content = NADIRS.replace("nadir L", "LCC").replace("nadir R", "RCC").replace("nadir N", "NCC")
    (tmp_path / "one.csv").write_text(NADIRS, encoding="utf-8")
    (tmp_path / "other.csv").write_text(content.rsplit("ostium", 1)[0], encoding="utf-8")
    one, other = (run("angles", tmp_path / name, "--output", tmp_path / "out")[0] for name in ("one.csv", "other.csv"))
    assert one == other


def test_the_real_aorta_becomes_a_mesh_file(tmp_path):
    options = ("--seed", -232.1, -112.0, 26.5, "--box", -241, -183, 11, -204, -96, 37, "--triangles", 8000)
    output = tmp_path / "aorta.vtp"
    result, warnings = run("aorta", real_data("tavi/vmtk_aorta/aorta.mha"), *options, "--output", output)
    assert warnings == []
    mesh = read_mesh(output)
    assert mesh.closed
    assert result["triangles"] == len(mesh.triangles) <= 8400
    assert result["extent_mm"] == pytest.approx([37, 87, 25], abs=3)


@pytest.mark.parametrize(
    ("volume", "name", "message"),
    [(None, "a.vtp", "no volume file"), (b"x", "a.ply", "written as STL"), (b"x", "a.stl", "Cannot read the angiography")],
)
def test_the_aorta_needs_a_volume_and_a_mesh_file(volume, name, message, tmp_path):
    if volume:
        (tmp_path / "cta.nrrd").write_bytes(volume)
    with pytest.raises(InputError, match=message):
        run("aorta", tmp_path / "cta.nrrd", "--seed", 0, 0, 0, "--output", tmp_path / name)
    assert not (tmp_path / name).exists()
