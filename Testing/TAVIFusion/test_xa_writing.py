"""What is written as XA or Enhanced XA is read again as it was."""

import numpy as np
import pydicom
import pytest

from CorrespondCoreLib.errors import InputError, OutputError
from TAVIFusionLib.carm import CArm
from TAVIFusionLib.formats.reading import planes_of, read_run
from TAVIFusionLib.formats.writing import write_xa
from Testing.TAVIFusion.xa_examples import CARM, COLUMNS, ROWS, small_run

MOVING = [CARM.at(primary_deg=-30 + 2.5 * i, secondary_deg=5 - 0.4 * i, table_mm=(1.0 * i, -2.0 * i, 3.0 * i)) for i in range(5)]


def assert_same_geometry(found, expected):
    for one, other in zip(found, expected, strict=True):
        assert one.size == other.size
        for name in ("primary_deg", "secondary_deg", "source_to_detector_mm", "source_to_isocenter_mm"):
            assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-4), name
        assert one.pixel_spacing_mm == pytest.approx(other.pixel_spacing_mm)
        assert one.table_mm == pytest.approx(other.table_mm, abs=1e-4)


@pytest.mark.parametrize("enhanced", [False, True])
@pytest.mark.parametrize("geometry", [[CARM] * 5, MOVING], ids=["static", "moving"])
@pytest.mark.parametrize("times_s", [np.arange(5) / 7.5, [0, 0.1, 0.25, 0.3, 0.5]], ids=["even", "uneven"])
def test_a_run_survives(tmp_path, enhanced, geometry, times_s):
    run = small_run(geometry=geometry, times_s=times_s, device="Maker Model")
    found = read_run(write_xa(run, tmp_path / "run.dcm", enhanced))
    assert np.array_equal(found.frames, run.frames) and found.frames.dtype == np.uint8
    assert_same_geometry(found.geometry, geometry)
    assert found.times_s == pytest.approx(run.times_s, abs=1e-6) and found.timed
    assert found.device == "Maker Model" and found.plane == "" and found.suggestions == {}
    assert found.source == ("DICOM Enhanced XA" if enhanced else "DICOM XA")


def test_distances_that_change_need_an_enhanced_file(tmp_path):
    geometry = [CARM.at(source_to_detector_mm=1100.0 + i, pixel_spacing_mm=(0.3, 0.2 + 0.01 * i)) for i in range(5)]
    run = small_run(geometry=geometry)
    with pytest.raises(InputError, match="Enhanced XA"):
        write_xa(run, tmp_path / "run.dcm")
    assert not list(tmp_path.iterdir())
    assert_same_geometry(read_run(write_xa(run, tmp_path / "run.dcm", enhanced=True)).geometry, geometry)


@pytest.mark.parametrize("enhanced", [False, True])
def test_what_is_unknown_stays_unknown(tmp_path, enhanced):
    blank = CArm(size=(COLUMNS, ROWS))
    run = small_run(geometry=[blank] * 5, timed=False)
    found = read_run(write_xa(run, tmp_path / "run.dcm", enhanced))
    assert found.geometry == [blank] * 5
    assert not found.timed and np.array_equal(found.times_s, np.arange(5))
    assert set(found.geometry[0].missing) == {
        "primary_deg",
        "secondary_deg",
        "source_to_detector_mm",
        "source_to_isocenter_mm",
        "pixel_spacing_mm",
    }


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.int32])
def test_pixels_survive(tmp_path, dtype):
    run = small_run(dtype=dtype)
    if np.dtype(dtype).kind == "i":
        run.frames = run.frames - np.array(1000, dtype)
    found = read_run(write_xa(run, tmp_path / "run.dcm"))
    assert np.array_equal(found.frames, run.frames)


def test_twelve_bits_are_declared_as_such(tmp_path):
    header = pydicom.dcmread(write_xa(small_run(dtype=np.uint16), tmp_path / "run.dcm"))
    assert (header.BitsAllocated, header.BitsStored, header.HighBit) == (16, 12, 11)


def test_what_xa_cannot_hold_is_refused(tmp_path):
    run = small_run()
    run.frames = run.frames.astype(np.float32)
    with pytest.raises(InputError, match="scale and round"):
        write_xa(run, tmp_path / "a.dcm")
    run.frames = run.frames.astype(np.int32) * 1000
    with pytest.raises(InputError, match="holds 16 bits"):
        write_xa(run, tmp_path / "a.dcm")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError):
        write_xa(small_run(), tmp_path / "file" / "a.dcm")


def test_the_same_run_gives_the_same_file(tmp_path):
    one, other = (write_xa(small_run(), tmp_path / name) for name in ("a.dcm", "b.dcm"))
    assert one.read_bytes() == other.read_bytes()
    assert pydicom.dcmread(one).PatientName == "" and pydicom.dcmread(one).PatientID == ""


@pytest.mark.parametrize("enhanced", [False, True])
def test_planes_of_a_biplane_run(tmp_path, enhanced):
    for plane, angle in (("A", -20.0), ("B", 70.0)):
        run = small_run(geometry=[CARM.at(primary_deg=angle)] * 5, plane=plane)
        write_xa(run, tmp_path / f"{plane}.dcm", enhanced, study="1.2.3")
    assert planes_of(tmp_path) == ["A", "B"] and planes_of(tmp_path / "B.dcm") == ["B", "A"]
    assert read_run(tmp_path).geometry[0].primary_deg == -20
    assert read_run(tmp_path, plane="B").geometry[0].primary_deg == 70
    assert read_run(tmp_path / "B.dcm").plane == "B"
    run = read_run(tmp_path / "B.dcm", plane="A")
    assert (run.plane, run.geometry[0].primary_deg) == ("A", -20)
    assert "This is plane A of a biplane run." in run.notes
