"""`correspond oct register-fundus`: an image of another device comes into register, as files; what does not fit leaves none."""

import csv
import json

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.formats.writing import write_scan
from OCTEnFaceSegLib.fundus_points import COLUMNS, read_point_pairs
from OCTEnFaceSegLib.measures.table import UNCONFIRMED
from OCTEnFaceSegLib.phantom import phantom_eye
from Testing.OCTEnFaceSeg.enface_examples import layered, scan_of
from Testing.OCTEnFaceSeg.fundus_examples import another_device
from Testing.OCTEnFaceSeg.oct_files import write_photo

FILES = ["fundus.nrrd", "fundus_enface.nrrd", "registration.tfm", "report.json"]
PIXEL_MM = 0.015
PLACES = np.array([(5, 20), (4, 170), (27, 100), (25, 160), (24, 25)])  # B-scan, A-scan


def command(scan, image, output, *more):
    return cli.run(["oct", "register-fundus", str(scan), str(image), "--output", str(output), *map(str, more)], Progress())


def write_points(path, pairs, head=COLUMNS):
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *pairs])
    return path


def points_of(data):
    """The rows of points.csv."""
    return [line.split(",") for line in (data / "points.csv").read_text(encoding="utf-8").split()[1:]]


@pytest.fixture(scope="module")
def eye():
    return phantom_eye((32, 128, 192), seed=4)


@pytest.fixture(scope="module")
def data(eye, tmp_path_factory):
    """A scan, an image of another device as DICOM (with a scale) and as picture (without), and points seen on both."""
    folder = tmp_path_factory.mktemp("Fundus ü")
    write_scan(eye.scan, folder / "scan")
    image, there = another_device(eye.scan.fundus["FAF"], pixel_mm=PIXEL_MM)
    values = np.flipud((255 * sitk.GetArrayFromImage(image)[:, 0] / sitk.GetArrayViewFromImage(image).max()).astype(np.uint8))
    values = np.ascontiguousarray(values)
    write_photo(folder / "faf.dcm", values, spacing=(PIXEL_MM, PIXEL_MM), eye=eye.scan.eye, kind="FAF")
    sitk.WriteImage(sitk.GetImageFromArray(values), str(folder / "photo.png"))
    pairs = []
    for b, a in PLACES.tolist():
        x, _, z = eye.scan.volume.TransformContinuousIndexToPhysicalPoint((a, 0, b))
        column, _, up = image.TransformPhysicalPointToContinuousIndex((p := there.TransformPoint((x, z)))[:1] + (0.0,) + p[1:])
        pairs.append((b, a, column, values.shape[0] - 1 - up))
    write_points(folder / "points.csv", pairs)
    return folder


def enface_correlation(eye, output):
    """Of the image on the en-face grid with the scan's own, where both are."""
    found = sitk.ReadImage(str(output / "fundus_enface.nrrd"))
    own = sitk.Resample(eye.scan.fundus["FAF"], found, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
    a, b = sitk.GetArrayFromImage(found), sitk.GetArrayFromImage(own)
    assert a.shape == (32, 1, 192)
    inside = (a > 0) & (b > 0)
    return np.corrcoef(a[inside], b[inside])[0, 1]


def test_vessels_place_an_image_with_a_scale(data, eye, tmp_path):
    results = command(data / "scan", data / "faf.dcm", tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == FILES
    assert results["method"] == "vessels" and results["scale"] == "mm"
    report = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
    assert report["correlation"] > 0.5 and report["residual"]["um"] < 60 and report["covered_percent"] > 80
    assert report["fundus"]["kind"] == "FAF" and report["pairs"] == []
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    assert "SECRET" not in text and "DOE" not in text and "faf.dcm" not in text
    assert enface_correlation(eye, tmp_path / "out") > 0.9


def test_the_transform_carries_the_image_to_the_scan(data, tmp_path):
    """As ITK and 3D Slicer apply it: points of the scan to points of the image."""
    command(data / "scan", data / "photo.png", tmp_path, "--points", data / "points.csv")
    image, grid = (sitk.ReadImage(str(tmp_path / name)) for name in ("fundus.nrrd", "fundus_enface.nrrd"))
    transform = sitk.ReadTransform(str(tmp_path / "registration.tfm"))
    moved = sitk.Resample(sitk.Cast(image, sitk.sitkFloat32), grid, transform, sitk.sitkLinear, 0.0)
    np.testing.assert_allclose(sitk.GetArrayFromImage(moved), sitk.GetArrayFromImage(grid), atol=0.5)


def test_points_place_an_image_without_a_scale_and_vessels_improve_them(data, eye, tmp_path):
    noisy = np.array([[float(value) for value in row] for row in points_of(data)])
    noisy[:, 2:] += np.random.default_rng(5).normal(0, 3, (len(noisy), 2))
    points = write_points(tmp_path / "noisy.csv", noisy.tolist())
    by_points = command(data / "scan", data / "photo.png", tmp_path / "points", "--points", points)
    assert by_points["method"] == "points" and 5 < by_points["residual"]["um"] < 100
    report = json.loads((tmp_path / "points" / "report.json").read_text(encoding="utf-8"))
    left = [pair["left_um"] for pair in report["pairs"]]
    assert np.sqrt(np.mean(np.square(left))) == pytest.approx(report["residual"]["um"])
    assert max(left) == pytest.approx(report["residual"]["largest_um"])
    by_vessels = command(data / "scan", data / "photo.png", tmp_path / "vessels", "--points", points, "--by", "vessels")
    assert by_vessels["method"] == "vessels" and by_vessels["correlation"] > 0.5
    assert enface_correlation(eye, tmp_path / "vessels") > enface_correlation(eye, tmp_path / "points")


def test_a_scan_without_a_scale_is_marked(data, tmp_path):
    """The points are of a scan whose pixels count as mm that nobody confirmed."""
    volume, _ = layered()
    write_scan(scan_of(volume, metric=False), tmp_path / "scan")
    places = [(2, 10), (3, 110), (20, 20), (21, 100)]
    points = [(b, a, 100 + a * 0.9, 300 - b * 9.6) for b, a in places]
    results = command(
        tmp_path / "scan", data / "photo.png", tmp_path / "out", "--points", write_points(tmp_path / "points.csv", points)
    )
    assert results["scale"] == UNCONFIRMED and any("not confirmed" in reason for reason in results["check_result"]["reasons"])


def test_what_does_not_fit_leaves_no_file(data, eye, tmp_path):
    out = tmp_path / "out"
    other = "L" if eye.scan.eye == "R" else "R"
    rows = points_of(data)
    write_points(tmp_path / "two.csv", rows[:2])
    write_points(tmp_path / "outside.csv", [*rows, (40, 3, 5, 5)])
    write_points(tmp_path / "off.csv", [*rows, (3, 3, 700, 5)])
    write_points(tmp_path / "words.csv", [*rows, ("three", 3, 5, 5)])
    write_points(tmp_path / "none.csv", [])
    write_points(tmp_path / "foreign.csv", rows, ("x", "y", "u", "v"))
    write_points(tmp_path / "exchanged.csv", [[*a[:2], *b[2:]] for a, b in zip(rows, rows[1:] + rows[:1], strict=True)])
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x81")
    (tmp_path / "text.txt").write_text("no image")
    picture = data / "photo.png"
    for image, more, words in (
        (data / "faf.dcm", ("--eye", other), "shows the .* eye, the scan the .* eye"),
        (picture, (), "states no scale: mark three pairs"),
        (picture, ("--by", "points"), "needs a table of them"),
        (picture, ("--points", tmp_path / "absent.csv"), "cannot be read"),
        (picture, ("--points", tmp_path / "binary.csv"), "cannot be read"),
        (picture, ("--points", tmp_path / "two.csv"), "2 pairs of points; an affine registration needs at least 3"),
        (picture, ("--points", tmp_path / "outside.csv"), r"Point 6 \(40, 3\) lies outside of the scan"),
        (picture, ("--points", tmp_path / "off.csv"), r"Point 6 \(700, 5\) lies outside of the image"),
        (picture, ("--points", tmp_path / "words.csv"), "Line 7 .* incomplete or not numeric"),
        (picture, ("--points", tmp_path / "none.csv"), "holds no point"),
        (picture, ("--points", tmp_path / "foreign.csv"), "must begin with the line b_scan,a_scan,column,row"),
        (picture, ("--points", tmp_path / "exchanged.csv"), "Is it of the other eye, of another place, or are points exchanged"),
        (tmp_path / "text.txt", (), "no fundus image"),
        (tmp_path / "absent.png", (), "does not exist"),
    ):
        with pytest.raises(InputError, match=words):
            command(data / "scan", image, out, *more)
        assert not out.exists() or not any(out.iterdir())


def test_values_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(InputError, match="Line 2 .* not finite"):
        read_point_pairs(write_points(tmp_path / "points.csv", [(1, 2, "nan", 3)]))
