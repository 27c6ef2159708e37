"""Odd and malformed files from public test suites: a clear message or the right volume, never anything else."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats.inputs import read_volume
from Testing.data import DATA, real_data

FOLDER = DATA / "hostile"
FILES = [str(p.relative_to(FOLDER)) for p in sorted(FOLDER.rglob("*")) if p.is_file()]
BALL = "pynrrd/BallBinary30x30x30.nrrd"
# the only files of the collection that hold a 3D scalar volume which ITK can decode
READABLE = {"nibabel/anatomical.nii": (33, 41, 25)} | {
    f"pynrrd/BallBinary30x30x30{name}": (30, 30, 30)
    for name in (
        ".nhdr",
        ".nii.gz",
        ".nrrd",
        "_byteskip_minus_one.nhdr",
        "_byteskip_minus_one_nifti.nhdr",
        "_gz.nrrd",
        "_gz_byteskip_minus_one.nrrd",
        "_gz_lineskip.nrrd",
    )
}


@pytest.mark.parametrize("name", FILES or [BALL])
def test_a_file_is_read_right_or_refused_with_a_reason(name):
    path = real_data("hostile") / name
    if name not in READABLE:
        with pytest.raises(InputError) as refusal:
            read_volume(path, "fixed")
        assert len(str(refusal.value)) > 40
        assert "fixed volume" in str(refusal.value)
        return
    image = read_volume(path, "fixed")
    assert image.GetSize() == READABLE[name]
    if "Ball" in name:
        ball = read_volume(FOLDER / BALL, "fixed")
        assert np.array_equal(sitk.GetArrayFromImage(image), sitk.GetArrayFromImage(ball))


@pytest.mark.parametrize("folder", ["nibabel", "pydicom", "pydicom/charset", "pynrrd"])
def test_a_folder_of_such_files_is_no_series(folder):
    with pytest.raises(InputError, match="holds (no DICOM series|[0-9]+ series)"):
        read_volume(real_data("hostile") / folder, "moving")
