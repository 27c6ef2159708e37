"""Angles, distances, times and files of X-ray runs, as devices write them and as they should not."""

import shutil

import numpy as np
import pydicom
import pytest

from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.formats.reading import planes_of, read_run
from TAVIFusionLib.formats.writing import write_xa
from Testing.data import real_data
from Testing.TAVIFusion.xa_examples import CARM, edited, small_run, xa_file

REAL = "tavi/phantom_xa"


def primary(run):
    return [carm.primary_deg for carm in run.geometry]


@pytest.mark.parametrize(
    ("name", "frames", "angles", "sid", "spacing"),
    [("IM1", 14, (31.3, 0.1), 860, None), ("IM5", 16, (-26.5, -32.7), 931, (0.390625, 0.390625))],
)
def test_real_files(name, frames, angles, sid, spacing):
    run = read_run(real_data(REAL) / f"{name}.dcm")
    assert run.frames.shape == (frames, 512, 512) and run.frames.dtype == np.uint8
    for carm in run.geometry:
        assert (carm.primary_deg, carm.secondary_deg) == angles
        assert (carm.source_to_detector_mm, carm.source_to_isocenter_mm) == (sid, 720)
        assert carm.pixel_spacing_mm == spacing and carm.size == (512, 512)
    assert run.times_s == pytest.approx(np.arange(frames) / 15, abs=1e-4) and run.timed
    assert (run.source, run.device) == ("DICOM XA", "GE MEDICAL SYSTEMS DL")
    assert planes_of(real_data(REAL) / f"{name}.dcm") == [""]
    assert not any(word in repr(vars(run) | {"frames": 0}) for word in ("fantom", "20141007", "1.2.840"))


def test_the_pixels_of_a_real_file_are_whole():
    run = read_run(real_data(REAL) / "IM1.dcm")
    assert (run.frames.min(), run.frames.max()) == (1, 245)
    assert all(frame.std() > 10 for frame in run.frames)
    assert np.corrcoef(run.frames[1:].reshape(13, -1)[:, ::16]).min() > 0.8  # of a phantom that does not move


def test_the_missing_spacing_of_the_real_file_is_suggested_as_its_neighbor_has_it():
    found, why = read_run(real_data(REAL) / "IM1.dcm").suggestions["pixel_spacing_mm"]
    assert found == read_run(real_data(REAL) / "IM5.dcm").geometry[0].pixel_spacing_mm
    assert "field of view, 200 x 200 mm" in why


def test_two_views_of_a_real_phantom_in_one_folder_are_no_biplane_run():
    with pytest.raises(InputError, match="2 runs \\(IM1.dcm, IM5.dcm\\). Choose the file"):
        read_run(real_data(REAL))


@pytest.mark.parametrize("kind", ["1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.12.2", "1.2.840.10008.5.1.4.1.1.1.1"])
def test_kinds_of_x_ray_images(tmp_path, kind):
    run = read_run(xa_file(tmp_path, SOPClassUID=kind))
    assert run.geometry[0] == CARM and run.source == ("DICOM XRF" if kind.endswith("2") else "DICOM XA")


def test_a_secondary_capture_is_read_without_geometry(tmp_path):
    names = ["PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToDetector", "DistanceSourceToPatient"]
    kind = "1.2.840.10008.5.1.4.1.1.7.2"
    run = read_run(xa_file(tmp_path, SOPClassUID=kind, remove=[*names, "ImagerPixelSpacing"]))
    assert len(run.geometry[0].missing) == 5 and "secondary capture" in run.notes[0]


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("1.2.840.10008.5.1.4.1.1.2", "CT Image Storage, not of fluoroscopy.*source of the aorta's model"),
        ("1.2.840.10008.5.1.4.1.1.3.1", "Ultrasound Multi-frame Image Storage, not of fluoroscopy"),
        ("1.2.840.10008.5.1.4.1.1.13.1.1", "It is a volume"),
        ("1.2.840.10008.5.1.4.1.1.12.3", "retired kind"),
        ("1.2.840.10008.1.3.10", "Choose one of the files that it lists"),
        ("", "nothing that it names"),
    ],
)
def test_what_is_no_fluoroscopy_is_refused(tmp_path, kind, advice):
    path = xa_file(tmp_path, SOPClassUID=kind, Modality="CT")
    dataset = pydicom.dcmread(path)
    dataset.file_meta.MediaStorageSOPClassUID = kind
    dataset.save_as(path)
    with pytest.raises(InputError, match=advice):
        read_run(path)


def test_a_single_frame(tmp_path):
    run = read_run(xa_file(tmp_path, run=small_run(1)))
    assert run.frames.shape == (1, 20, 26) and run.times_s.tolist() == [0] and run.geometry == [CARM]


def test_missing_angles_and_distances_stay_none(tmp_path):
    removed = ["PositionerPrimaryAngle", "PositionerSecondaryAngle", "DistanceSourceToDetector", "DistanceSourceToPatient"]
    carm = read_run(xa_file(tmp_path, remove=removed)).geometry[0]
    assert carm.missing == ["primary_deg", "secondary_deg", "source_to_detector_mm", "source_to_isocenter_mm"]
    with pytest.raises(InputError, match="geometry is incomplete"):
        carm.check()
    carm = read_run(edited(tmp_path / "a.dcm", PositionerPrimaryAngle=None, DistanceSourceToDetector=None)).geometry[0]
    assert carm.primary_deg is None and carm.source_to_detector_mm is None


def increments(folder, values, base=10.0, secondary=-10.0, motion="DYNAMIC"):
    tags = {"PositionerPrimaryAngle": base, "PositionerSecondaryAngle": secondary, "PositionerMotion": motion}
    return read_run(xa_file(folder, PositionerPrimaryAngleIncrement=values, **tags))


def test_increments_are_offsets_from_the_first_frame(tmp_path):
    run = increments(tmp_path, [0, 1, 3, 6, 10])
    assert primary(run) == [10, 11, 13, 16, 20] and run.geometry[4].secondary_deg == -10
    assert "The primary angle goes from 10.0 to 20.0 degrees during the run." in run.notes


def test_one_increment_holds_for_every_frame(tmp_path):
    assert primary(increments(tmp_path, 2.5)) == [10, 12.5, 15, 17.5, 20]


@pytest.mark.parametrize("base", [0, 10, None])
def test_increments_that_are_absolute_angles(tmp_path, base):
    run = increments(tmp_path, [10, 11, 13, 16, 20], base)
    assert primary(run) == [10, 11, 13, 16, 20]
    assert any("are the angles themselves" in note for note in run.notes)


def test_increments_that_are_steps_between_frames(tmp_path):
    run = increments(tmp_path, [0, 1.3, 1.3, 1.4, 1.3])
    assert primary(run) == pytest.approx([10, 11.3, 12.6, 14.0, 15.3])
    assert any("steps from frame to frame" in note for note in run.notes)


def test_jitter_is_not_summed_up(tmp_path):
    assert primary(increments(tmp_path, [0, 0.1, 0.1, 0.1, 0.1])) == pytest.approx([10, 10.1, 10.1, 10.1, 10.1])


@pytest.mark.parametrize(
    ("values", "motion", "note"),
    [
        ([0, 1, 2], "DYNAMIC", "primary increments do not fit the 5 frames"),
        ([0, 1, 2, 3, 4], "STATIC", "the arm stood still"),
        (None, "DYNAMIC", "has no primary increments"),
    ],
)
def test_increments_that_cannot_be_used(tmp_path, values, motion, note):
    run = increments(tmp_path, values, motion=motion)
    assert primary(run) == [10] * 5 and any(note in sentence for sentence in run.notes)


def test_an_impossible_angle_counts_as_missing(tmp_path):
    run = read_run(xa_file(tmp_path, PositionerSecondaryAngle=140))
    assert run.geometry[0].missing == ["secondary_deg"] and any("beyond 90 degrees" in note for note in run.notes)


def test_a_column_stand_is_told(tmp_path):
    names = ["PositionerPrimaryAngle", "PositionerSecondaryAngle"]
    run = read_run(xa_file(tmp_path, remove=names, ColumnAngulation=15))
    assert any("tilted by 15 degrees" in note for note in run.notes) and "secondary_deg" in run.geometry[0].missing


def test_enhanced_angles_of_the_room_stand_in_for_those_of_the_patient(tmp_path):
    path = write_xa(small_run(), tmp_path / "e.dcm", enhanced=True)
    dataset = pydicom.dcmread(path)
    for group in dataset.PerFrameFunctionalGroupsSequence:
        del group.PositionerPositionSequence
    dataset.save_as(path)
    run = read_run(path)
    assert (run.geometry[2].primary_deg, run.geometry[2].secondary_deg) == (30, -10)
    assert sum("arm in the room" in note for note in run.notes) == 2
    del dataset.PerFrameFunctionalGroupsSequence[3:]
    dataset.save_as(path)
    with pytest.raises(InputError, match="describes 3 frames and holds 5"):
        read_run(path)


def test_table_increments_carry_the_patient(tmp_path):
    tags = {"TableLongitudinalIncrement": [0, 1, 2, 3, 4], "TableVerticalIncrement": [0, 0, 5, 5, 5], "TableMotion": "DYNAMIC"}
    run = read_run(xa_file(tmp_path, TableLateralIncrement=[0, -1, -2, -3, -4], **tags))
    assert run.geometry[4].table_mm == (4, 5, -4)  # towards LAO is left, down is posterior, towards CRA is the head
    assert any("table moved during the run by up to 7.5 mm" in note for note in run.notes)
    run = read_run(edited(tmp_path / "a.dcm", PatientPosition="HFP"))
    assert run.geometry[4].table_mm == (4, -5, -4)  # prone: down is anterior


def test_zero_and_implausible_distances_count_as_missing(tmp_path):
    run = read_run(xa_file(tmp_path, DistanceSourceToDetector=0, ImagerPixelSpacing=[0, 0]))
    assert run.geometry[0].missing == ["source_to_detector_mm", "pixel_spacing_mm"]
    assert sum("cannot be that of a" in note for note in run.notes) == 2
    found, why = run.suggestions["source_to_detector_mm"]
    assert found == 1100 and "magnification" in why
    run = read_run(xa_file(tmp_path, DistanceSourceToPatient=1100))
    assert run.geometry[0].missing == ["source_to_isocenter_mm"]
    assert any("not below source to detector" in note for note in run.notes)


@pytest.mark.parametrize(("stated", "unit"), [(1.1, "meters"), (110, "centimeters")])
def test_distances_in_other_units_are_suggested_in_millimeters(tmp_path, stated, unit):
    run = read_run(xa_file(tmp_path, DistanceSourceToDetector=stated, remove=["EstimatedRadiographicMagnificationFactor"]))
    found, why = run.suggestions["source_to_detector_mm"]
    assert found == pytest.approx(1100) and unit in why and run.geometry[0].source_to_detector_mm is None


def test_without_any_hint_a_usual_distance_is_suggested_and_called_so(tmp_path):
    names = ["DistanceSourceToDetector", "DistanceSourceToPatient", "EstimatedRadiographicMagnificationFactor"]
    found = read_run(xa_file(tmp_path, remove=names)).suggestions
    assert set(found) == {"source_to_detector_mm", "source_to_isocenter_mm"}
    assert all("usual value" in why for _, why in found.values())


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"FieldOfViewDimensions": [52, 20]}, (2.0, 1.0)),
        ({"FieldOfViewDimensions": [26], "IntensifierSize": 52}, (1.0, 1.0)),
        ({"IntensifierSize": 13}, (0.5, 0.5)),
        ({"PixelSpacing": [0.15, 0.3]}, (0.44, 0.22)),
        ({"FieldOfViewDimensions": [0, 0]}, None),
        ({}, None),
    ],
)
def test_a_missing_pixel_spacing_is_suggested(tmp_path, tags, expected):
    run = read_run(xa_file(tmp_path, remove=["ImagerPixelSpacing"], **tags))
    assert run.geometry[0].pixel_spacing_mm is None
    if expected is None:
        assert "pixel_spacing_mm" not in run.suggestions
    else:
        assert run.suggestions["pixel_spacing_mm"][0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tags", "note"),
    [
        ({"FieldOfViewHorizontalFlip": "YES"}, "mirrored"),
        ({"FieldOfViewRotation": 90}, "rotated by 90 degrees"),
        ({"FieldOfViewDimensions": [200, 200]}, "do not agree"),
    ],
)
def test_what_breaks_the_display_convention_is_told(tmp_path, tags, note):
    assert any(note in sentence for sentence in read_run(xa_file(tmp_path, **tags)).notes)


def test_an_isocenter_off_the_middle_is_told(tmp_path):
    dataset = pydicom.dcmread(write_xa(small_run(), tmp_path / "e.dcm", enhanced=True))
    dataset.PositionOfIsocenterProjection, dataset.DetectorElementSpacing = [60.0, 50.0], [0.1, 0.1]
    item = pydicom.Dataset()
    item.FieldOfViewOrigin, item.FieldOfViewDimensionsInFloat = [0, 0], [7.8, 4.0]
    dataset.SharedFunctionalGroupsSequence[0].FieldOfViewSequence = [item]
    dataset.save_as(tmp_path / "e.dcm")
    assert any("-" not in n and "+4 columns and +20 rows off" in n for n in read_run(tmp_path / "e.dcm").notes)


@pytest.mark.parametrize(
    ("tags", "expected", "note"),
    [
        ({"FrameTime": 50, "FrameIncrementPointer": 0x00181063}, 0.05, ""),
        ({"FrameTimeVector": [0, 50, 50, 50, 50], "FrameIncrementPointer": 0x00181065}, 0.05, ""),
        ({"FrameTime": 100, "FrameTimeVector": [0, 50, 50, 50, 50], "FrameIncrementPointer": 0x00181065}, 0.05, ""),
        ({"FrameTime": 50, "FrameTimeVector": [0, 0, 0, 0, 0], "FrameIncrementPointer": 0x00181065}, 0.05, ""),
        ({"FrameTime": 0, "CineRate": 20}, 0.05, "cine rate, 20 per second"),
        ({"RecommendedDisplayFrameRate": 20}, 0.05, "display rate, 20 per second"),
        ({"FrameTime": -3}, None, "does not say when"),
        ({}, None, "does not say when"),
    ],
)
def test_times_of_frames(tmp_path, tags, expected, note):
    run = read_run(xa_file(tmp_path, remove=["FrameTime", "FrameIncrementPointer"], **tags))
    assert run.timed == (expected is not None)
    assert run.times_s == pytest.approx(np.arange(5) * (expected or 1.0))
    assert not note or any(note in sentence for sentence in run.notes)


def test_moments_of_enhanced_frames(tmp_path):
    dataset = pydicom.dcmread(write_xa(small_run(), tmp_path / "e.dcm", enhanced=True))
    for n, group in enumerate(dataset.PerFrameFunctionalGroupsSequence):
        item = pydicom.Dataset()
        item.FrameAcquisitionDateTime = f"20200101235959.{n * 130000:06d}+0100"
        group.FrameContentSequence = [item]
    dataset.save_as(tmp_path / "e.dcm")
    assert read_run(tmp_path / "e.dcm").times_s == pytest.approx(np.arange(5) * 0.13)


def single_frames(folder, count=4, **tags):
    for n in range(count):
        run = small_run(1, geometry=[CARM.at(primary_deg=10.0 * n)])
        run.frames[:] = n
        name, time = f"{9 - n}.dcm", f"1200{n:02d}.5"
        xa_file(folder, name, run=run, InstanceNumber=n + 1, SeriesInstanceUID="1.2.3", AcquisitionDate="20200101", **tags)
        edited(folder / name, AcquisitionTime=time)


def test_a_folder_of_single_frames(tmp_path):
    single_frames(tmp_path)
    run = read_run(tmp_path)
    assert run.frames[:, 0, 0].tolist() == [0, 1, 2, 3] and primary(run) == [0, 10, 20, 30]
    assert run.times_s.tolist() == [0, 1, 2, 3] and run.timed
    assert len(read_run(tmp_path / "9.dcm")) == 1


def test_frames_of_another_size_are_refused(tmp_path):
    single_frames(tmp_path)
    edited(tmp_path / "7.dcm", Rows=26, Columns=20)
    with pytest.raises(InputError, match="7.dcm has frames of 20 x 26 pixels, 9.dcm of 26 x 20"):
        read_run(tmp_path)


def test_two_series_of_single_frames_are_two_runs(tmp_path):
    single_frames(tmp_path)
    xa_file(tmp_path, "z.dcm", run=small_run(1), SeriesInstanceUID="1.2.4")
    with pytest.raises(InputError, match="holds 2 runs"):
        read_run(tmp_path)


def test_a_biplane_pair_that_does_not_name_its_planes(tmp_path):
    for name, angle in (("x", 88.0), ("y", -5.0)):
        write_xa(small_run(geometry=[CARM.at(primary_deg=angle)] * 5), tmp_path / f"{name}.dcm", study="1.2.3")
    run = read_run(tmp_path)
    assert (run.plane, run.geometry[0].primary_deg) == ("A", -5)
    assert any("do not name their planes" in note for note in run.notes)
    assert read_run(tmp_path, plane="B").geometry[0].primary_deg == 88


def test_a_plane_that_is_not_there(tmp_path):
    path = xa_file(tmp_path)
    with pytest.raises(InputError, match="has no plane B. Planes that it has: none"):
        read_run(path, plane="B")
    with pytest.raises(InputError, match="planes A and B, not C"):
        read_run(path, plane="C")


def test_dicom_is_recognized_by_its_content(tmp_path):
    path = xa_file(tmp_path)
    for name in ("IM000001", "run.png", "run.nrrd"):
        shutil.copy(path, tmp_path / name)
        assert len(read_run(tmp_path / name)) == 5
    bare = tmp_path / "bare"
    bare.write_bytes(path.read_bytes()[132:])
    assert read_run(bare).geometry[0] == CARM


def test_nothing_of_the_patient_is_kept(tmp_path):
    tags = {"PatientName": "Doe^Jane", "PatientID": "P77", "PatientBirthDate": "19500101", "StudyDate": "20200202"}
    content = repr(vars(read_run(xa_file(tmp_path, InstitutionName="Hospital", StudyID="S88", **tags))))
    assert not any(word in content for word in ("Doe", "P77", "1950", "20200202", "S88", "Hospital"))


def test_reading_can_be_cancelled(tmp_path):
    with pytest.raises(Cancelled):
        read_run(xa_file(tmp_path), progress=Progress(cancelled=lambda: True))


def test_what_is_not_there_is_told(tmp_path):
    for call in (read_run, planes_of):
        with pytest.raises(InputError, match="does not exist"):
            call(tmp_path / "nothing.dcm")
        with pytest.raises(InputError, match="holds no fluoroscopy run"):
            call(tmp_path)


def test_a_secondary_capture_beside_the_run_does_not_stand_in_its_way(tmp_path):
    xa_file(tmp_path, "a.dcm")
    xa_file(tmp_path, "b.dcm", SOPClassUID="1.2.840.10008.5.1.4.1.1.7.2")
    assert read_run(tmp_path).source == "DICOM XA"


def test_headers_with_damaged_bytes_are_read_or_refused(tmp_path):
    rng = np.random.default_rng(0)
    moving = [CARM.at(primary_deg=-30.0 + 2 * n, table_mm=(1.0 * n, 0.0, 0.0)) for n in range(3)]
    refused = 0
    for plane, enhanced in (("A", False), ("", True)):
        path = write_xa(small_run(3, geometry=moving, plane=plane), tmp_path / "a.dcm", enhanced)
        whole = path.read_bytes()
        for _ in range(25):
            content = bytearray(whole)
            for place in rng.integers(132, len(whole) - 1600, 4):
                content[place] = rng.choice([0, 255, ord("e"), ord("9"), ord("\\")])
            path.write_bytes(bytes(content))
            try:
                assert len(read_run(path)) > 0
            except InputError:
                refused += 1
    assert 0 < refused < 50


@pytest.mark.parametrize("name", ["NumberOfFrames", "InstanceNumber", "FrameTime", "PositionerPrimaryAngle"])
def test_numbers_that_are_none_do_not_break_reading(tmp_path, name):
    path = xa_file(tmp_path, **{name: "12345"})
    path.write_bytes(path.read_bytes().replace(b"12345", b"1x\\e5"))
    try:
        assert read_run(path).frames.shape == (5, 20, 26)
    except InputError as error:
        assert name == "NumberOfFrames" and "a.dcm" in str(error)
