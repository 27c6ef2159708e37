"""Segmentation keeps frames' pixels and shape, and does not care for the gray scale; lines are found without any weights."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import torch
from scipy import ndimage

from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.collimator import open_field
from TAVIFusionLib.grad_cam import attention_map
from TAVIFusionLib.gray_scale import normalized
from TAVIFusionLib.metrics import frame_scores
from TAVIFusionLib.networks.dru_net import DeepResidualUNet
from TAVIFusionLib.preprocessing import Letterbox
from TAVIFusionLib.resizing import resized
from TAVIFusionLib.segmentation import segment_frames
from TAVIFusionLib.vesselness import vesselness
from Testing.command import LIBRARIES


def tube(shape=(128, 96), half_width=5.0, depth=0.4, noise=0.02):
    """A frame with a dark oblique tube, and the tube's mask."""
    rows, columns = np.indices(shape)
    distance = np.abs(columns - shape[1] / 2 - 0.3 * (rows - shape[0] / 2)) / np.hypot(1, 0.3)
    profile = np.sqrt(np.clip(1 - (distance / half_width) ** 2, 0, None))
    frame = 0.8 - depth * profile + noise * np.random.default_rng(0).standard_normal(shape)
    return frame.astype(np.float32), distance < half_width


class OnlyDark(DeepResidualUNet):
    """A network that takes what is darker than the middle of the gray scale for vessel, and notes what it is shown."""

    def __init__(self):
        super().__init__(1)
        self.trained_side, self.shown = 64, []

    def forward(self, frames):
        self.shown.append(frames)
        return -20 * frames


def test_the_center_sets_the_gray_scale_and_a_collimator_does_not_change_it():
    frame = tube()[0]
    narrow = frame.copy()
    narrow[:20], narrow[:, -15:] = 0, 0
    np.testing.assert_array_equal(normalized(narrow[None])[0, 40:90, 30:60], normalized(frame[None])[0, 40:90, 30:60])
    twelve_bit = (4000 * frame).astype(np.uint16)
    np.testing.assert_allclose(normalized(twelve_bit[None]), normalized(frame[None]), atol=0.01)
    assert not normalized(np.full((1, 32, 32), 7, np.uint8)).any()


@pytest.mark.parametrize("shape", [(64, 64), (100, 60), (30, 200), (512, 512), (17, 5)])
def test_frames_come_back_from_the_square_where_they_were(shape):
    rows, columns = np.indices(shape).astype(np.float32)
    ramp = torch.from_numpy(rows / shape[0] + columns / shape[1])[None, None]
    box = Letterbox(shape, 64)
    square = box.boxed(ramp)
    assert square.shape == (1, 1, 64, 64) and max(box.inner) == 64
    inner = np.array(box.inner) / np.array(shape)
    assert inner[0] == pytest.approx(inner[1], abs=0.6 / min(shape))  # one scale for both directions
    back = box.unboxed(square)
    assert back.shape == ramp.shape
    assert float((back - ramp).abs().max()) < 1.5 * max(1, max(shape) / 64) / min(shape)


def test_a_network_sees_squares_of_its_own_size_and_the_map_has_the_frames_pixels():
    frame, mask = tube((128, 96))
    network = OnlyDark()
    probability = segment_frames(np.stack([frame] * 3), network=network, batch=2)
    assert [tuple(shown.shape) for shown in network.shown] == [(2, 1, 64, 64), (1, 1, 64, 64)]
    assert probability.shape == (3, 128, 96) and probability.dtype == np.float32
    assert frame_scores(probability[2], mask)["dsc"] > 0.85


def test_lines_are_found_without_a_network_at_any_size_and_gray_scale():
    frame, mask = tube()
    first = segment_frames(frame[None], "vesselness")[0]
    assert frame_scores(first, mask)["dsc"] > 0.75
    scaled = segment_frames((1000 * frame[None]).astype(np.uint16), "vesselness")[0]
    assert frame_scores(scaled, first >= 0.5)["dsc"] > 0.95
    large = np.kron(frame, np.ones((6, 6), np.float32))
    assert frame_scores(segment_frames(large[None], "vesselness")[0], np.kron(mask, np.ones((6, 6), bool)))["dsc"] > 0.75


def test_the_filter_answers_to_dark_lines_and_not_to_bright_ones_or_spots():
    frame, mask = tube(noise=0.0)
    dark, bright = vesselness(normalized(frame[None])[0]), vesselness(normalized(-frame[None])[0])
    inside = mask & (np.abs(np.indices(mask.shape)[0] - 64) < 40)
    assert dark[inside].mean() > 10 * bright[inside].mean()
    rows, columns = np.indices((96, 96))
    spot = 1 - np.exp(-((rows - 48) ** 2 + (columns - 48) ** 2) / 50.0)
    assert vesselness(normalized(spot[None])[0])[48, 48] < 0.2 * dark[64, 48]


def test_what_cannot_be_segmented_is_refused_and_a_cancel_is_heard():
    frames = tube()[0][None]
    with pytest.raises(InputError, match="needs none"):
        segment_frames(frames)
    with pytest.raises(InputError, match='not "frangi"'):
        segment_frames(frames, "frangi")
    with pytest.raises(InputError, match=r"\(T, rows, columns\)"):
        segment_frames(frames[0], "vesselness")
    with pytest.raises(InputError, match="no numbers"):
        segment_frames(np.full((1, 32, 32), np.nan), "vesselness")
    with pytest.raises(Cancelled):
        segment_frames(frames, "vesselness", progress=Progress(cancelled=lambda: True))


def test_attention_is_where_a_network_finds_the_vessel():
    torch.manual_seed(0)
    network = DeepResidualUNet(4)
    network.trained_side = 64
    frame = np.ones((64, 64), np.float32) * 0.8
    frame[:, 40:56] = 0.2
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 40:56] = 1
    shown = torch.from_numpy(normalized(frame[None]))[None]
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(40):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(network(shown), mask).backward()
        optimizer.step()
    attention = attention_map(network, frame)
    assert attention.shape == (64, 64) and attention.min() >= 0 and attention.max() == pytest.approx(1)
    assert attention_map(network, frame, "decoder.3")[:, 40:56].mean() > attention_map(network, frame, "decoder.3")[:, :36].mean()
    assert not attention_map(network, np.full((64, 64), 0.8, np.float32)).any()
    with pytest.raises(InputError, match='no layer "nowhere"'):
        attention_map(network, frame, "nowhere")


def test_the_shutters_edge_is_no_line_and_what_they_cover_no_vessel():
    frame, mask = tube((128, 128))
    rows, columns = np.indices(frame.shape)
    round_opening = (rows - 64) ** 2 + (columns - 64) ** 2 < 58**2
    blades = (rows > 12) & (columns > 9) & (columns < 115) & (rows + columns > 40)
    for opening in (round_opening, blades):
        shut = np.where(opening, frame, 0.02).astype(np.float32)
        field, unshadowed = open_field(normalized(shut[None])[0])
        assert (field ^ opening).mean() < 0.03 and not (unshadowed & ~field).any()
        found = segment_frames(shut[None], "vesselness")[0] >= 0.5
        assert not found[~opening & ~ndimage.binary_dilation(opening, iterations=2)].any()
        assert frame_scores(found, mask & opening)["dsc"] > 0.75
    field, unshadowed = open_field(normalized(frame[None])[0])
    assert field.mean() > 0.95
    assert open_field(np.full((32, 32), -2.0, np.float32))[0].all()


@pytest.mark.parametrize(
    ("shape", "other"), [((128, 96), (256, 192)), ((300, 211), (128, 90)), ((40, 33), (40, 33)), ((17, 5), (64, 19))]
)
def test_pictures_are_scaled_as_torch_scales_them(shape, other):
    picture = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    options = {"mode": "bilinear", "align_corners": False, "antialias": True}
    expected = torch.nn.functional.interpolate(torch.from_numpy(picture)[None, None], other, **options)[0, 0].numpy()
    np.testing.assert_allclose(resized(picture, other), expected, atol=1e-5)


def test_lines_are_found_where_there_is_no_torch(tmp_path):
    """In a process of its own in which torch is not found."""
    code = f"""
        import sys
        from importlib.machinery import PathFinder

        class WithoutTorch(PathFinder):
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                return None if name.split(".")[0] == "torch" else PathFinder.find_spec(name, path, target)

        sys.meta_path[:] = [WithoutTorch if finder is PathFinder else finder for finder in sys.meta_path]
        sys.path[:0] = {LIBRARIES.split(os.pathsep)!r}
        import numpy as np, SimpleITK as sitk
        from CorrespondCoreLib.cli import run
        from CorrespondCoreLib.progress import Progress
        frames = np.random.default_rng(0).random((2, 48, 40), np.float32)
        sitk.WriteImage(sitk.GetImageFromArray(frames), {str(tmp_path / "run.nrrd")!r})
        output = ["--output", {str(tmp_path / "out")!r}, "--method", "vesselness", "--threads", "1"]
        run(["tavi", "segment", {str(tmp_path / "run.nrrd")!r}, *output], Progress())
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True, timeout=300)
    assert (tmp_path / "out" / "masks.nrrd").is_file()
