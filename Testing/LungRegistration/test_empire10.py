"""EMPIRE10 pairs and submissions."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats import empire10
from Testing.LungRegistration.fields import affine_field, grid, image_of, points_of


def write_pair(folder):
    rng = np.random.default_rng(0)
    for part in ("scans", "lungMasks"):
        (folder / part).mkdir()
    for role in ("Fixed", "Moving"):
        reference = grid()
        scan = rng.integers(-1000, 100, reference.GetSize()[::-1]).astype(np.int16)
        sitk.WriteImage(image_of(scan, reference), str(folder / "scans" / f"07_{role}.mhd"))
        sitk.WriteImage(image_of(scan < -300, reference), str(folder / "lungMasks" / f"07_{role}.mhd"))


def test_a_pair_is_read_with_its_masks(tmp_path):
    write_pair(tmp_path)
    pair = empire10.read_pair(tmp_path, 7)
    assert set(pair) == {"fixed", "moving", "fixed_mask", "moving_mask"}
    hu, mask = (sitk.GetArrayFromImage(pair[name]) for name in ("moving", "moving_mask"))
    assert (mask.astype(bool) == (hu < -300)).all()


def test_a_pair_that_is_not_there_is_explained(tmp_path):
    write_pair(tmp_path)
    with pytest.raises(InputError, match="Pair 08 needs one 08_Fixed.mhd"):
        empire10.read_pair(tmp_path, 8)


def test_a_submission_holds_the_displacement_in_mm_per_axis(tmp_path):
    reference = grid(direction=(1, 0, 0, 0, -1, 0, 0, 0, 1))
    matrix = np.diag([1.1, 0.9, 1.05])
    folder = empire10.write_submission(tmp_path, 3, affine_field(matrix, reference, (1, 2, 3)))
    assert sorted(p.name for p in folder.iterdir()) == [f"def{a}.{e}" for a in "XYZ" for e in ("mhd", "raw")]
    expected = points_of(reference) @ (matrix - np.eye(3)).T + [1, 2, 3]
    for component, axis in enumerate("XYZ"):
        image = sitk.ReadImage(str(folder / f"def{axis}.mhd"))
        assert image.GetPixelID() == sitk.sitkFloat32
        assert image.GetSize() == reference.GetSize()
        assert sitk.GetArrayFromImage(image) == pytest.approx(expected[..., component], abs=1e-4)
