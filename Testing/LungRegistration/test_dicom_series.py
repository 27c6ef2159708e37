"""DICOM folders, written here slice by slice."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats.dicom_series import read_series
from LungRegistrationLib.formats.inputs import read_volume
from Testing.LungRegistration.fields import rotation

ROWS, COLUMNS, COUNT = 10, 12, 9
SPACING_YX, SLICE_MM = (0.8, 0.7), 2.5
STORED = np.random.default_rng(5).integers(0, 1500, (COUNT, ROWS, COLUMNS)).astype(np.uint16)


def write_series(folder, axes=None, order=range(COUNT), series=1, shift=0.0, tilt=0.0, first=0):
    """A CT series with rescale intercept -1024; the files are named in another order than their positions."""
    folder.mkdir(exist_ok=True)
    axes = np.eye(3) if axes is None else axes
    uid = generate_uid(entropy_srcs=[str(series)])
    for n in order:
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
        meta.MediaStorageSOPInstanceUID = generate_uid()
        d = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        d.SOPClassUID, d.SOPInstanceUID, d.SeriesInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID, uid
        d.StudyInstanceUID, d.PatientName, d.PatientID = generate_uid(entropy_srcs=["study"]), "Doe^Jane", "4711"
        d.Modality, d.SeriesNumber, d.InstanceNumber = "CT", series, COUNT - n
        d.Rows, d.Columns, d.PixelSpacing = ROWS, COLUMNS, list(SPACING_YX)
        d.ImageOrientationPatient = [float(v) for v in axes[:, :2].T.ravel()]
        position = np.array([-20.0, 30, -500]) + (n * SLICE_MM + shift) * axes[:, 2] + n * tilt * axes[:, 1]
        d.ImagePositionPatient = [float(v) for v in position]
        d.SamplesPerPixel, d.PhotometricInterpretation, d.PixelRepresentation = 1, "MONOCHROME2", 0
        d.BitsAllocated, d.BitsStored, d.HighBit = 16, 16, 15
        d.RescaleIntercept, d.RescaleSlope = -1024, 1
        d.PixelData = STORED[n].tobytes()
        d.save_as(folder / f"im{series}{(n * 5 + first) % COUNT}.dcm", enforce_file_format=True)
    return folder


@pytest.mark.parametrize("axes", [np.eye(3), rotation(0, 90), rotation(2, 20) @ rotation(1, 10)])
def test_a_series_has_its_slices_by_position_and_its_geometry(tmp_path, axes):
    image = read_series(write_series(tmp_path / "Serie ä", axes), "fixed volume")
    assert (sitk.GetArrayFromImage(image) == STORED.astype(int) - 1024).all()
    assert image.GetSpacing() == pytest.approx((SPACING_YX[1], SPACING_YX[0], SLICE_MM))
    assert np.array(image.GetDirection()).reshape(3, 3) == pytest.approx(axes, abs=1e-6)
    assert image.GetOrigin() == pytest.approx((-20, 30, -500))
    index = (3, 4, 5)
    expected = np.array([-20, 30, -500]) + axes @ [3 * SPACING_YX[1], 4 * SPACING_YX[0], 5 * SLICE_MM]
    assert image.TransformIndexToPhysicalPoint(index) == pytest.approx(expected)


def test_a_registration_input_keeps_nothing_about_the_patient(tmp_path):
    from LungRegistrationLib.formats.outputs import write_image

    image = read_volume(write_series(tmp_path / "a"), "fixed")
    written = write_image(image, tmp_path / "volume.nrrd")
    content = written.read_bytes()
    assert b"Doe" not in content
    assert b"4711" not in content


def test_of_two_series_one_file_chooses(tmp_path):
    write_series(tmp_path / "a")
    write_series(tmp_path / "a", series=2, shift=100.0)
    with pytest.raises(InputError, match=r"holds 2 series: series 1 \(CT, 9 files, first im10.dcm\)"):
        read_series(tmp_path / "a", "fixed volume")
    image = read_series(tmp_path / "a" / "im23.dcm", "fixed volume")
    assert image.GetSize() == (COLUMNS, ROWS, COUNT)
    assert image.GetOrigin()[2] == pytest.approx(-400)


def test_a_missing_slice_is_named(tmp_path):
    write_series(tmp_path / "a", order=[n for n in range(COUNT) if n != 4])
    with pytest.raises(InputError, match=r"missing or unevenly spaced: 5.00 mm after im16.dcm, elsewhere 2.50"):
        read_series(tmp_path / "a", "fixed volume")


def test_two_phases_in_one_series_are_refused(tmp_path):
    write_series(tmp_path / "a")
    for path in list((tmp_path / "a").iterdir())[:3]:
        d = pydicom.dcmread(path)
        d.save_as(path.with_name("phase2" + path.name))
    with pytest.raises(InputError, match="same position"):
        read_series(tmp_path / "a", "fixed volume")


def test_a_localizer_in_the_series_is_named(tmp_path):
    write_series(tmp_path / "a")
    path = tmp_path / "a" / "im10.dcm"
    d = pydicom.dcmread(path)
    d.ImageOrientationPatient = [1, 0, 0, 0, 0, -1]
    d.save_as(path)
    with pytest.raises(InputError, match=r"another size or orientation .*localizer"):
        read_series(tmp_path / "a", "fixed volume")


def test_a_tilted_gantry_is_refused(tmp_path):
    with pytest.raises(InputError, match="gantry was tilted"):
        read_series(write_series(tmp_path / "a", tilt=0.5), "fixed volume")


def test_a_truncated_slice_is_refused(tmp_path):
    write_series(tmp_path / "a")
    path = tmp_path / "a" / "im13.dcm"
    path.write_bytes(path.read_bytes()[:-150])
    with pytest.raises(InputError, match="cannot be decoded|slices are missing"):
        read_series(tmp_path / "a", "fixed volume")


def test_an_empty_folder_and_a_single_slice(tmp_path):
    with pytest.raises(InputError, match="no DICOM series of two or more"):
        read_series(tmp_path, "fixed volume")
    write_series(tmp_path / "a", order=[2])
    with pytest.raises(InputError, match="12x10x1 voxels"):
        read_volume(tmp_path / "a" / "im11.dcm", "fixed")
