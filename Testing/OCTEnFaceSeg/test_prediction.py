"""Prediction: grids stay as they are, tiles give the same, views are averaged, cancel and short memory are heard."""

import numpy as np
import pytest
import torch

from CorrespondCoreLib.errors import Cancelled, InputError, OutOfMemory
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib import prediction_memory
from OCTEnFaceSegLib.networks.contract import EnfaceNetwork, Sizes
from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork
from OCTEnFaceSegLib.networks.ipn import ImageProjectionNetwork
from OCTEnFaceSegLib.networks.ipnv2 import ImageProjectionNetworkV2
from OCTEnFaceSegLib.networks.lachinov import ProjectiveSkipNetwork
from OCTEnFaceSegLib.prediction import probability, view
from OCTEnFaceSegLib.preprocessing import z_scored

SMALL = (2, 3, 4, 5, 6)


def slab(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def lively(network: EnfaceNetwork, seed: int = 0) -> EnfaceNetwork:
    """With weights whose logits differ from place to place."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in network.parameters():
        if parameter.dim() > 1:
            size = (2.0 / parameter[0].numel()) ** 0.5
            parameter.data = size * torch.randn(parameter.shape, generator=generator)
    return network.eval()


class MeanNetwork(EnfaceNetwork):
    """The logit is the mean along the beam."""

    sizes = Sizes(b_scans=4, a_scans=16, depth=2)
    strides = ((1, 1),)
    reach = (0, 0)
    bytes_per_voxel = 8

    def project(self, volume):
        self.seen = tuple(volume.shape)
        return [volume.mean(dim=3, keepdim=True)]

    def decode(self, maps):
        return maps[0]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("shape", [(49, 4, 37), (1, 4, 5), (4, 4, 16)])
def test_every_a_scan_keeps_its_place(shape):
    network, seen = MeanNetwork(), slab(*shape)
    mean, spread = probability([network], seen, "cpu")
    assert network.seen[2] % 4 == 0 and network.seen[4] % 16 == 0
    assert mean.shape == spread.shape == (shape[0], shape[2]) and mean.dtype == np.float32
    np.testing.assert_allclose(mean, sigmoid(seen.mean(axis=1)), atol=1e-6)  # mirrored views come back to their places
    assert spread.max() < 1e-3


def test_padding_beyond_the_scan_does_not_reach_far():
    network = lively(FeatureProjectionNetwork(SMALL))
    seen = slab(8, 64, 160)
    whole = view(network, seen, "cpu", None)
    cut = view(network, seen[:7, :, :150], "cpu", None)
    assert cut.shape == (7, 150) and whole.std() > 0.01
    assert np.abs(whole[:3, :16] - cut[:3, :16]).mean() < 0.1 * whole.std()


@pytest.mark.parametrize(
    "network, shape, tile",
    [
        (FeatureProjectionNetwork(SMALL), (6, 64, 430), 40),
        (ImageProjectionNetwork(3, (2, 2)), (5, 4, 90), 16),
        (ImageProjectionNetworkV2(3, (2, 2)), (16, 4, 90), 16),
    ],
)
def test_tiles_give_the_same_map(network, shape, tile):
    seen = slab(*shape)
    lively(network)
    whole, tiled = (view(network, seen, "cpu", t) for t in (None, tile))
    assert whole.std() > 1e-3
    np.testing.assert_allclose(tiled, whole, atol=1e-5)
    reach, network.reach = network.reach, (0, 0)
    cut = view(network, seen, "cpu", tile)
    network.reach = reach
    assert np.abs(cut - whole).max() > 1e-3 * whole.std()  # without what lies around a tile it would differ


def test_statistics_over_the_whole_volume_cannot_be_had_in_tiles():
    with pytest.raises(InputError, match="cannot work in tiles"):
        probability([ProjectiveSkipNetwork((8, 8, 8, 8), (1, 1, 1, 1))], slab(2, 8, 64), "cpu", tile=16)


def test_several_networks_are_averaged_and_their_spread_is_the_deviation():
    seen = slab(4, 64, 16)
    networks = [lively(FeatureProjectionNetwork(SMALL), seed=k) for k in range(3)]
    singles = np.stack([view(network, seen, "cpu", None) for network in networks])
    mean, spread = probability(networks, seen, "cpu")
    np.testing.assert_allclose(mean, singles.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(spread, singles.std(axis=0), atol=1e-4)
    assert spread.max() > 0.01


def test_a_single_network_sees_the_mirror_images_too():
    network, seen = lively(FeatureProjectionNetwork(SMALL)), slab(4, 64, 16)
    views = [np.flip(view(network, np.flip(seen, f), "cpu", None), [a // 2 for a in f]) for f in ((), (0,), (2,), (0, 2))]
    mean, spread = probability([network], seen, "cpu")
    np.testing.assert_allclose(mean, np.mean(views, axis=0), atol=1e-6)
    np.testing.assert_allclose(spread, np.std(views, axis=0), atol=1e-4)
    mirrored, _ = probability([network], np.flip(seen, 2).copy(), "cpu")
    np.testing.assert_allclose(mirrored[:, ::-1], mean, atol=1e-5)


def test_progress_moves_and_cancel_stops():
    fractions = []
    network = MeanNetwork()
    probability([network], slab(4, 4, 64), "cpu", Progress(show=lambda fraction, name: fractions.append(fraction)), tile=16)
    assert fractions == sorted(fractions) and fractions[-1] == 1.0 and len(fractions) > 16
    with pytest.raises(Cancelled):
        probability([network], slab(4, 4, 64), "cpu", Progress(cancelled=lambda: len(fractions) > 0), tile=16)


def test_short_memory_is_said_with_the_tile_that_fits(monkeypatch):
    network = FeatureProjectionNetwork(SMALL)
    needed = prediction_memory.needed_memory_gb(network, (49, 128, 1024), "cpu")
    assert 1.0 < needed < 3.0
    monkeypatch.setattr(prediction_memory, "available_memory_gb", lambda: 0.7 * needed)
    seen = np.broadcast_to(np.float32(0), (49, 128, 1024))
    with pytest.raises(OutOfMemory, match=r"needs about \d\.\d GB.*compute 256 A-scans at once"):
        probability([network], seen, "cpu")
    prediction_memory.check_memory(network, seen.shape, "cpu", tile=256)
    monkeypatch.setattr(prediction_memory, "available_memory_gb", lambda: 0.1)
    with pytest.raises(OutOfMemory, match="crop the scan"):
        probability([network], seen, "cpu")
    with pytest.raises(OutOfMemory, match="crop the scan"):
        probability([ProjectiveSkipNetwork((8, 8, 8, 8), (1, 1, 1, 1))], seen, "cpu")


def test_b_scans_are_z_scored_and_constant_ones_stay_numbers():
    values = slab(3, 20, 30) * np.array([2.0, 0.0, 500.0], np.float32)[:, None, None] + np.array([1e3, 77.7, -3])[:, None, None]
    scored = z_scored(values.astype(np.float32))
    assert scored.dtype == np.float32 and np.isfinite(scored).all()
    np.testing.assert_allclose(scored[[0, 2]].mean(axis=(1, 2)), 0, atol=1e-3)
    np.testing.assert_allclose(scored[[0, 2]].std(axis=(1, 2)), 1, atol=1e-3)
    assert not scored[1].any()
    np.testing.assert_allclose(scored[0], z_scored(3 * values[:1] + 5)[0], atol=1e-3)
    assert z_scored(np.full((1, 4, 4), 200, np.uint8)).max() == 0
    with pytest.raises(InputError, match="not finite"):
        z_scored(np.full((1, 4, 4), np.nan, np.float32))


@torch.no_grad()
def test_no_network_is_no_answer():
    with pytest.raises(InputError, match="No network"):
        probability([], slab(4, 4, 4), "cpu")
