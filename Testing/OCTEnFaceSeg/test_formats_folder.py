"""The folder format for scans, and fundus images placed by points."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.formats.fundus import add_fundus, placed_by_points
from OCTEnFaceSegLib.formats.reading import read_scan
from OCTEnFaceSegLib.formats.writing import write_scan
from OCTEnFaceSegLib.scan import OctScan
from Testing.OCTEnFaceSeg.oct_files import bscans

ROWS, COLUMNS = np.mgrid[:120, :100]
PICTURE = (ROWS + COLUMNS / 2).astype(np.float32)


def scan_with_everything():
    volume = sitk.GetImageFromArray((bscans(5, 20, 30) * 255).astype(np.uint8))
    volume.SetSpacing((0.011, 0.004, 0.12))
    volume.SetOrigin((1.5, 0.0, -2.0))
    volume.SetDirection((1, 0, 0, 0, 1, 0, 0, 0, -1))
    layers = {name: np.random.default_rng(i).random((5, 30)).astype(np.float32) * 20 for i, name in enumerate(("ILM", "BM"))}
    layers["BM"][2, 4:7] = np.nan
    scan = OctScan(volume, False, layers, {}, "L", "2025-01-02", "raster", "phantom", "Spectralis style", ["A note äöü."])
    for kind in ("SLO", "FAF"):
        add_fundus(scan, kind, PICTURE, np.array([[0, 0], [99, 0]]), np.array([[1.0, -2.0], [2.0, -2.0]]))
    return scan


def same_geometry(a, b):
    return (
        a.GetSize() == b.GetSize()
        and np.allclose(a.GetSpacing(), b.GetSpacing())
        and np.allclose(a.GetOrigin(), b.GetOrigin())
        and a.GetDirection() == b.GetDirection()
    )


def test_a_scan_is_written_and_read_back_whole(tmp_path):
    scan = scan_with_everything()
    folder = write_scan(scan, tmp_path / "Auge links" / "Scan ä")
    for path in (folder, folder / "scan.json"):
        back = read_scan(path)
        assert same_geometry(back.volume, scan.volume)
        assert np.array_equal(sitk.GetArrayFromImage(back.volume), sitk.GetArrayFromImage(scan.volume))
        assert list(back.layers) == ["ILM", "BM"] and list(back.fundus) == ["SLO", "FAF"]
        for name in scan.layers:
            assert np.array_equal(back.layers[name], scan.layers[name], equal_nan=True)
        for kind in scan.fundus:
            assert same_geometry(back.fundus[kind], scan.fundus[kind])
        for name in ("metric", "eye", "visit_date", "pattern", "source", "device", "notes"):
            assert getattr(back, name) == getattr(scan, name)


def test_a_failed_write_leaves_nothing(tmp_path):
    scan = scan_with_everything()
    scan.notes.append(object())  # cannot be JSON
    with pytest.raises(TypeError):
        write_scan(scan, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError):
        write_scan(scan_with_everything(), tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "newer version"),
        (lambda d: d.update(pattern="spiral"), "incomplete"),
        (lambda d: d.pop("metric"), "incomplete"),
        (lambda d: d.update(layers=["ILM"]), "does not fit the volume and the 1 layers"),
        (lambda d: d.update(fundus={"SLO": "absent.nrrd"}), "lacks the file absent.nrrd"),
        (lambda d: d.update(fundus={"SLO": "../fundus_slo.nrrd"}), "lacks the file"),
        (lambda d: d.update(fundus={"SLO": 3}), "lacks the file 3"),
    ],
)
def test_a_damaged_description_is_refused(tmp_path, change, message):
    path = write_scan(scan_with_everything(), tmp_path / "scan") / "scan.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    change(described)
    path.write_text(json.dumps(described), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_scan(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "other"}'])
def test_a_description_of_something_else_is_refused(tmp_path, content):
    folder = write_scan(scan_with_everything(), tmp_path / "scan")
    (folder / "scan.json").write_text(content)
    with pytest.raises(InputError):
        read_scan(folder)


def test_a_missing_volume_is_told(tmp_path):
    folder = write_scan(scan_with_everything(), tmp_path / "scan")
    (folder / "volume.nrrd").unlink()
    with pytest.raises(InputError, match="lacks the file volume.nrrd"):
        read_scan(folder)


def test_another_spacing_keeps_fundus_images_in_register(tmp_path):
    folder = write_scan(scan_with_everything(), tmp_path / "scan")
    old, new = read_scan(folder), read_scan(folder, spacing_mm=(0.022, 0.004, 0.06))
    assert new.metric
    for index in ((0, 0, 0), (29, 7, 4)):
        places = [
            s.fundus["SLO"].TransformPhysicalPointToContinuousIndex(s.volume.TransformIndexToPhysicalPoint(index))
            for s in (old, new)
        ]
        assert places[0][::2] == pytest.approx(places[1][::2])


def value_at(image, x, z):
    return image.EvaluateAtContinuousIndex(image.TransformPhysicalPointToContinuousIndex((x, 0.0, z)))


def pixels_to_plane(scale=0.012, angle=0.0, stretch=1.0, shift=(1.0, 3.0)):
    """A picture's columns and rows (downwards) to the fundus plane (z upwards), turned by an angle in degrees."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    matrix = scale * np.array([[c, -s], [s, c]]) @ np.diag([1.0, -stretch])
    return lambda pixels: np.asarray(pixels) @ matrix.T + shift


CORNERS = np.array([[0, 0], [99, 0], [0, 119], [99, 119]], float)


@pytest.mark.parametrize("angle", [0, 12, -40])
@pytest.mark.parametrize(("stretch", "points"), [(1.0, CORNERS[:2]), (1.0, CORNERS[1:]), (1.1, CORNERS)])
def test_points_put_a_picture_into_register(angle, stretch, points):
    place = pixels_to_plane(angle=angle, stretch=stretch)
    image = placed_by_points(PICTURE, points, place(points))
    for pixel in ([50, 60], [20, 90], [70, 15]):
        x, z = place(pixel)
        assert value_at(image, x, z) == pytest.approx(pixel[1] + pixel[0] / 2, abs=0.02)


def test_noise_of_clicks_is_averaged():
    place, rng = pixels_to_plane(angle=5), np.random.default_rng(4)
    points = rng.uniform(0, 100, (40, 2))
    image = placed_by_points(PICTURE, points + rng.normal(0, 1, points.shape), place(points))
    assert value_at(image, *place([50, 60])) == pytest.approx(60 + 25, abs=1.0)


@pytest.mark.parametrize(
    ("pixels", "plane", "message"),
    [
        (CORNERS, pixels_to_plane()(CORNERS * [-1, 1]), "mirrored or squeezed"),
        (CORNERS[:1], pixels_to_plane()(CORNERS[:1]), "at least two points"),
        (np.zeros((3, 2)), np.ones((3, 2)), "all the same"),
        (CORNERS, np.ones((4, 2)), "mirrored or squeezed"),
    ],
)
def test_points_that_do_not_fit_are_refused(pixels, plane, message):
    with pytest.raises(InputError, match=message):
        placed_by_points(PICTURE, pixels, plane)


def test_the_picture_of_the_other_eye_is_refused():
    scan = scan_with_everything()
    with pytest.raises(InputError, match="shows the right eye, the scan the left eye"):
        add_fundus(scan, "SLO", PICTURE, CORNERS, pixels_to_plane()(CORNERS), eye="R")


def test_reading_reports_progress_and_can_be_cancelled(tmp_path):
    from CorrespondCoreLib.errors import Cancelled

    folder = write_scan(scan_with_everything(), tmp_path / "scan")
    shown = []
    read_scan(folder, Progress(lambda fraction, name: shown.append((fraction, name))))
    assert shown[-1] == (1.0, "Reading")
    with pytest.raises(Cancelled):
        read_scan(folder, Progress(cancelled=lambda: True))
