"""A fundus image of another device: a known affine map is found by points and by vessels; what cannot be is refused."""

import dataclasses

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.formats.fundus_file import read_fundus
from OCTEnFaceSegLib.fundus_registration import pairs_left_um, register_by_points, register_by_vessels
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.projections import filled
from Testing.OCTEnFaceSeg.fundus_examples import affine, another_device
from Testing.OCTEnFaceSeg.oct_files import write_photo

SCAN_MM = np.array([(-2.0, -1.8), (1.9, -2.1), (0.1, 2.2), (2.0, 1.7), (-1.5, 1.6)])
MAP = affine(((0.9, -0.2), (0.25, 1.05)), (0.4, -3.0))


def moved(transform, points):
    return np.array([transform.TransformPoint(point) for point in points.tolist()])


@pytest.fixture(scope="module")
def eye():
    return phantom_eye((32, 128, 192), seed=4)


def test_points_give_the_affine_map_and_what_is_left():
    exact = register_by_points(SCAN_MM, moved(MAP, SCAN_MM))
    np.testing.assert_allclose(moved(exact.transform, SCAN_MM), moved(MAP, SCAN_MM), atol=1e-9)
    assert exact.left_um < 1e-6 and exact.pairs == 5 and exact.turn_deg == pytest.approx(12.9, abs=0.5)
    noisy = moved(MAP, SCAN_MM + np.random.default_rng(1).normal(0, 0.04, SCAN_MM.shape))
    found = register_by_points(SCAN_MM, noisy)
    left = pairs_left_um(found.transform, SCAN_MM, noisy)
    assert found.left_um == pytest.approx(np.sqrt((left**2).mean())) and 5 < found.left_um < 80
    assert found.largest_um == pytest.approx(left.max())


def test_three_pairs_tell_by_a_similarity_how_well_they_fit():
    three = register_by_points(SCAN_MM[:3], moved(affine(((0, -1.3), (1.3, 0)), (1, 2)), SCAN_MM[:3]))
    assert three.similarity and three.left_um < 1e-6
    off = moved(MAP, SCAN_MM[:3])
    assert register_by_points(SCAN_MM[:3], off).left_um > 10


@pytest.mark.parametrize(
    ("scan", "fundus", "words"),
    [
        (SCAN_MM[:2], SCAN_MM[:2], "2 pairs of points; an affine registration needs at least 3"),
        (SCAN_MM, SCAN_MM[:4], "5 points on the scan and 4 on the image"),
        (np.c_[np.arange(4.0), np.arange(4.0)], SCAN_MM[:4], "points on the scan lie on a line"),
        (SCAN_MM, SCAN_MM * (-1, 1), "mirrored under the scan. Is it of the other eye"),
        (SCAN_MM, SCAN_MM * (1, 2.0), "stretched 2.00 times"),
        (SCAN_MM, SCAN_MM * 3, "0.33 times as large as its own scale says"),
        (SCAN_MM, SCAN_MM + np.eye(5, 2), "um apart after the registration"),
    ],
)
def test_points_that_no_image_of_this_place_has_are_refused(scan, fundus, words):
    with pytest.raises(InputError, match=words):
        register_by_points(scan, fundus, metric=True)


def test_vessels_find_the_map_across_modalities(eye):
    image, true = another_device(eye.scan.fundus["FAF"])
    scan = dataclasses.replace(eye.scan, fundus={"SLO": eye.scan.fundus["SLO"]})
    found = register_by_vessels(scan, filled(eye.layers["BM"]), image, metric=True)
    error_um = 1000 * np.linalg.norm(moved(found.transform, SCAN_MM) - moved(true, SCAN_MM), axis=1)
    assert error_um.max() < 60 and found.correlation > 0.5
    assert found.left_um < 60
    with pytest.raises(InputError, match="states no scale: mark three pairs"):
        register_by_vessels(scan, filled(eye.layers["BM"]), image, metric=False)


def test_an_image_of_another_eye_is_refused(eye):
    other = phantom_eye((32, 128, 192), seed=77).scan.fundus["SLO"]
    with pytest.raises(InputError, match="vessels of the image do not fit.*of the other eye"):
        register_by_vessels(eye.scan, filled(eye.layers["BM"]), other, metric=True, start=affine(np.eye(2), (0, 0)))


def test_vessels_refine_points_where_the_image_has_no_scale(eye):
    image, true = another_device(eye.scan.fundus["SLO"])
    clicked = moved(true, SCAN_MM + np.random.default_rng(2).normal(0, 0.05, SCAN_MM.shape))
    start = register_by_points(SCAN_MM, clicked).transform
    found = register_by_vessels(eye.scan, filled(eye.layers["BM"]), image, False, start)
    before, after = (np.linalg.norm(moved(t, SCAN_MM) - moved(true, SCAN_MM), axis=1).max() for t in (start, found.transform))
    assert after < before / 2 and after < 0.03


def test_fundus_images_are_read_from_dicom_and_pictures(tmp_path):
    values = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(values, isVector=True), str(tmp_path / "photo é.png"))
    photo = read_fundus(tmp_path / "photo é.png")
    np.testing.assert_array_equal(photo.pixels, values[..., 1])
    assert (photo.kind, photo.spacing_mm) == ("photograph", None)
    write_photo(tmp_path / "faf.dcm", values[..., 0], spacing=(0.02, 0.01), eye="L", kind="FAF")
    photo = read_fundus(tmp_path / "faf.dcm")
    assert (photo.kind, photo.spacing_mm, photo.eye) == ("FAF", (0.01, 0.02), "L")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.raises(InputError, match="no fundus image"):
        read_fundus(tmp_path / "notes.txt")
