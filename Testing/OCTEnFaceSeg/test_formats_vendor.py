"""Topcon's and Heidelberg's own files through a stand-in for oct-converter, and Zeiss .img."""

import sys
from datetime import datetime
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, MissingPackage
from OCTEnFaceSegLib.formats.reading import read_scan
from Testing.OCTEnFaceSeg.oct_files import bscans

VALUES = bscans(4, 20, 30)
HEADS = {".e2e": b"CMDb" + bytes(60), ".fda": b"FOCTFDA" + bytes(60), ".fds": b"FOCTFDS" + bytes(60)}


def found(**kwargs):
    """What a reader of oct-converter returns."""
    given = {
        "volume": list(VALUES),
        "laterality": "L",
        "acquisition_date": datetime(2024, 5, 6, 7, 8),
        "pixel_spacing": [0.01, 0.0039, 0.05],
        "contours": None,
        "metadata": {},
        "patient_id": "SECRET1",
        "first_name": "JANE",
        "surname": "DOE",
        "DOB": datetime(1925, 1, 1),
    }
    return SimpleNamespace(**(given | kwargs))


@pytest.fixture
def converter(monkeypatch):
    """Stand-in package: set `.result` to what is read (raised if an exception), `.picture` for the fundus image."""
    state = SimpleNamespace(result=None, picture=None)

    class Reader:
        def __init__(self, path):
            print("chunks of", path)

        def read_oct_volume(self):
            if isinstance(state.result, Exception):
                raise state.result
            return state.result

        def read_fundus_image(self):
            if isinstance(state.picture, Exception):
                raise state.picture
            return SimpleNamespace(image=state.picture)

    package, readers = ModuleType("oct_converter"), ModuleType("oct_converter.readers")
    readers.E2E, readers.FDA, readers.FDS, package.readers = Reader, Reader, Reader, readers
    monkeypatch.setitem(sys.modules, "oct_converter", package)
    monkeypatch.setitem(sys.modules, "oct_converter.readers", readers)
    return state


def file(tmp_path, suffix, name="scan"):
    path = tmp_path / f"{name}{suffix}"
    path.write_bytes(HEADS[suffix])
    return path


@pytest.mark.parametrize("suffix", list(HEADS))
def test_the_missing_package_is_named_with_the_way_to_get_it(tmp_path, monkeypatch, suffix):
    monkeypatch.setitem(sys.modules, "oct_converter", None)
    monkeypatch.setitem(sys.modules, "oct_converter.readers", None)
    with pytest.raises(MissingPackage, match=r'slicer.util.pip_install\("oct-converter"\)'):
        read_scan(file(tmp_path, suffix))


def test_an_e2e_file_has_no_scale(tmp_path, converter, capsys):
    contours = {"contour0": [np.full(30, 5.0), None, np.full(30, np.nan), np.full(30, 6.0)], "contour1": [np.full(30, 400.0)] * 4}
    converter.result = [found(contours=contours)]
    scan = read_scan(file(tmp_path, ".e2e"))
    assert np.array_equal(sitk.GetArrayFromImage(scan.volume), VALUES)
    assert not scan.metric and scan.spacing_mm[1] == pytest.approx(0.0039)
    assert "no voxel size" in scan.notes[0]
    assert (scan.eye, scan.visit_date, scan.device) == ("L", "2024-05-06", "Heidelberg Spectralis")
    assert list(scan.layers) == ["ILM"]  # the other lies below the scan
    assert np.isnan(scan.layers["ILM"]).any(axis=1).tolist() == [False, True, True, False]
    assert scan.volume.GetDirection()[8] == 1
    assert all(word not in repr(vars(scan)) for word in ("SECRET", "JANE", "DOE", "1925"))
    assert capsys.readouterr().out == ""
    scan = read_scan(file(tmp_path, ".e2e"), spacing_mm=(0.0113, 0.0039, 0.12))
    assert scan.metric and scan.spacing_mm == pytest.approx((0.0113, 0.0039, 0.12))


def test_of_several_scans_one_is_chosen(tmp_path, converter):
    converter.result = [found(), found(volume=list(VALUES[:2]), laterality="R")]
    with pytest.raises(InputError, match=r"holds 2 scans \(1: 4 B-scans, eye L; 2: 2 B-scans, eye R\)"):
        read_scan(file(tmp_path, ".e2e"))
    assert read_scan(file(tmp_path, ".e2e"), series=2).enface_shape == (2, 30)
    with pytest.raises(InputError, match="there is no number 3"):
        read_scan(file(tmp_path, ".e2e"), series=3)


@pytest.mark.parametrize("suffix", [".fda", ".fds"])
def test_topcons_scale_is_in_another_order(tmp_path, converter, suffix):
    converter.result = found(pixel_spacing=[0.0117, 0.0469, 0.0026], contours={"BM": np.full((4, 30), 15)})
    scan = read_scan(file(tmp_path, suffix))
    assert scan.metric and scan.spacing_mm == pytest.approx((0.0117, 0.0026, 0.0469))
    assert (scan.layers["BM"] == 15).all() and scan.device == "Topcon"
    assert scan.volume.GetDirection()[8] == -1 and "superior" in scan.notes[0]
    assert read_scan(file(tmp_path, suffix), top_down=False).volume.GetDirection()[8] == 1


def test_topcons_photograph_lies_under_the_scan(tmp_path, converter):
    rows, columns = np.mgrid[:200, :220]
    converter.picture = np.stack([np.zeros_like(rows), rows + columns / 2, np.zeros_like(rows)], axis=2).astype(np.float32)
    box = {"bounding_box_in_fundus_pixels": [40, 50, 160, 170]}
    converter.result = found(pixel_spacing=[0.0117, 0.0469, 0.0026], metadata={"regist_info": box})
    scan = read_scan(file(tmp_path, ".fda"))
    image = scan.fundus["photograph"]
    for (ascan, bscan), (column, row) in {(0, 0): (40, 50), (29, 0): (160, 50), (0, 3): (40, 170)}.items():
        place = image.TransformPhysicalPointToContinuousIndex(scan.volume.TransformIndexToPhysicalPoint((ascan, 4, bscan)))
        assert image.EvaluateAtContinuousIndex(place) == pytest.approx(row + column / 2, abs=0.5)
    converter.picture = ValueError("no jpeg")
    scan = read_scan(file(tmp_path, ".fda"))
    assert scan.fundus == {} and "cannot be read (ValueError)" in scan.notes[-1]


@pytest.mark.parametrize("stated", [None, [0.0117, 5.0, 0.0026], [0, 0.05, 0.0026]])
def test_a_scale_that_cannot_be_is_not_believed(tmp_path, converter, stated):
    converter.result = found(pixel_spacing=stated)
    assert not read_scan(file(tmp_path, ".fda")).metric


def test_what_oct_converter_cannot_read_is_explained(tmp_path, converter):
    converter.result = ValueError("Could not find OCT header")
    with pytest.raises(InputError, match="cannot read scan.fds .ValueError: Could not find OCT header.*as .vol, XML or DICOM"):
        read_scan(file(tmp_path, ".fds"))
    for nothing in (None, [], [found(volume=[])]):
        converter.result = nothing
        with pytest.raises(InputError, match="holds no OCT scan"):
            read_scan(file(tmp_path, ".e2e"))
    converter.result = found(volume=[VALUES[0], VALUES[0, :, :9]])
    with pytest.raises(InputError, match="different sizes"):
        read_scan(file(tmp_path, ".e2e"))


def test_a_file_of_that_name_with_other_content_is_refused(tmp_path, converter):
    converter.result = found()
    path = tmp_path / "scan.e2e"
    path.write_bytes(b"something else")
    with pytest.raises(InputError, match="does not begin as"):
        read_scan(path)


def cube(tmp_path, name, ascans=200, count=200, extra=0):
    path = tmp_path / name
    with open(path, "wb") as out:
        out.truncate(ascans * count * 1024 + extra)  # zeros that take no space on the disk
        out.write(bytes([7]))  # the first byte of the file
    return path


def test_a_cirrus_cube_is_turned_upright_and_has_no_scale(tmp_path):
    scan = read_scan(cube(tmp_path, "SECRET_Optic Disc Cube 200x200_1-1-2020_10-0-0_OS_sn1_cube_z.img"))
    assert scan.volume.GetSize() == (200, 1024, 200)
    assert scan.volume[199, 1023, 0] == 7  # the bytes begin at the bottom right
    assert (scan.eye, scan.metric, scan.device) == ("L", False, "Zeiss Cirrus")
    assert "SECRET" not in repr(vars(scan))
    assert scan.spacing_mm[0] * 199 == pytest.approx(6)
    assert scan.volume.GetDirection()[8] == -1


def test_an_img_file_of_no_cube_is_refused(tmp_path):
    with pytest.raises(InputError, match="no Cirrus cube"):
        read_scan(cube(tmp_path, "a.img", 200, 1))
    with pytest.raises(InputError, match="a cube of 512 x 128 A-scans needs 67108864"):
        read_scan(cube(tmp_path, "P_Macular Cube 512x128_OD_cube_z.img", 512, 2))


def test_an_analyze_image_is_no_zeiss_file(tmp_path):
    image = sitk.GetImageFromArray((VALUES * 255).astype(np.uint8))
    image.SetSpacing((0.01, 0.004, 0.1))
    sitk.WriteImage(image, str(tmp_path / "a.img"))
    scan = read_scan(tmp_path / "a.img")
    assert scan.source == "ITK image" and scan.volume.GetSize() == (30, 20, 4)
