"""DIR-Lab pairs, written here as the site ships them."""

from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.formats import dirlab

SIZE = (20, 16, 12)


@pytest.fixture
def small_cases(monkeypatch):
    """The tables with volumes of a few voxels, so that a test can write them."""
    for name in ("copd1", "4dct8"):
        monkeypatch.setitem(dirlab.CASES, name, replace(dirlab.CASES[name], size=SIZE))


def write_case(folder, images, texts, voxels):
    """Raw volumes (top slice first, HU + 1024) with one bright voxel at each landmark, and the landmark lists (1-based)."""
    folder.mkdir(parents=True, exist_ok=True)
    for image, text, points in zip(images, texts, voxels, strict=True):
        raw = np.full(SIZE[::-1], 1024 - 900, "<i2")
        for x, y, z in points:
            raw[z - 1, y - 1, x - 1] = 1024 + 50
        raw.tofile(folder / image)
        (folder / text).write_text("\n".join(f"{x}\t{y}\t{z}" for x, y, z in points) + "\n\n")


VOXELS = [[(3, 4, 1), (18, 10, 12), (7, 7, 6)], [(4, 4, 2), (17, 11, 11), (7, 8, 5)]]


def test_each_copdgene_landmark_lies_on_its_voxel_and_the_first_slice_is_on_top(tmp_path, small_cases):
    names = ["copd1_iBHCT.img", "copd1_eBHCT.img"], ["copd1_300_iBH_xyz_r1.txt", "copd1_300_eBH_xyz_r1.txt"]
    write_case(tmp_path / "copd1" / "copd1", *names, VOXELS)
    fixed, moving, fixed_mm, moving_mm = dirlab.read_case(tmp_path, "copd1")
    for image, points in ((fixed, fixed_mm), (moving, moving_mm)):
        assert image.GetSpacing() == (0.625, 0.625, 2.5)
        assert image.GetPixelID() == sitk.sitkInt16
        assert [image[image.TransformPhysicalPointToIndex(p.tolist())] for p in points] == [50] * 3
        assert np.unique(sitk.GetArrayFromImage(image)).tolist() == [-900, 50]
    assert fixed_mm[0].tolist() == [2 * 0.625, 3 * 0.625, 11 * 2.5]  # slice 1 of 12 is the highest
    assert fixed_mm[1].tolist() == [17 * 0.625, 9 * 0.625, 0.0]
    assert (fixed_mm - moving_mm)[0].tolist() == [-0.625, 0.0, 2.5]


def test_4dct_file_names_of_the_later_cases(tmp_path, small_cases):
    images = ["case8_T00.img", "case8_T50.img"]
    write_case(tmp_path / "Case8Deploy", images, ["case8_dirLab300_T00_xyz.txt", "case8_dirLab300_T50_xyz.txt"], VOXELS)
    fixed, _, fixed_mm, _ = dirlab.read_case(tmp_path, "4dct8")
    assert fixed.GetSpacing() == (0.97, 0.97, 2.5)
    assert fixed[fixed.TransformPhysicalPointToIndex(fixed_mm[2].tolist())] == 50


def test_a_truncated_download_is_recognized(tmp_path, small_cases):
    names = ["copd1_iBHCT.img", "copd1_eBHCT.img"], ["copd1_300_iBH_xyz_r1.txt", "copd1_300_eBH_xyz_r1.txt"]
    write_case(tmp_path, *names, VOXELS)
    (tmp_path / "copd1_eBHCT.img").write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="copd1_eBHCT.img has 100 bytes; a 20x16x12 volume"):
        dirlab.read_case(tmp_path, "copd1")


def test_missing_files_lists_of_different_length_and_unknown_cases(tmp_path, small_cases):
    names = ["copd1_iBHCT.img", "copd1_eBHCT.img"], ["copd1_300_iBH_xyz_r1.txt", "copd1_300_eBH_xyz_r1.txt"]
    with pytest.raises(InputError, match="no folder"):
        dirlab.read_case(tmp_path / "absent", "copd1")
    with pytest.raises(InputError, match="No file copd1_iBHCT.img"):
        dirlab.read_case(tmp_path, "copd1")
    write_case(tmp_path, *names, [VOXELS[0], VOXELS[1][:2]])
    with pytest.raises(InputError, match="3 fixed but 2 moving"):
        dirlab.read_case(tmp_path, "copd1")
    (tmp_path / "copd1_300_eBH_xyz_r1.txt").write_text("1 2\n")
    with pytest.raises(InputError, match="three voxel numbers"):
        dirlab.read_case(tmp_path, "copd1")
    with pytest.raises(InputError, match="Unknown DIR-Lab case copd11"):
        dirlab.read_case(tmp_path, "copd11")


def test_tables_hold_what_the_site_states():
    assert dirlab.CASES["copd10"].size == (512, 512, 135)
    assert dirlab.CASES["copd2"].spacing_mm == (0.645, 0.645, 2.5)
    assert dirlab.CASES["4dct1"].size == (256, 256, 94)
    assert dirlab.CASES["4dct6"].size == (512, 512, 128)
    assert len(dirlab.CASES) == 20
