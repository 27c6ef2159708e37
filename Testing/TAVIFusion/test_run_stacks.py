"""Runs from pictures and ITK images, and everything hostile."""

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.formats.reading import planes_of, read_run
from TAVIFusionLib.formats.stacks import NO_GEOMETRY
from Testing.data import DATA, real_data

FOLDER = DATA / "hostile"
HOSTILE = [str(p.relative_to(FOLDER)) for p in sorted(FOLDER.rglob("*")) if p.is_file()]
BALL = "pynrrd/BallBinary30x30x30"
READABLE = (
    {"nibabel/anatomical.nii": (25, 41, 33), "pynrrd/test2d_ascii.nrrd": (1, 9, 3), "pydicom/image_dfl.dcm": (1, 512, 512)}
    | {f"pydicom/{name}.dcm": (1, 1024, 256) for name in ("JPEG-lossy", "JPGExtended")}
    | {"pydicom/JPEGLSNearLossless_16.dcm": (1, 50, 10)}
    | {f"pydicom/charset/chr{name}.dcm": (1, 32, 32) for name in ("Arab", "Greek", "H31", "I2", "Russ", "X1", "X2")}
    | {f"{BALL}{name}": (30, 30, 30) for name in (".nhdr", ".nii.gz", ".nrrd", "_byteskip_minus_one.nhdr", "_gz.nrrd")}
    | {
        f"{BALL}{name}": (30, 30, 30)
        for name in ("_byteskip_minus_one_nifti.nhdr", "_gz_byteskip_minus_one.nrrd", "_gz_lineskip.nrrd")
    }
)
"""All else in the collection is no gray image: other kinds of DICOM, colored captures, damaged files, texts."""
FRAMES = np.random.default_rng(0).integers(0, 255, (12, 20, 26)).astype(np.uint8)


def written(path, values, vector=False):
    image = sitk.GetImageFromArray(values, isVector=vector)
    sitk.WriteImage(image, str(path))
    return path


def pictures(folder, names, values=FRAMES):
    folder.mkdir(exist_ok=True)
    for name, value in zip(names, values, strict=False):
        written(folder / name, value, vector=value.ndim == 3)
    return folder


@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.nii.gz", "a.tif"])
def test_a_stack_in_one_file(tmp_path, name):
    run = read_run(written(tmp_path / name, FRAMES))
    assert np.array_equal(run.frames, FRAMES)
    assert len(run.geometry[0].missing) == 5 and run.geometry[0].size == (26, 20)
    assert NO_GEOMETRY in run.notes and not run.timed and planes_of(tmp_path / name) == [""]


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp"])
def test_a_folder_of_pictures_in_the_order_of_their_numbers(tmp_path, suffix):
    run = read_run(pictures(tmp_path / "run", [f"f{n + 1}.{suffix}" for n in range(12)]))
    assert np.array_equal(run.frames, FRAMES) and run.source == "pictures"


def test_a_single_picture_whatever_its_name(tmp_path):
    path = written(tmp_path / "a.png", FRAMES[0])
    assert np.array_equal(read_run(path).frames, FRAMES[:1]) and read_run(path).timed


def test_sixteen_bits_are_kept(tmp_path):
    run = read_run(written(tmp_path / "a.png", FRAMES[0].astype(np.uint16) * 16))
    assert run.frames.max() == 16 * int(FRAMES[0].max())


def test_gray_pictures_in_color_are_read_and_colored_ones_refused(tmp_path):
    gray = np.repeat(FRAMES[..., None], 3, axis=-1)
    run = read_run(pictures(tmp_path / "gray", ["1.png", "2.png"], gray))
    assert np.array_equal(run.frames, FRAMES[:2]) and any("stored in color" in note for note in run.notes)
    gray[1, :5] = (200, 0, 0)
    with pytest.raises(InputError, match="2.png has colors in 25.0 %"):
        read_run(pictures(tmp_path / "color", ["1.png", "2.png"], gray))


def test_pictures_of_another_size_are_refused(tmp_path):
    folder = pictures(tmp_path / "run", ["1.png"])
    written(folder / "2.png", FRAMES[0, :10])
    with pytest.raises(InputError, match="2.png has 26 x 10 pixels, 1.png 26 x 20"):
        read_run(folder)


def test_a_sequence_that_slicer_saved(tmp_path):
    """Slicer writes a sequence of volumes of one slice with the items as first axis: list, then three of space."""
    for count in (3, 12):
        path = tmp_path / f"{count}.seq.nrrd"
        values = np.ascontiguousarray(np.moveaxis(FRAMES[:count], 0, -1))[None]
        header = f"NRRD0005\ntype: uint8\ndimension: 4\nsizes: {count} 26 20 1\nkinds: list domain domain domain\n"
        space = "space: left-posterior-superior\nspace directions: none (0.2,0,0) (0,0.2,0) (0,0,1)\nspace origin: (0,0,0)\n"
        path.write_bytes((header + space + "encoding: raw\n\n").encode() + values.tobytes())
        run = read_run(path)
        assert np.array_equal(run.frames, FRAMES[:count])
        assert run.suggestions["pixel_spacing_mm"][0] == pytest.approx((0.2, 0.2))


def test_colored_images_are_refused(tmp_path):
    path = written(tmp_path / "a.nrrd", np.random.default_rng(1).integers(0, 255, (4, 20, 26, 3)).astype(np.uint8), vector=True)
    with pytest.raises(InputError, match="a.nrrd has colors"):
        read_run(path)


def test_values_that_are_no_numbers_are_refused(tmp_path):
    values = FRAMES.astype(np.float32)
    values[3, 4, 5] = np.nan
    with pytest.raises(InputError, match="has 1 pixels that are no numbers"):
        read_run(written(tmp_path / "a.nrrd", values))
    for name in ("c.mha", "c.nii.gz"):
        with pytest.raises(InputError, match="complex values.*: gray frames are needed"):
            read_run(written(tmp_path / name, FRAMES.astype(np.complex64)))


@pytest.mark.parametrize(
    "head",
    [b"RIFF\0\0\0\0AVI LIST", b"\0\0\0\x18ftypmp42", b"\x1a\x45\xdf\xa3matroska", b"GIF89a"],
    ids=["avi", "mp4", "mkv", "gif"],
)
def test_videos_are_refused_with_a_way_out(tmp_path, head):
    (tmp_path / "run.dcm").write_bytes(head + bytes(5000))
    with pytest.raises(InputError, match="is a video: .* Export the run as DICOM"):
        read_run(tmp_path / "run.dcm")


@pytest.mark.parametrize("part", [0, 0.01, 0.3, 0.97])
@pytest.mark.parametrize("name", ["a.nrrd", "a.mha", "a.tif", "a.png", "a.jpg"])
def test_truncated_images_are_refused(tmp_path, name, part):
    path = written(tmp_path / name, FRAMES[0] if name.endswith("g") else FRAMES)
    read_run(path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    with pytest.raises(InputError, match=name):
        read_run(path)


def test_a_stack_has_no_planes(tmp_path):
    with pytest.raises(InputError, match="no biplane run"):
        read_run(written(tmp_path / "a.nrrd", FRAMES), plane="A")


def test_meshes_and_text_are_no_runs(tmp_path):
    (tmp_path / "a.stl").write_text("solid a\nendsolid a\n" * 50)
    for path in (tmp_path / "a.stl", real_data("tavi/phantom_xa/upstream_info.txt"), real_data("tavi/README.md")):
        with pytest.raises(InputError, match=path.name):
            read_run(path)


@pytest.mark.parametrize("name", HOSTILE or ["pynrrd"])
def test_hostile_files_are_read_or_refused_with_a_reason(name):
    path = real_data("hostile") / name
    expected = READABLE.get(name)
    if expected is None:
        with pytest.raises(InputError) as refusal:
            read_run(path)
        assert len(str(refusal.value)) > 40 and path.name in str(refusal.value)
        return
    run = read_run(path)
    assert run.frames.shape == expected and len(run.geometry[0].missing) == 5


@pytest.mark.parametrize("folder", ["nibabel", "pydicom", "pydicom/charset", "pynrrd"])
def test_a_folder_of_such_files_is_no_run(folder):
    with pytest.raises(InputError, match="holds (no|[0-9]+) "):
        read_run(real_data("hostile") / folder)
