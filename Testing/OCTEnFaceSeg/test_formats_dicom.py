"""DICOM tomography and photography, written here with pydicom."""

import time

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.uid import JPEG2000Lossless, RLELossless, generate_uid

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.formats.dicom_files import PHOTOGRAPHY, TOMOGRAPHY
from OCTEnFaceSegLib.formats.dicom_photo import read_photo
from OCTEnFaceSegLib.formats.reading import read_scan
from OCTEnFaceSegLib.scan import check_raster
from Testing.OCTEnFaceSeg.oct_files import dicom, opt, save, with_pixels, write_opt, write_photo

COUNT, DEPTH, ASCANS = 6, 20, 30
DX, DY, STEP = 0.01, 0.004, 0.1
VALUES = np.random.default_rng(2).integers(0, 60000, (COUNT, DEPTH, ASCANS)).astype(np.uint16)
BOTTOM_UP = np.column_stack([np.full(COUNT, -3.0), np.full(COUNT, 12.0), 5 + STEP * np.arange(COUNT)])
ROWS, COLUMNS = np.mgrid[:300, :320]
PHOTO = (10 + ROWS / 2 + COLUMNS / 4).astype(np.uint8)


def array(scan):
    return sitk.GetArrayFromImage(scan.volume)


@pytest.mark.parametrize("step", [1, -1], ids=["bottom-up", "top-down"])
def test_frames_lie_where_their_planes_do(tmp_path, step):
    positions = BOTTOM_UP[::step]
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, positions))
    assert scan.spacing_mm == pytest.approx((DX, DY, STEP))
    assert scan.volume.GetDirection() == pytest.approx((1, 0, 0, 0, 1, 0, 0, 0, step))
    assert scan.volume.GetOrigin() == pytest.approx((-3, 0, positions[0, 2]))
    assert np.array_equal(array(scan), VALUES)
    assert (scan.eye, scan.visit_date, scan.device, scan.metric) == ("R", "2025-03-14", "Optics One", True)
    assert scan.notes == []


def test_nothing_of_the_patient_is_kept(tmp_path):
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, BOTTOM_UP))
    content = repr(vars(scan)) + "".join(scan.volume.GetMetaData(k) for k in scan.volume.GetMetaDataKeys())
    assert all(word not in content for word in ("DOE", "SECRET", "19250101"))


def test_an_uneven_step_is_refused_and_never_read_as_one_millimeter(tmp_path):
    positions = BOTTOM_UP.copy()
    positions[3, 2] += 0.05
    with pytest.raises(InputError, match="unevenly spaced: (150|50) um .* 100 um elsewhere"):
        read_scan(write_opt(tmp_path / "a.dcm", VALUES, positions))


def test_a_slightly_uneven_step_is_evened_and_told(tmp_path):
    positions = BOTTOM_UP.copy()
    positions[3, 2] += 0.008
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, positions))
    assert scan.spacing_mm[2] == pytest.approx(STEP)
    assert "varies by up to 8 um" in scan.notes[0]


def test_frames_are_sorted_by_position(tmp_path):
    order = [3, 0, 5, 1, 4, 2]
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES[order], BOTTOM_UP[order]))
    assert np.array_equal(array(scan), VALUES)


def test_bscans_that_stand_on_their_head_are_turned(tmp_path):
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES[:, ::-1], BOTTOM_UP, orientation=(1, 0, 0, 0, -1, 0)))
    assert np.array_equal(array(scan), VALUES)
    assert "head" in scan.notes[0]


def test_ascans_to_the_right_of_the_patient_are_turned(tmp_path):
    positions = BOTTOM_UP + [(ASCANS - 1) * DX, 0, 0]
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES[..., ::-1], positions, orientation=(-1, 0, 0, 0, 1, 0)))
    assert np.array_equal(array(scan), VALUES)
    assert scan.volume.GetOrigin()[0] == pytest.approx(-3)


def test_an_orientation_in_no_patients_frame_gives_the_distances(tmp_path):
    positions = BOTTOM_UP[:, [0, 2, 1]]  # depth along z, B-scans along y
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, positions, orientation=(1, 0, 0, 0, 0, -1)))
    assert scan.spacing_mm == pytest.approx((DX, DY, STEP))
    assert np.array_equal(array(scan), VALUES)
    assert "not that of a patient" in scan.notes[0]


def test_a_radial_scan_has_no_area(tmp_path):
    angles = np.arange(COUNT) * np.pi / COUNT
    axes = [(np.cos(a), 0, np.sin(a), 0, 1, 0) for a in angles]
    positions = [(-np.cos(a), 0, -np.sin(a)) for a in angles]
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, positions, orientation=axes))
    with pytest.raises(InputError, match="radial"):
        check_raster(scan)


def test_an_orientation_that_is_none_is_refused(tmp_path):
    with pytest.raises(InputError, match="perpendicular unit vectors"):
        read_scan(write_opt(tmp_path / "a.dcm", VALUES, BOTTOM_UP, orientation=(1, 0, 0, 1, 0, 0)))


def lines_on_photo(spacing, left, bottom):
    """Row and column of each B-scan's ends on a photograph, counted from the corner of the first pixel."""
    column = left + 0.5 + np.array([0, (ASCANS - 1) * DX / spacing])
    rows = bottom + 0.5 - STEP * np.arange(COUNT) / spacing
    return np.column_stack([rows, np.full(COUNT, column[0]), rows, np.full(COUNT, column[1])])


@pytest.mark.parametrize("scaled", [True, False], ids=["photo with scale", "photo without scale"])
def test_a_photo_in_the_folder_lies_under_the_scan(tmp_path, scaled):
    uid, spacing = generate_uid(), 0.0125
    lines = lines_on_photo(spacing, 200, 180)
    write_photo(tmp_path / "slo.dcm", PHOTO, uid, (spacing, spacing) if scaled else None)
    scan = read_scan(write_opt(tmp_path / "oct.dcm", VALUES, BOTTOM_UP, lines=(uid, lines)))
    slo = scan.fundus["SLO"]
    assert slo.GetSpacing()[0] == pytest.approx(spacing, rel=1e-3)
    for ascan, bscan in [(0, 0), (ASCANS - 1, COUNT - 1)]:
        place = slo.TransformPhysicalPointToContinuousIndex(scan.volume.TransformIndexToPhysicalPoint((ascan, 3, bscan)))
        row, column = 180 - bscan * STEP / spacing, 200 + ascan * DX / spacing
        assert slo.EvaluateAtContinuousIndex(place) == pytest.approx(10 + row / 2 + column / 4, abs=1.0)


def test_without_planes_the_lines_on_the_photo_place_the_scan(tmp_path):
    uid, spacing = generate_uid(), 0.0125
    write_photo(tmp_path / "slo.dcm", PHOTO, uid, (spacing, spacing))
    scan = read_scan(write_opt(tmp_path / "oct.dcm", VALUES, lines=(uid, lines_on_photo(spacing, 200, 180))))
    assert scan.metric and scan.spacing_mm == pytest.approx((DX, DY, STEP), rel=1e-3)
    assert scan.volume.GetOrigin() == pytest.approx((200 * spacing, 0, -180 * spacing))
    place = scan.fundus["SLO"].TransformPhysicalPointToContinuousIndex(scan.volume.GetOrigin())
    assert scan.fundus["SLO"].EvaluateAtContinuousIndex(place) == pytest.approx(10 + 180 / 2 + 200 / 4, abs=1.0)


def test_the_photo_of_the_other_eye_is_left_out_with_a_note(tmp_path):
    uid = generate_uid()
    write_photo(tmp_path / "slo.dcm", PHOTO, uid, (0.0125, 0.0125), eye="L")
    scan = read_scan(write_opt(tmp_path / "oct.dcm", VALUES, BOTTOM_UP, lines=(uid, lines_on_photo(0.0125, 200, 180))))
    assert scan.fundus == {}
    assert "other eye" in scan.notes[0]


def test_autofluorescence_is_told_from_infrared(tmp_path):
    photo = read_photo(write_photo(tmp_path / "f.dcm", PHOTO, spacing=(0.011, 0.012), kind="BAF 30 ART"))
    assert (photo.kind, photo.spacing_mm, photo.eye, photo.visit_date) == ("FAF", (0.012, 0.011), "R", "2025-03-14")
    assert np.array_equal(photo.pixels, PHOTO)
    assert read_photo(write_photo(tmp_path / "s.dcm", PHOTO, kind="IR 30")).kind == "SLO"


def test_a_photo_is_no_scan_and_a_scan_no_photo(tmp_path):
    with pytest.raises(InputError, match="photograph of the fundus. Choose the file of the OCT scan"):
        read_scan(write_photo(tmp_path / "slo.dcm", PHOTO))
    with pytest.raises(InputError, match="no DICOM photograph"):
        read_photo(write_opt(tmp_path / "oct.dcm", VALUES, BOTTOM_UP))


def test_a_stated_distance_of_bscans_is_used_where_positions_are_missing(tmp_path):
    scan = read_scan(write_opt(tmp_path / "a.dcm", VALUES, between=STEP), top_down=True)
    assert scan.metric and scan.spacing_mm == pytest.approx((DX, DY, STEP))
    assert scan.volume.GetDirection()[8] == -1
    assert "superior" in scan.notes[0]


@pytest.mark.parametrize("positions", [None, np.zeros((COUNT, 3))], ids=["absent", "all zero"])
def test_without_any_distance_the_scan_is_not_metric(tmp_path, positions):
    path = write_opt(tmp_path / "a.dcm", VALUES, positions)
    scan = read_scan(path)
    assert not scan.metric and "give the voxel size" in scan.notes[-1]
    scan = read_scan(path, spacing_mm=(DX, DY, 0.06))
    assert scan.metric and scan.spacing_mm == pytest.approx((DX, DY, 0.06))
    assert not any("give the voxel size" in note for note in scan.notes)


def test_one_file_per_bscan_is_one_scan(tmp_path):
    series = generate_uid()
    for n in range(COUNT):
        d = opt(tmp_path / "x", VALUES[n : n + 1], BOTTOM_UP[n : n + 1], series=series)
        d.InstanceNumber = n + 1
        save(d, tmp_path / f"im{(n * 5) % COUNT}.dcm")
    for path in (tmp_path, tmp_path / "im0.dcm"):
        scan = read_scan(path)
        assert np.array_equal(array(scan), VALUES)
        assert scan.spacing_mm[2] == pytest.approx(STEP)


def test_a_folder_with_two_scans_asks_for_one(tmp_path):
    for name in ("a.dcm", "b.dcm"):
        write_opt(tmp_path / name, VALUES, BOTTOM_UP)
    with pytest.raises(InputError, match=r"several OCT scans \(a.dcm, b.dcm\)"):
        read_scan(tmp_path)


def test_compressed_frames_are_decoded(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.compress(RLELossless)
    assert np.array_equal(array(read_scan(save(d, tmp_path / "rle.dcm"))), VALUES)


def test_jpeg_2000_frames_as_devices_write_them_are_decoded(tmp_path):
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("GDCMImageIO")
    writer.SetFileName(str(tmp_path / "any.dcm"))
    writer.UseCompressionOn()
    writer.SetCompressor("JPEG2000")
    writer.Execute(sitk.GetImageFromArray(VALUES))
    compressed = pydicom.dcmread(tmp_path / "any.dcm")
    (tmp_path / "any.dcm").unlink()
    assert compressed.file_meta.TransferSyntaxUID == JPEG2000Lossless
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.file_meta.TransferSyntaxUID = JPEG2000Lossless
    d.PixelData, d["PixelData"].is_undefined_length = compressed.PixelData, True
    for maker in ("Optics", "Carl Zeiss Meditec"):  # not all of Zeiss's is obfuscated
        d.Manufacturer = maker
        assert np.array_equal(array(read_scan(save(d, tmp_path / "j2k.dcm"))), VALUES)


def test_any_damage_to_compressed_frames_ends_soon_in_a_scan_or_a_message(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.compress(RLELossless)
    whole = save(d, tmp_path / "rle.dcm").read_bytes()
    first = whole.index(b"\xfe\xff\x00\xe0")
    rng, refused, began = np.random.default_rng(1), 0, time.process_time()
    for _ in range(30):
        content = bytearray(whole)
        content[first + rng.integers(150)] = rng.choice([0, 127, 128, 255])
        (tmp_path / "rle.dcm").write_bytes(content)
        try:
            read_scan(tmp_path / "rle.dcm")
        except InputError:
            refused += 1
    assert 5 < refused < 30
    assert time.process_time() - began < 20


def test_a_wild_size_of_compressed_frames_is_refused_before_memory_is_taken(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.compress(RLELossless)
    d.Rows, d.Columns = 60000, 60000
    with pytest.raises(InputError, match="incomplete or damaged"):
        read_scan(save(d, tmp_path / "a.dcm"))


def test_an_unreadable_compression_is_refused(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.compress(RLELossless)
    d.file_meta.TransferSyntaxUID = JPEG2000Lossless
    with pytest.raises(InputError, match="damaged"):
        read_scan(save(d, tmp_path / "j2k.dcm"))


def test_inverted_frames_are_turned(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.PhotometricInterpretation = "MONOCHROME1"
    assert np.array_equal(array(read_scan(save(d, tmp_path / "i.dcm"))), VALUES.max() - VALUES)
    d.compress(RLELossless)
    assert np.array_equal(array(read_scan(save(d, tmp_path / "c.dcm"))), VALUES.max() - VALUES)


@pytest.mark.parametrize("kind", ["scrambled", "private", "raw"])
def test_zeiss_obfuscation_is_explained(tmp_path, kind):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.Manufacturer = "Carl Zeiss Meditec"
    if kind == "scrambled":
        d.compress(RLELossless)
        d.file_meta.TransferSyntaxUID = JPEG2000Lossless
    elif kind == "private":
        d.add_new((0x0407, 0x1005), "UN", b"x")
    else:
        d.SOPClassUID = d.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
    path = save(d, tmp_path / "z.dcm")
    for place in (path, tmp_path):
        with pytest.raises(InputError, match="obfuscated: only Zeiss's software"):
            read_scan(place)


def test_plain_zeiss_dicom_is_read(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.Manufacturer = "Carl Zeiss Meditec"
    assert np.array_equal(array(read_scan(save(d, tmp_path / "z.dcm"))), VALUES)


@pytest.mark.parametrize("part", [0.2, 0.5, 0.97])
def test_a_truncated_file_is_refused(tmp_path, part):
    whole = write_opt(tmp_path / "a.dcm", VALUES, BOTTOM_UP).read_bytes()
    (tmp_path / "a.dcm").write_bytes(whole[: int(part * len(whole))])
    with pytest.raises(InputError, match="incomplete|damaged"):
        read_scan(tmp_path / "a.dcm")


def test_a_wild_number_of_frames_is_refused_before_memory_is_taken(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    d.NumberOfFrames = 40_000_000
    with pytest.raises(InputError, match="incomplete|damaged"):
        read_scan(save(d, tmp_path / "a.dcm"))


def test_colored_bscans_are_refused(tmp_path):
    d = dicom(tmp_path / "x", "1.2.840.10008.5.1.4.1.1.77.1.5.4", "OPT")
    with_pixels(d, np.zeros((DEPTH, ASCANS * 3), np.uint8))
    d.Columns, d.SamplesPerPixel, d.PhotometricInterpretation, d.PlanarConfiguration = ASCANS, 3, "RGB", 0
    with pytest.raises(InputError, match="colored B-scans"):
        read_scan(save(d, tmp_path / "a.dcm"))


def test_a_file_without_pixel_size_is_refused(tmp_path):
    d = opt(tmp_path / "x", VALUES, BOTTOM_UP)
    del d.SharedFunctionalGroupsSequence
    with pytest.raises(InputError, match="does not state one pixel size"):
        read_scan(save(d, tmp_path / "a.dcm"))


def test_the_classes_are_those_of_the_standard():
    assert pydicom.uid.OphthalmicTomographyImageStorage == TOMOGRAPHY
    assert (pydicom.uid.OphthalmicPhotography8BitImageStorage, pydicom.uid.OphthalmicPhotography16BitImageStorage) == PHOTOGRAPHY
