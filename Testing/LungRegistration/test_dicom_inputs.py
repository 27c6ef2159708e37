"""Registration inputs out of DICOM folders."""

import pytest

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats.inputs import read_volume
from LungRegistrationLib.formats.outputs import write_image
from Testing.dicom_slices import write_series


def test_a_registration_input_keeps_nothing_about_the_patient(tmp_path):
    image = read_volume(write_series(tmp_path / "a"), "fixed")
    written = write_image(image, tmp_path / "volume.nrrd")
    content = written.read_bytes()
    assert b"Doe" not in content
    assert b"4711" not in content


def test_a_single_slice_is_no_volume(tmp_path):
    write_series(tmp_path / "a", order=[2])
    with pytest.raises(InputError, match="12x10x1 voxels"):
        read_volume(tmp_path / "a" / "im11.dcm", "fixed")
