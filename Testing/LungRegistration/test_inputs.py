"""What may enter a registration, and what is refused with which words."""

import struct

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError, OutOfMemory
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib import memory_need
from LungRegistrationLib.formats import inputs
from LungRegistrationLib.geometry.displacement import displacement_at
from LungRegistrationLib.phantom import breathing_phantom
from LungRegistrationLib.settings import RegistrationSettings
from Testing.data import real_data
from Testing.LungRegistration.fields import affine_field, ball, grid, image_of, points_of, rotation

SIZE = (40, 36, 30)


def ct(seed=0, **geometry) -> sitk.Image:
    """Something like a chest: air around -1000, tissue around 0."""
    reference = grid(size=SIZE, **geometry)
    hu = np.random.default_rng(seed).normal(-900, 60, SIZE[::-1])
    hu[:, 10:20] += 900
    return image_of(hu.astype(np.int16), reference)


def write(image, path):
    sitk.WriteImage(image, str(path))
    return path


DIRECTIONS = [np.eye(3), rotation(2, 30) @ rotation(0, 15), np.diag([1, 1, -1]), np.eye(3)[[2, 0, 1]]]
FORMATS = [(suffix, d) for suffix in ("nrrd", "nhdr", "mha", "mhd", "nii", "nii.gz") for d in DIRECTIONS]
FORMATS += [("vtk", np.eye(3)), ("gipl", np.eye(3))]  # these hold no direction


@pytest.mark.parametrize(("suffix", "direction"), FORMATS)
def test_volumes_of_any_format_and_orientation_come_back_where_they_were(tmp_path, suffix, direction):
    image = ct(direction=direction.ravel().tolist())
    read = inputs.read_volume(write(image, tmp_path / f"Brustkorb ü.{suffix}"), "fixed")
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(image))
    assert points_of(read) == pytest.approx(points_of(image), abs=1e-3)


@pytest.mark.parametrize("suffix", ["nrrd", "nhdr", "mha", "mhd", "nii", "nii.gz", "vtk", "gipl"])
def test_a_truncated_file_is_never_read_as_a_volume(tmp_path, suffix):
    path = write(ct(), tmp_path / f"a.{suffix}")
    data = next((p for p in (path.with_suffix(".raw"), path.with_suffix(".zraw")) if p.exists()), path)
    content = data.read_bytes()
    for part in (0.3, 0.9, 1 - 2 / len(content)):
        data.write_bytes(content[: int(part * len(content))])
        with pytest.raises(InputError, match="truncated|Cannot read the fixed volume"):
            inputs.read_volume(path, "fixed")


def test_an_analyze_pair_needs_both_of_its_files(tmp_path):
    write(ct(), tmp_path / "a.hdr")
    assert inputs.read_volume(tmp_path / "a.hdr", "fixed").GetSize() == SIZE
    (tmp_path / "a.img").unlink()
    with pytest.raises(InputError, match="a.img|Cannot read"):
        inputs.read_volume(tmp_path / "a.hdr", "fixed")


def test_a_header_that_announces_more_than_memory_holds(tmp_path):
    path = write(ct(), tmp_path / "a.nrrd")
    content = path.read_bytes().replace(b"sizes: 40 36 30", b"sizes: 40000 36000 30000")
    path.write_bytes(content)
    with pytest.raises(OutOfMemory, match="40000x36000x30000"):
        inputs.read_volume(path, "moving")


def test_a_nifti_header_with_impossible_sizes(tmp_path):
    path = write(ct(), tmp_path / "a.nii")
    content = bytearray(path.read_bytes())
    struct.pack_into("<8h", content, 40, 3, 30000, 30000, 30000, 1, 1, 1, 1)
    path.write_bytes(content)
    with pytest.raises((InputError, OutOfMemory)):
        inputs.read_volume(path, "fixed")


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (sitk.Image(40, 40, sitk.sitkInt16), "is 2D; a 3D volume is needed"),
        (sitk.Image([20, 20, 20, 3], sitk.sitkInt16), "is 4D; .* one time point"),
        (sitk.Image([20, 20, 20], sitk.sitkVectorUInt8, 3), "3 values per voxel"),
        (sitk.Image([20, 20, 20], sitk.sitkComplexFloat32), "complex"),
        (sitk.Image([20, 20, 1], sitk.sitkInt16), "20x20x1 voxels; each axis needs at least 8"),
        (sitk.Image([1, 20, 20], sitk.sitkInt16), "1x20x20"),
        (sitk.Image([20, 20, 20], sitk.sitkInt16), "constant"),
        (sitk.Image([0, 0, 0], sitk.sitkInt16), "no voxels"),
    ],
)
def test_volumes_that_cannot_be_registered(image, message):
    with pytest.raises(InputError, match=message):
        inputs.check_volume(image, "fixed volume")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_not_numbers(value):
    array = sitk.GetArrayFromImage(ct()).astype(np.float32)
    array[3, 4, 5:8] = value
    with pytest.raises(InputError, match="3 voxels that are not numbers"):
        inputs.check_volume(sitk.GetImageFromArray(array), "moving volume")


def test_a_4d_file_of_one_time_point_is_a_volume():
    stack = sitk.JoinSeries([ct()])
    assert inputs.check_volume(stack, "fixed volume").GetSize() == SIZE


@pytest.mark.parametrize("pixel", [sitk.sitkUInt8, sitk.sitkUInt16, sitk.sitkInt32, sitk.sitkFloat64])
def test_other_pixel_types_keep_their_values(pixel):
    image = sitk.Cast(ct() + 2000, pixel) if pixel != sitk.sitkUInt8 else sitk.Cast(ct() > -500, pixel)
    checked = inputs.check_volume(image, "fixed volume")
    assert checked.GetPixelID() == sitk.sitkFloat32
    assert np.array_equal(sitk.GetArrayFromImage(checked), sitk.GetArrayFromImage(image).astype(np.float32))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.nrrd", None, "does not exist"),
        ("empty.nrrd", b"", "empty file"),
        ("text.nii", b"this is no image" * 30, "Cannot read"),
        ("slice.png", b"\x89PNG", "picture file"),
        ("noise.mha", bytes(range(256)) * 10, "Cannot read"),
    ],
)
def test_files_that_are_no_volumes(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        inputs.read_volume(tmp_path / name, "fixed")


def test_a_volume_is_not_registered_with_itself():
    with pytest.raises(InputError, match="are the same"):
        inputs.check_pair(ct(), ct(), Progress())
    inputs.check_pair(ct(), ct(seed=1), Progress())


def test_the_same_voxels_under_another_header_are_another_volume():
    fixed, moving = (real_data(f"lung/cip/ct-64{name}.nrrd") for name in ("", "-transformed"))
    fixed, moving = inputs.read_volume(fixed, "fixed"), inputs.read_volume(moving, "moving")
    inputs.check_pair(fixed, fixed * 1 + 1, Progress())
    assert np.array_equal(sitk.GetArrayViewFromImage(fixed), sitk.GetArrayViewFromImage(moving))
    assert not np.allclose(fixed.GetOrigin(), moving.GetOrigin())


def test_volumes_apart_are_refused_unless_a_transform_joins_them():
    fixed, moving = ct(), ct(seed=1, origin=(-10.0, 5.0, 400.0))
    with pytest.raises(InputError, match="do not overlap: 413 mm lie between them"):
        inputs.check_pair(fixed, moving, Progress())
    inputs.check_pair(fixed, moving, Progress(), sitk.TranslationTransform(3, (0, 0, 480.0)))
    with pytest.raises(InputError, match="do not overlap"):
        inputs.check_pair(fixed, moving, Progress(), sitk.TranslationTransform(3, (0, 0, -480.0)))


def test_intensities_without_the_offset_of_hu_are_told():
    progress = Progress()
    inputs.check_pair(ct(), ct(seed=1) + 1024, progress)
    assert len(progress.warnings) == 1
    assert "moving volume does not look like a chest CT in HU" in progress.warnings[0]
    assert "subtract 1024" not in progress.warnings[0]


def test_the_real_pair_passes_without_a_word():
    progress = Progress()
    fixed, moving = (inputs.read_volume(real_data(f"lung/elastix/3DCT_lung_{n}.mha"), n) for n in ("baseline", "followup"))
    inputs.check_pair(fixed, moving, progress)
    inputs.read_mask(real_data("lung/elastix/3DCT_lung_baseline_mask.mha"), fixed, "fixed", progress)
    assert progress.warnings == []


def test_a_mask_of_another_grid_is_resampled_and_told(tmp_path):
    image = ct(spacing=(2.0, 2.0, 2.0), origin=(0, 0, 0))
    fine = grid(size=(100, 100, 100), spacing=(0.8, 0.8, 0.8), origin=(-3, -3, -3), direction=rotation(2, 5).ravel().tolist())
    mask = ball(fine, (36, 30, 32), 20)
    progress = Progress()
    fitted = inputs.read_mask(write(mask, tmp_path / "mask.nrrd"), image, "fixed", progress)
    expected = sitk.GetArrayFromImage(ball(image, (36, 30, 32), 20)).astype(bool)
    found = sitk.GetArrayFromImage(fitted).astype(bool)
    assert 2 * (expected & found).sum() / (expected.sum() + found.sum()) > 0.97
    assert "fixed mask has another grid" in progress.warnings[0]


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (grid(size=SIZE), "is empty"),
        (ball(grid(origin=(900.0, 5.0, -100.0)), (920, 20, -80), 15), "does not overlap"),
        (ct(), "intensity image"),
        (sitk.Image([20, 20, 20], sitk.sitkVectorUInt8, 3), "3 values per voxel"),
        (sitk.Image([20, 20], sitk.sitkUInt8), "is 2D"),
    ],
)
def test_masks_that_cannot_be_used(mask, message):
    with pytest.raises(InputError, match=f"(?s)fixed mask.*{message}"):
        inputs.fit_labels(mask, ct(), "fixed mask", Progress())


def test_labels_keep_their_numbers(tmp_path):
    image = ct()
    labels = image_of(np.arange(np.prod(SIZE)).reshape(SIZE[::-1]) % 300, image)
    read = inputs.read_labels(write(sitk.Cast(labels, sitk.sitkInt16), tmp_path / "l.nrrd"), image, "fixed lobe map")
    assert np.array_equal(sitk.GetArrayFromImage(read), sitk.GetArrayFromImage(labels))


def test_a_transform_and_a_field_of_the_same_map_are_the_same_field(tmp_path):
    reference = ct(direction=rotation(1, 10).ravel().tolist())
    matrix = rotation(2, 8) * 1.05
    transform = sitk.AffineTransform(matrix.ravel().tolist(), (5.0, 6.0, 7.0))
    sitk.WriteTransform(transform, str(tmp_path / "t.tfm"))
    sitk.WriteImage(affine_field(matrix, reference, (5, 6, 7)), str(tmp_path / "f.nrrd"))
    fields = [inputs.read_field(tmp_path / name, reference) for name in ("t.tfm", "f.nrrd")]
    points = points_of(reference)[::3, ::3, ::3].reshape(-1, 3)
    expected = points @ matrix.T + [5, 6, 7] - points
    for field in fields:
        assert displacement_at(field, points) == pytest.approx(expected, abs=1e-3)


def test_what_is_no_transform_or_field_is_refused(tmp_path):
    (tmp_path / "t.h5").write_bytes(b"nothing")
    with pytest.raises(InputError, match="Cannot read the transform t.h5"):
        inputs.read_transform(tmp_path / "t.h5")
    with pytest.raises(InputError, match="does not exist"):
        inputs.read_transform(tmp_path / "absent.tfm")
    with pytest.raises(InputError, match="not a displacement field"):
        inputs.read_field(write(ct(), tmp_path / "ct.nrrd"), ct())


def test_a_pair_that_does_not_fit_into_memory_is_refused_with_the_preset_that_fits(monkeypatch):
    image = ct(spacing=(8.0, 7.0, 9.0))
    settings = RegistrationSettings()
    needed = memory_need.needed_memory_gb(image, image, settings)
    monkeypatch.setattr(memory_need, "available_memory_gb", lambda: needed * 1.01)
    memory_need.check_memory(image, image, settings)
    monkeypatch.setattr(memory_need, "available_memory_gb", lambda: needed * 0.99)
    with pytest.raises(OutOfMemory, match='preset "fast"'):
        memory_need.check_memory(image, image, settings)
    monkeypatch.setattr(memory_need, "available_memory_gb", lambda: 0.1)
    with pytest.raises(OutOfMemory, match="crop the volumes"):
        memory_need.check_memory(image, image, settings)


def test_hu_with_1024_added_are_told_with_the_remedy():
    image = breathing_phantom(size=(32, 32, 32)).fixed
    progress = Progress()
    inputs.check_pair(image, sitk.Clamp(image, sitk.sitkInt16, -1024, 3000) + 1024, progress)
    assert len(progress.warnings) == 1
    assert "It seems to hold HU + 1024: subtract 1024 from it." in progress.warnings[0]
