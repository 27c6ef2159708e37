"""Meshes in files, LPS and RAS, and what is wrong with them."""

import sys

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, MissingPackage
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.meshes import Mesh, check_mesh, frame_suggestion, read_mesh, stated_frame, write_mesh
from TAVIFusionLib.meshes.self_intersection import intersecting_pairs
from TAVIFusionLib.pose import Pose
from Testing.data import real_data
from Testing.TAVIFusion.mesh_examples import aorta, sphere, tube

ARM = CArm(10.0, 5.0, 1100.0, 750.0, (0.4, 0.4))
KINDS = ("stl", "vtp", "vtk", "obj")


@pytest.fixture(scope="module")
def mesh():
    return aorta()


@pytest.mark.parametrize("kind", KINDS)
def test_a_mesh_comes_back_from_a_file(mesh, kind, tmp_path):
    write_mesh(mesh, tmp_path / f"aorta.{kind}")
    again = read_mesh(tmp_path / f"aorta.{kind}")
    assert again.points_mm[again.triangles] == pytest.approx(mesh.points_mm[mesh.triangles], abs=1e-4)
    assert len(again.points_mm) == len(mesh.points_mm)
    assert again.closed


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_states_its_frame_and_is_not_read_as_another(mesh, kind, tmp_path):
    path = tmp_path / f"aorta.{kind}"
    write_mesh(mesh, path)
    assert stated_frame(path) == "LPS"
    with pytest.raises(InputError, match="states that its coordinates are LPS, not RAS"):
        read_mesh(path, "RAS")


@pytest.mark.parametrize("kind", ["stl", "vtk", "obj"])
def test_a_file_that_slicer_wrote_as_ras_is_read_as_ras(mesh, kind, tmp_path):
    path = tmp_path / f"aorta.{kind}"
    write_mesh(mesh, path)
    path.write_bytes(path.read_bytes().replace(b"SPACE=LPS", b"SPACE=RAS"))
    assert stated_frame(path) == "RAS"
    again = read_mesh(path, "RAS")
    assert again.points_mm[again.triangles] == pytest.approx(mesh.points_mm[mesh.triangles] * [-1, -1, 1], abs=1e-4)


def test_a_file_is_known_by_its_content(mesh, tmp_path):
    write_mesh(mesh, tmp_path / "aorta.vtp")
    renamed = (tmp_path / "aorta.vtp").rename(tmp_path / "aorta.stl")
    assert len(read_mesh(renamed).triangles) == len(mesh.triangles)


def test_text_stl_is_read(tmp_path):
    corners = [(0, 0, 0), (40, 0, 0), (0, 40, 0), (0, 0, 40)]
    lines = ["solid tetrahedron"]
    for face in ((0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)):
        lines += ["facet normal 0 0 0", "outer loop", *(f"vertex {corners[c][0]} {corners[c][1]} {corners[c][2]}" for c in face)]
        lines += ["endloop", "endfacet"]
    path = tmp_path / "tetrahedron.stl"
    path.write_text("\n".join([*lines, "endsolid tetrahedron"]) + "\n")
    mesh = read_mesh(path)
    assert (len(mesh.points_mm), len(mesh.triangles), mesh.closed) == (4, 4, True)
    assert stated_frame(path) is None


def test_an_unknown_ending_or_frame_is_refused(mesh, tmp_path):
    with pytest.raises(InputError, match="STL, VTP, VTK, OBJ"):
        write_mesh(mesh, tmp_path / "aorta.ply")
    with pytest.raises(InputError, match="LPS or RAS"):
        read_mesh(tmp_path / "aorta.stl", "LPI")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", ["stl", "vtp", "vtk"])
@pytest.mark.parametrize("part", [0.02, 0.4, 0.95])
def test_a_truncated_file_is_refused(mesh, kind, part, tmp_path):
    path = tmp_path / f"aorta.{kind}"
    write_mesh(mesh, path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match="aorta"):
        read_mesh(path)


XML = """<VTKFile type="PolyData" version="0.1" byte_order="LittleEndian"><PolyData>
<Piece NumberOfPoints="{count}" NumberOfPolys="1">
<Points><DataArray type="Float32" NumberOfComponents="3" format="ascii">0 0 0 {x} 0 0 0 40 0</DataArray></Points>
<Polys><DataArray type="Int64" Name="connectivity" format="ascii">0 1 {last}</DataArray>
<DataArray type="Int64" Name="offsets" format="ascii">3</DataArray></Polys></Piece></PolyData></VTKFile>"""


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.stl", None, "no mesh file"),
        ("empty.stl", b"", "empty file"),
        ("text.stl", b"These are not the triangles.", "no mesh that can be read"),
        ("noise.obj", bytes(range(256)) * 8, "no mesh that can be read"),
        ("frames.vtp", b'<?xml version="1.0"?><VTKFile type="ImageData"></VTKFile>', "no mesh that can be read"),
        ("huge.vtk", b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET POLYDATA\nPOINTS 99999999999 float\n0 0 0\n", "truncated"),
        ("huge.vtp", XML.format(count=64_000_000_000, x=40, last=2).encode(), "truncated"),
        ("far.vtp", XML.format(count=3, x=40, last=99_999_999).encode(), "points that do not exist"),
        ("far.obj", b"v 0 0 0\nv 40 0 0\nv 0 40 0\nf 1 2 99\n", "points that do not exist"),
        ("nan.obj", b"v 0 0 0\nv 40 0 0\nv 0 nan 0\nf 1 2 3\n", "cannot be read as OBJ|not finite"),
        ("points.obj", b"v 0 0 0\nv 40 0 0\nv 0 40 0\n", "no triangles"),
        (
            "lines.vtk",
            b"# vtk DataFile Version 3.0\nx\nASCII\nDATASET UNSTRUCTURED_GRID\nPOINTS 1 float\n0 0 0\n",
            "has no triangles",
        ),
    ],
)
def test_what_is_no_mesh_is_refused(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_mesh(tmp_path / name)


@pytest.mark.parametrize("folder", ["nibabel", "pydicom", "pynrrd"])
def test_hostile_files_are_no_meshes(folder):
    files = [path for path in sorted(real_data(f"hostile/{folder}").rglob("*")) if path.is_file()]
    assert files
    for path in files:
        with pytest.raises(InputError):
            read_mesh(path)


@pytest.mark.parametrize(
    ("points", "triangles", "message"),
    [
        (np.zeros((3, 2)), [[0, 1, 2]], "shape|\\(N, 3\\)"),
        (np.eye(3), [[0, 1, 3]], "do not exist"),
        (np.eye(3), [[0, 1, -1]], "do not exist"),
        ([[0, 0, 0], [1, np.inf, 0], [0, 0, 1]], [[0, 1, 2]], "1 of the mesh's 3 points are not finite"),
    ],
)
def test_a_broken_mesh_cannot_be_made(points, triangles, message):
    with pytest.raises(InputError, match=message):
        Mesh(points, triangles)


def test_a_good_mesh_has_nothing_to_be_told(mesh):
    assert check_mesh(mesh, ARM) == []


def test_an_open_mesh_is_usable_but_told():
    opened = aorta(closed=False)
    assert not opened.closed
    (warning,) = check_mesh(opened, ARM)
    assert f"ends at {opened.open_edges} edges" in warning
    assert opened.open_edges == 48


def test_a_mesh_without_triangles_is_refused():
    empty = Mesh(np.zeros((0, 3)), np.zeros((0, 3)))
    assert not empty.closed
    with pytest.raises(InputError, match="empty"):
        check_mesh(empty)
    with pytest.raises(InputError, match="single point"):
        check_mesh(Mesh(np.ones((3, 3)), [[0, 1, 2]]))


def test_crossing_triangles_are_found_and_neighbours_are_not(mesh):
    assert len(intersecting_pairs(mesh)) == 0
    one, other = sphere(20.0), sphere(20.0, (25.0, 3.0, 1.0))
    both = Mesh(np.vstack([one.points_mm, other.points_mm]), np.vstack([one.triangles, other.triangles + len(one.points_mm)]))
    pairs = intersecting_pairs(both)
    of_one = pairs < len(one.triangles)
    assert len(pairs) > 30
    assert (of_one.sum(axis=1) == 1).all()  # each pair has a triangle of either ball
    middle = both.points_mm[both.triangles[pairs]].mean(axis=(1, 2))
    assert np.abs(np.linalg.norm(middle, axis=1) - 20).max() < 2
    assert any("intersects itself" in text for text in check_mesh(both))


def test_a_tube_that_runs_back_into_itself_is_told():
    t = np.linspace(0, 2 * np.pi, 120)
    eight = tube(np.column_stack([60 * np.sin(t), 40 * np.sin(2 * t), 2 * t]), 9.0)
    assert any("intersects itself" in text for text in check_mesh(eight))


def test_one_large_triangle_through_many_small_ones_is_found(mesh):
    count = len(mesh.points_mm)
    blade = Mesh(
        np.vstack([mesh.points_mm, [[-300, -300, 30], [300, -300, 30], [0, 400, 30]]]),
        np.vstack([mesh.triangles, [[count, count + 1, count + 2]]]),
    )
    pairs = intersecting_pairs(blade)
    assert len(pairs) >= 24
    assert (pairs == len(mesh.triangles)).any(axis=1).all()


@pytest.mark.parametrize(
    ("scale", "shift", "error"),
    [
        (1e-3, (0, 0, 0), "meters"),
        (1.0, (0, 900, 0), "behind the X-ray source"),
        (1.0, (0, -1500, 0), "beyond the detector"),
        (1.0, (500, 0, 0), "outside the beam.*LPS or RAS"),
        (1.0, (0, 0, -400), "outside the beam"),
    ],
)
def test_a_mesh_that_cannot_be_seen_is_refused(mesh, scale, shift, error):
    with pytest.raises(InputError, match=error):
        check_mesh(Mesh(mesh.points_mm * scale + shift, mesh.triangles), ARM)


def test_the_pose_is_thought_of(mesh):
    far = Mesh(mesh.points_mm + [500, 0, 0], mesh.triangles)
    assert check_mesh(far, ARM, Pose(translation_mm=(-500.0, 0.0, 0.0))) == []


@pytest.mark.parametrize(
    ("scale", "shift", "warning"),
    [
        (0.1, (0, 0, 0), "in cm"),
        (25.0, (0, 0, 0), "in mm"),
        (1.0, (-130, 700, -110), "behind the X-ray source"),
        (1.0, (0, -340, 0), "beyond the detector"),
        (1.0, (0, 0, 76), "% of the mesh is on the frame"),
    ],
)
def test_a_doubtful_mesh_is_told(mesh, scale, shift, warning):
    assert any(warning in text for text in check_mesh(Mesh(mesh.points_mm * scale + shift, mesh.triangles), ARM))


def test_a_geometry_with_gaps_is_refused(mesh):
    with pytest.raises(InputError, match="incomplete"):
        check_mesh(mesh, CArm(0.0, 0.0))


@pytest.mark.parametrize("name", ["aorta-surface.vtp", "aorta-surface.stl"])
def test_the_image_tells_that_a_real_mesh_is_ras(name):
    image = sitk.ReadImage(str(real_data("tavi/vmtk_aorta/aorta.mha")))
    path = real_data(f"tavi/vmtk_aorta/{name}")
    as_written = frame_suggestion(read_mesh(path, "LPS"), image)
    assert as_written.frame == "RAS"
    assert as_written.scores["RAS"] > 0.5 > 0.1 > as_written.scores["LPS"]
    assert as_written.inside["RAS"] > 0.99
    assert frame_suggestion(read_mesh(path, "RAS"), image).frame == "LPS"


def test_a_real_mesh_in_the_right_frame_lies_on_the_vessels_wall():
    image = sitk.ReadImage(str(real_data("tavi/vmtk_aorta/aorta.mha")))
    points = read_mesh(real_data("tavi/vmtk_aorta/aorta-surface.vtp"), "RAS").points_mm
    values = [image[image.TransformPhysicalPointToIndex(point)] for point in points.tolist()]
    assert np.percentile(values, [5, 50, 95]) == pytest.approx([894, 1211, 1641], rel=0.2)  # nearest voxel


def test_an_image_that_does_not_tell_suggests_nothing(mesh):
    image = sitk.Image(40, 40, 40, sitk.sitkInt16) + 100
    image.SetSpacing((10.0, 10.0, 10.0))
    image.SetOrigin((-200.0, -200.0, -200.0))
    suggestion = frame_suggestion(mesh, image)
    assert suggestion.frame is None
    assert suggestion.inside == {"LPS": 1.0, "RAS": 1.0}


def test_the_real_meshes_are_what_their_maker_says():
    closed = read_mesh(real_data("tavi/vmtk_aorta/aorta-surface.stl"), "RAS")
    assert (len(closed.points_mm), len(closed.triangles), closed.closed) == (6468, 12932, True)
    assert check_mesh(closed) == []
    opened = read_mesh(real_data("tavi/vmtk_aorta/aorta-surface-open-ends.stl"), "RAS")
    assert opened.open_edges == 251
    assert "251 edges" in check_mesh(opened)[0]


def test_without_vtk_one_is_told_what_to_install(mesh, tmp_path, monkeypatch):
    path = tmp_path / "aorta.stl"
    write_mesh(mesh, path)
    monkeypatch.setitem(sys.modules, "vtk", None)
    with pytest.raises(MissingPackage, match="pip install vtk"):
        read_mesh(path)
