"""The networks from a volume to an en-face map: parameters, results against plain restatements, sizes, what a value sees."""

import json

import pytest
import torch

from CorrespondCoreLib.errors import InputError
from OCTEnFaceSegLib.networks.checkpoints import IMPORTED, NETWORKS
from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork
from OCTEnFaceSegLib.networks.ipn import ImageProjectionNetwork
from OCTEnFaceSegLib.networks.ipnv2 import ImageProjectionNetworkV2
from OCTEnFaceSegLib.networks.lachinov import ProjectiveSkipNetwork
from OCTEnFaceSegLib.networks.original_lachinov import unused_shapes
from OCTEnFaceSegLib.networks.resensnet import ReSensNet
from Testing.data import real_data
from Testing.OCTEnFaceSeg.plain_networks import plain_fpn, plain_ipn, plain_ipnv2, plain_lachinov, random_weights

SMALL = (2, 3, 4, 5, 6)


def original_shapes(name: str) -> dict[str, list[int]]:
    return json.loads(real_data(f"original_keys/{name}.json").read_text(encoding="utf-8"))


def volume(*shape: int, n: int = 1, seed: int = 1) -> torch.Tensor:
    return torch.randn(n, 1, *shape, generator=torch.Generator().manual_seed(seed))


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def test_parameters():
    with torch.device("meta"):
        fpn = FeatureProjectionNetwork()
        counts = {name: parameters(kind()) for name, kind in NETWORKS.items()}
    assert counts == {"fpn": 4_369_553, "resensnet": 4_718_737, "lachinov": 1_513_697, "ipn": 1_554_434, "ipnv2": 2_244_162}
    assert [parameters(level) for level in fpn.encoder] == [8_032, 36_224, 144_128, 574_976, 2_296_832]
    assert [parameters(level) for level in fpn.projections] == [4_544, 14_656, 45_568, 131_840, 262_656]
    assert [parameters(level) for level in fpn.decoder] == [639_744, 160_128, 40_128, 10_080]
    assert parameters(fpn.head) == 17


@pytest.mark.parametrize("name, size", [("fpn", (4, 70, 32)), ("resensnet", (4, 128, 16)), ("lachinov", (3, 21, 16))])
def test_logits_equal_the_plain_restatement_on_a_checkpoint_of_the_original(name, size):
    weights = random_weights(original_shapes(name))
    network = IMPORTED[name].from_original_state_dict(weights)
    seen = volume(*size, n=2)
    plain = {"fpn": plain_fpn, "resensnet": lambda w, v: plain_fpn(w, v, average=False), "lachinov": plain_lachinov}[name]
    expected = plain(weights, seen)
    with torch.no_grad():
        fast = network(seen)
    exact = network(seen)  # with gradients batch normalizations are not folded
    assert fast.shape == (2, 1, size[0], 1, size[2])
    assert float(expected.std()) > 0.05
    for logits in (fast, exact.detach()):
        torch.testing.assert_close(logits, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))


def test_ipnv2_gives_the_logit_of_the_lesion_against_the_background():
    weights = random_weights(original_shapes("ipnv2"))
    seen = volume(16, 160, 32)
    with torch.no_grad():
        logits = ImageProjectionNetworkV2.from_original_state_dict(weights)(seen)
    expected = plain_ipnv2(weights, seen)
    assert logits.shape == (1, 1, 16, 1, 32) and float(expected.std()) > 1e-3
    torch.testing.assert_close(torch.sigmoid(logits[:, 0, :, 0]), expected, rtol=1e-4, atol=1e-5)


def test_ipn_gives_the_logit_of_the_lesion_against_the_background():
    torch.manual_seed(0)
    network = ImageProjectionNetwork(features=4).eval()
    layers = [(c.weight, c.bias) for c in (*network.convolutions, network.head)]
    torch.nn.init.constant_(network.head.bias, 0.5)  # so that the ReLU on the classes leaves something
    for weight, _ in layers:
        torch.nn.init.kaiming_normal_(weight, nonlinearity="relu")
    seen = volume(3, 160, 5)
    with torch.no_grad():
        logits, expected = network(seen), plain_ipn(layers, (5, 4, 2, 2, 2), seen)
    assert logits.shape == (1, 1, 3, 1, 5) and float(expected.std()) > 1e-3
    torch.testing.assert_close(torch.sigmoid(logits[:, 0, :, 0]), expected, rtol=1e-4, atol=1e-5)


def test_the_unused_level_of_lachinov_is_as_large_as_is_known():
    assert sum(torch.Size(shape).numel() for shape in unused_shapes().values()) == 3_644_416


@pytest.mark.parametrize("name", ["fpn", "lachinov", "ipnv2"])
def test_checkpoints_with_a_trainers_prefix_are_read(name):
    weights = random_weights(original_shapes(name))
    plain, wrapped = (
        IMPORTED[name].from_original_state_dict(w).state_dict() for w in (weights, {f"model.{k}": v for k, v in weights.items()})
    )
    assert all(torch.equal(plain[key], wrapped[key]) for key in plain)


@pytest.mark.parametrize("name", sorted(IMPORTED))
def test_wrong_and_partial_checkpoints_name_the_offending_entries(name):
    weights = random_weights(original_shapes(name))
    load = IMPORTED[name].from_original_state_dict
    some = [key for key in weights if key.endswith("weight") and weights[key].dim() > 1][3]
    with pytest.raises(InputError, match=rf"missing: 1 \({some}\)"):
        load({key: value for key, value in weights.items() if key != some})
    with pytest.raises(InputError, match=r"unknown: 1 \(extra.weight\)"):
        load({**weights, "extra.weight": torch.zeros(2)})
    with pytest.raises(InputError, match=rf"of another shape: 1 \({some} \(3,\), not "):
        load({**weights, some: torch.zeros(3)})
    with pytest.raises(InputError, match=rf"not finite: 1 \({some}\)"):
        load({**weights, some: torch.full_like(weights[some], torch.nan)})
    other = random_weights(original_shapes("ipnv2" if name == "lachinov" else "lachinov"))
    with pytest.raises(InputError, match="a checkpoint of another network"):
        load(other)


def test_a_resensnet_checkpoint_is_no_fpn():
    with pytest.raises(InputError, match=r"of another shape: 5 \(resensnet.zdimRed1.1.convBlock.0.0.weight"):
        FeatureProjectionNetwork.from_original_state_dict(random_weights(original_shapes("resensnet")))


@pytest.mark.parametrize(
    "network, size, words",
    [
        (FeatureProjectionNetwork, (6, 64, 32), "multiples of 4 B-scans and of 16 A-scans, not 6 and 32"),
        (FeatureProjectionNetwork, (4, 64, 24), "not 4 and 24"),
        (FeatureProjectionNetwork, (4, 63, 16), "at least 64 voxels along the beam, not 63"),
        (ReSensNet, (4, 160, 16), "exactly 128 voxels along the beam, not 160"),
        (ImageProjectionNetworkV2, (16, 128, 16), "exactly 160"),
        (ProjectiveSkipNetwork, (2, 16, 12), "multiples of 1 B-scans and of 8 A-scans"),
    ],
)
def test_sizes_that_a_network_cannot_take_are_refused_in_words(network, size, words):
    with torch.device("meta"):
        made = network()
        seen = torch.zeros(1, 1, *size)
    with pytest.raises(InputError, match=words):
        made(seen)
    with pytest.raises(InputError, match="floating-point tensors, not torch.int16"):
        made(seen.to(torch.int16))


@pytest.mark.parametrize("size", [(4, 64, 16), (8, 100, 32), (12, 127, 48)])
def test_the_smallest_and_odd_legal_sizes_work(size):
    assert FeatureProjectionNetwork(SMALL).eval()(volume(*size)).shape == (1, 1, size[0], 1, size[2])


@pytest.mark.parametrize(
    "network, size",
    [
        (FeatureProjectionNetwork(SMALL), (28, 64, 288)),
        (ImageProjectionNetwork(2, (2, 2)), (17, 4, 17)),
        (ImageProjectionNetworkV2(2, (2, 2)), (16, 4, 16)),
    ],
)
def test_nothing_beyond_its_reach_changes_a_map(network, size):
    network.double().eval()
    seen = volume(*size).double().abs()
    for weight in network.parameters():  # all positive: nothing is cut or cancels
        weight.data = weight.data.abs() + 0.01
    coarsest = network.strides[-1]
    place = [(n - 1) // stride * stride for n, stride in zip((size[0], size[2]), coarsest, strict=True)]
    changed = seen.clone()
    changed[..., place[0], :, place[1]] *= 1.5  # the first voxels of a pixel of the coarsest map
    with torch.no_grad():
        maps = zip(network.project(seen), network.project(changed), network.strides, strict=True)
        moved = [((one - other).abs().amax(dim=(0, 1, 3)) > 0, strides) for one, other, strides in maps]
    for axis in (0, 1):
        lasts = [(int(pixels.any(dim=1 - axis).nonzero().min()) + 1) * strides[axis] - 1 for pixels, strides in moved]
        assert 0.8 * network.reach[axis] < max(place[axis] - last for last in lasts) <= network.reach[axis]


def test_every_parameter_learns():
    torch.manual_seed(0)
    for network, size in (
        (FeatureProjectionNetwork(SMALL), (8, 64, 32)),
        (ProjectiveSkipNetwork((8, 8, 16, 16)), (4, 16, 16)),
        (ImageProjectionNetworkV2(4, (2, 2)), (16, 4, 16)),
    ):
        network(volume(*size, n=2)).square().mean().backward()
        assert all(p.grad is not None and bool(torch.isfinite(p.grad).all()) for p in network.parameters())
        still = [name for name, p in network.named_parameters() if not p.grad.any()]
        assert len(still) == 0, still
