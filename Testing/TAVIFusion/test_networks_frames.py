"""The paper's two networks: as large as it says, and the matching one leaves masks where they are before it has learned."""

import pytest
import torch

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import ModelStore
from TAVIFusionLib.losses.overlap import cross_entropy, dice_loss, soft_dice
from TAVIFusionLib.networks.checkpoints import load_matching_network, load_network, load_segmentation_network
from TAVIFusionLib.networks.dru_net import DeepResidualUNet
from TAVIFusionLib.networks.matching import AffineMatchingNetwork, compact_matching_network


def parameters(network):
    return sum(p.numel() for p in network.parameters())


def noise(*shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("base", "count"), [(32, 8_288_673), (16, 2_074_833)])
def test_size_of_the_segmentation_network(base, count):
    assert parameters(DeepResidualUNet(base)) == count


def test_the_bridge_sees_a_sixteenth_and_the_logits_every_pixel():
    network, seen = DeepResidualUNet(4).eval(), []
    network.bridge.register_forward_hook(lambda module, inputs, output: seen.append(output.shape))
    with torch.inference_mode():
        assert network(noise(2, 1, 64, 48)).shape == (2, 1, 64, 48)
    assert seen == [(2, 64, 4, 3)]


def test_shape_walk_of_the_matching_network():
    network = AffineMatchingNetwork()
    assert parameters(network) == 68_577_318
    assert len(network.convolutions) == 9 and network.hidden.in_features == 65_536
    shapes = []
    for norm in network.norms:
        norm.register_forward_hook(lambda module, inputs, output: shapes.append(output.shape[-1]))
    with torch.inference_mode():
        network.eval()(noise(1, 1, 256, 256), noise(1, 1, 256, 256))
    assert shapes == [256, 256, 256, 128, 128, 64, 64, 32, 32]


@pytest.mark.parametrize("make", [AffineMatchingNetwork, compact_matching_network])
def test_before_training_masks_stay_where_they_are(make):
    network = make().eval()
    with torch.inference_mode():
        theta = network(noise(1, 1, 256, 256), noise(1, 1, 256, 256).flip(2))
    assert torch.equal(theta, torch.tensor([[[1.0, 0, 0], [0, 1, 0]]]))


def test_shipped_variants_are_small_in_half_precision():
    assert 2 * parameters(DeepResidualUNet(16)) < 4.2e6 and 2 * parameters(compact_matching_network()) < 3e6


def test_frames_that_a_network_cannot_take_are_refused_in_words():
    network = DeepResidualUNet(4)
    with pytest.raises(InputError, match="multiples of 16"):
        network(noise(1, 1, 40, 64))
    with pytest.raises(InputError, match=r"\(N, 1, rows, columns\)"):
        network(noise(1, 3, 64, 64))
    with pytest.raises(InputError, match="256 x 256 pixels, not 64 x 64"):
        AffineMatchingNetwork((2,) * 9, hidden=4)(noise(1, 1, 64, 64), noise(1, 1, 64, 64))
    with pytest.raises(InputError, match='"flatten" or "global"'):
        AffineMatchingNetwork(pooling="mean")


def test_dice_is_the_papers_formula_and_falls_with_overlap():
    mask = (noise(2, 1, 32, 32) > 0.5).float()
    hits, sizes = (mask * 0.5).sum(dim=(1, 2, 3)), mask.sum(dim=(1, 2, 3)) + 0.5 * 32 * 32
    expected = (1 - (2 * hits + 1) / (sizes + 1)).mean()
    assert soft_dice(torch.full_like(mask, 0.5), mask) == pytest.approx(float(expected), abs=1e-6)
    assert float(soft_dice(mask, mask)) == pytest.approx(0, abs=1e-6)
    assert float(soft_dice(torch.zeros(1, 1, 8, 8), torch.zeros(1, 1, 8, 8))) == 0
    logits = 20 * mask - 10
    assert float(dice_loss(logits, mask)) < 1e-3 and float(cross_entropy(logits, mask)) < 1e-3
    assert float(dice_loss(-logits, mask)) > 0.99 and float(cross_entropy(-logits, mask)) == pytest.approx(10, rel=1e-3)


def saved(module, tmp_path, **card):
    entries = {"id": "one", "title": "One", "method": "x", "version": "1"}
    return save_model(module.half(), {**entries, **card}, ModelStore(user_folder=tmp_path))


def test_a_network_comes_back_from_its_model(tmp_path):
    card = {"network": {"name": "dru_net", "base": 4}, "input": {"size": 96}}
    model = saved(DeepResidualUNet(4), tmp_path, **card)
    network = load_segmentation_network(model)
    assert network.trained_side == 96 and not network.training and network.head.weight.dtype == torch.float32
    with pytest.raises(InputError, match="does not match masks"):
        load_matching_network(model)
    with pytest.raises(InputError, match="multiple of 16"):
        load_network(saved(DeepResidualUNet(4), tmp_path, **{**card, "input": {"size": 100}}))
    with pytest.raises(InputError, match="none of the networks"):
        load_network(saved(DeepResidualUNet(4), tmp_path, network={"name": "fpn"}))
    with pytest.raises(InputError, match="do not fit its card"):
        load_network(saved(DeepResidualUNet(4), tmp_path, network={"name": "dru_net", "base": 8}))
