"""Gray frames from inverted, signed, colored, packed, compressed and damaged pixels."""

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import MPEG2MPML, JPEGLosslessSV1, RLELossless

from CorrespondCoreLib.dicom_pixels import fragments
from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.formats.gray import GRAY_FROM_COLOR
from TAVIFusionLib.formats.reading import read_run
from Testing.data import real_data
from Testing.TAVIFusion.xa_examples import COLUMNS, ROWS, edited, small_run, xa_file

INVERTED = "The file stores dense tissue bright: the frames were inverted, so that contrast is dark."


def real():
    return real_data("tavi/phantom_xa/IM1.dcm")


@pytest.mark.parametrize(
    ("polarity", "sign", "turned"),
    [
        ("MONOCHROME1", None, True),
        ("MONOCHROME2", None, False),
        ("MONOCHROME2", -1, True),
        ("MONOCHROME1", -1, True),
        ("MONOCHROME1", 1, False),
        ("MONOCHROME2", 1, False),
    ],
)
def test_contrast_is_dark_whatever_the_polarity(tmp_path, polarity, sign, turned):
    expected = small_run(dtype=np.uint16).frames
    removed = ["PixelIntensityRelationshipSign"]
    path = xa_file(tmp_path, run=small_run(dtype=np.uint16), remove=removed, PhotometricInterpretation=polarity)
    run = read_run(path if sign is None else edited(path, PixelIntensityRelationshipSign=sign))
    assert np.array_equal(run.frames, 4095 - expected if turned else expected)
    assert (INVERTED in run.notes) == turned


def test_signed_frames_are_inverted_within_their_range(tmp_path):
    run = small_run(dtype=np.int16)
    run.frames = run.frames - np.int16(2000)
    found = read_run(xa_file(tmp_path, run=run, PixelIntensityRelationshipSign=-1))
    assert np.array_equal(found.frames, -1 - run.frames.astype(int)) and found.frames.dtype == np.int16


@pytest.mark.parametrize(
    "tags",
    [{"PhotometricInterpretation": "MONOCHROME1"}, {"RescaleSlope": 2, "RescaleIntercept": -100}],
    ids=["inverted", "scaled"],
)
def test_the_decoder_of_compressed_frames_neither_inverts_nor_scales(tmp_path, tags):
    plain = read_run(real()).frames
    found = read_run(edited(real(), tmp_path / "a.dcm", **tags)).frames
    assert found.dtype == np.uint8
    assert np.array_equal(found, 255 - plain if "PhotometricInterpretation" in tags else plain)


def test_the_relationship_of_values_to_the_intensity_is_told(tmp_path):
    run = read_run(xa_file(tmp_path, PixelIntensityRelationship="LOG"))
    assert "Gray values: LOG (logarithms of the X-ray intensity)." in run.notes


def test_overlays_in_unused_bits_are_left_out(tmp_path):
    run = small_run(dtype=np.uint16)
    run.frames[0, 0, 0] = 4095
    expected = run.frames.copy()
    dataset = pydicom.dcmread(xa_file(tmp_path, run=run))
    values = expected.copy()
    values[:, 3:5] |= 0x8000
    dataset.PixelData = values.tobytes()
    dataset.save_as(tmp_path / "a.dcm")
    assert np.array_equal(read_run(tmp_path / "a.dcm").frames, expected)
    dataset.PixelData, dataset.HighBit = (expected << 4).tobytes(), 15
    dataset.save_as(tmp_path / "a.dcm")
    assert np.array_equal(read_run(tmp_path / "a.dcm").frames, expected)


def colored(folder, pixels, kind="RGB"):
    dataset = pydicom.dcmread(xa_file(folder))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, kind, 0
    dataset.PixelData = np.ascontiguousarray(pixels, np.uint8).tobytes()
    dataset.save_as(folder / "a.dcm")
    return folder / "a.dcm"


def test_gray_frames_stored_in_color_are_read(tmp_path):
    gray = small_run().frames
    run = read_run(colored(tmp_path, np.repeat(gray[..., None], 3, axis=-1)))
    assert np.array_equal(run.frames, gray) and GRAY_FROM_COLOR in run.notes


def test_gray_frames_stored_as_luminance_and_chroma_are_read(tmp_path):
    gray = small_run().frames
    pixels = np.stack([gray, np.full_like(gray, 128), np.full_like(gray, 128)], axis=-1)
    run = read_run(colored(tmp_path, pixels, "YBR_FULL"))
    assert np.abs(run.frames.astype(int) - gray).max() <= 1


def test_true_colors_are_refused(tmp_path):
    pixels = np.repeat(small_run().frames[..., None], 3, axis=-1)
    pixels[:, 2:4, 2:15] = (255, 255, 0)
    with pytest.raises(InputError, match="a.dcm has colors in 5.0 % of its pixels: .* Export the frames without colored"):
        read_run(colored(tmp_path, pixels))
    path = xa_file(tmp_path, PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(InputError, match="palette colors"):
        read_run(path)


def test_compressed_frames(tmp_path):
    for dtype in (np.uint8, np.uint16):
        run = small_run(dtype=dtype)
        dataset = pydicom.dcmread(xa_file(tmp_path, run=run))
        dataset.compress(RLELossless)
        dataset.save_as(tmp_path / "rle.dcm")
        assert np.array_equal(read_run(tmp_path / "rle.dcm").frames, run.frames)


def with_frame(tmp_path, change):
    """The real file with its fifth compressed frame changed; the chain of items stays whole."""
    dataset = pydicom.dcmread(real())
    items = [dataset.PixelData[at : at + size] for at, size in fragments(dataset.PixelData)[1:]]
    items[4] = change(items[4])
    dataset.PixelData = encapsulate(items)
    dataset.save_as(tmp_path / "cut.dcm")
    return tmp_path / "cut.dcm"


@pytest.mark.parametrize(
    "change",
    [lambda item: item[: len(item) // 2], lambda item: item[:2], lambda item: bytes(len(item)), lambda item: item[:-70]],
    ids=["half", "two bytes", "zeros", "end"],
)
def test_a_truncated_jpeg_is_refused(tmp_path, change):
    with pytest.raises(InputError, match="cut.dcm are incomplete or damaged( \\(JPEG Lossless.*\\))?. Copy or export it again"):
        read_run(with_frame(tmp_path, change))


@pytest.mark.parametrize("part", [0.001, 0.01, 0.3, 0.9, 0.9999])
def test_a_truncated_file_is_refused(tmp_path, part):
    content = real().read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError) as refusal:
        read_run(tmp_path / "cut.dcm")
    assert "cut.dcm" in str(refusal.value)
    content = xa_file(tmp_path).read_bytes()
    (tmp_path / "cut.dcm").write_bytes(content[: int(part * len(content))])
    with pytest.raises(InputError, match="cut.dcm"):
        read_run(tmp_path / "cut.dcm")


@pytest.mark.parametrize(
    "tags", [{"NumberOfFrames": 99}, {"Rows": 600}, {"NumberOfFrames": 3}, {"Rows": 0}, {"NumberOfFrames": -1}]
)
def test_a_header_that_does_not_fit_the_pixels_is_refused(tmp_path, tags):
    with pytest.raises(InputError, match="a.dcm"):
        read_run(edited(real(), tmp_path / "a.dcm", **tags))
    if tags != {"NumberOfFrames": 3}:
        with pytest.raises(InputError, match="a.dcm"):
            read_run(xa_file(tmp_path, **tags))


def test_a_header_without_pixels_is_refused(tmp_path):
    path = xa_file(tmp_path, remove=["PixelData"])
    with pytest.raises(InputError, match="holds no pixels"):
        read_run(path)
    path = xa_file(tmp_path, remove=["Rows"])
    with pytest.raises(InputError, match="incomplete or damaged"):
        read_run(path)


@pytest.mark.parametrize(
    ("syntax", "message"), [(JPEGLosslessSV1, "incomplete or damaged"), (MPEG2MPML, "compressed as video \\(MPEG2")]
)
def test_a_wrong_or_unknown_compression_is_refused(tmp_path, syntax, message):
    dataset = pydicom.dcmread(xa_file(tmp_path))
    dataset.compress(RLELossless)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.save_as(tmp_path / "a.dcm")
    with pytest.raises(InputError, match=message):
        read_run(tmp_path / "a.dcm")


def test_single_pixels_are_kept_in_place(tmp_path):
    run = small_run(2)
    run.frames[:] = 0
    run.frames[1, 3, 7] = 200
    frames = read_run(xa_file(tmp_path, run=run)).frames
    assert frames.shape == (2, ROWS, COLUMNS) and np.argwhere(frames).tolist() == [[1, 3, 7]]


def test_signed_values_of_twelve_bits_keep_their_sign(tmp_path):
    run = small_run(dtype=np.int16)
    run.frames = run.frames - np.int16(2048)
    dataset = pydicom.dcmread(xa_file(tmp_path, run=run))
    dataset.BitsStored, dataset.HighBit = 12, 11
    dataset.PixelData = (run.frames & 0x0FFF).tobytes()
    dataset.save_as(tmp_path / "a.dcm")
    assert np.array_equal(read_run(tmp_path / "a.dcm").frames, run.frames)
