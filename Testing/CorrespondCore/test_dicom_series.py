"""DICOM folders, written here slice by slice."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from scipy.spatial.transform import Rotation

from CorrespondCoreLib.dicom_series import read_series
from CorrespondCoreLib.errors import InputError
from Testing.dicom_slices import COLUMNS, COUNT, ROWS, SLICE_MM, SPACING_YX, STORED, write_series

TURNED = Rotation.from_euler("XYZ", [10, 25, 20], degrees=True).as_matrix()


@pytest.mark.parametrize("axes", [np.eye(3), Rotation.from_euler("X", 90, degrees=True).as_matrix(), TURNED])
def test_a_series_has_its_slices_by_position_and_its_geometry(tmp_path, axes):
    image = read_series(write_series(tmp_path / "Serie ä", axes), "fixed volume")
    assert (sitk.GetArrayFromImage(image) == STORED.astype(int) - 1024).all()
    assert image.GetSpacing() == pytest.approx((SPACING_YX[1], SPACING_YX[0], SLICE_MM))
    assert np.array(image.GetDirection()).reshape(3, 3) == pytest.approx(axes, abs=1e-6)
    assert image.GetOrigin() == pytest.approx((-20, 30, -500))
    index = (3, 4, 5)
    expected = np.array([-20, 30, -500]) + axes @ [3 * SPACING_YX[1], 4 * SPACING_YX[0], 5 * SLICE_MM]
    assert image.TransformIndexToPhysicalPoint(index) == pytest.approx(expected)


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


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="no DICOM series of two or more"):
        read_series(tmp_path, "fixed volume")
