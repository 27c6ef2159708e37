"""The recursive refinement network: its parameters, its fields against the plain reference, its units."""

import json

import pytest
import torch

from CorrespondCoreLib.errors import InputError
from LungRegistrationLib.networks.original_rrn import original_shapes, own_name
from LungRegistrationLib.networks.rrn import RecursiveRefinementNetwork, normalized_pair
from Testing.data import real_data
from Testing.LungRegistration.plain_networks import plain_rrn

SMALL = {"pyramid_channels": (2, 3, 4, 5), "estimator_channels": (6, 5, 4, 3, 3), "refiner_channels": (4, 4, 4, 4, 3, 3)}


def pair(shape=(48, 32, 64), n=1, seed=0) -> tuple[torch.Tensor, torch.Tensor]:
    fixed, moving = torch.rand(2, n, 1, *shape, generator=torch.Generator().manual_seed(seed))
    return fixed, moving


@pytest.fixture(scope="module")
def original() -> dict[str, torch.Tensor]:
    """A state dict of the original with weights of the size that training starts from."""
    generator = torch.Generator().manual_seed(3)
    bounds = {name: 2.0 / max(1, torch.Size(shape[1:]).numel()) ** 0.5 for name, shape in original_shapes().items()}
    return {
        n: (torch.rand(s, generator=generator) - 0.5) * bounds[n] * (1 if len(s) > 1 else 0.1)
        for n, s in original_shapes().items()
    }


def test_parameters_that_matter():
    with torch.device("meta"):
        network = RecursiveRefinementNetwork()
    assert sum(p.numel() for p in network.parameters()) == 16_652_076
    assert sum(p.numel() for p in network.pyramid.parameters()) == 1_024_032
    assert [sum(p.numel() for p in e.parameters()) for e in network.estimators] == [4_399_075, 4_786_147, 4_749_859]
    assert [sum(p.numel() for p in up.parameters()) for up in network.context_up] == [65_568, 65_568]
    assert sum(p.numel() for p in network.refiner.parameters()) == 1_561_827


def test_names_and_shapes_of_the_original():
    assert sum(torch.Size(shape).numel() for shape in original_shapes().values()) == 20_988_751
    listed = json.loads(real_data("original_keys/rrn.json").read_text(encoding="utf-8"))
    assert [(name, list(shape)) for name, shape in original_shapes().items()] == list(listed.items())


def test_entries_that_matter_keep_the_originals_order():
    with torch.device("meta"):
        own = RecursiveRefinementNetwork().state_dict()
    kept = {name: shape for name, shape in original_shapes().items() if own_name(name) is not None}
    assert [own_name(name) for name in kept] == list(own)
    assert list(kept.values()) == [tuple(tensor.shape) for tensor in own.values()]


@pytest.mark.parametrize("original_warp", [False, True])
def test_fields_equal_the_plain_reference_on_the_originals_weights(original, original_warp):
    network = RecursiveRefinementNetwork.from_original_state_dict(original, original_warp)
    fixed, moving = pair()
    with torch.no_grad():
        fields, expected = network(fixed, moving), plain_rrn(original, fixed, moving, original_warp)
        other = plain_rrn(original, fixed, moving, not original_warp)
    assert [tuple(f.shape[2:]) for f in fields] == [tuple(n // s for n in (48, 32, 64)) for s in (1, 2, 4, 8, 16)]
    for own, plain in zip(fields, expected, strict=True):
        torch.testing.assert_close(own, plain, rtol=1e-4, atol=1e-5 * float(plain.abs().max()))
    assert float((fields[0] - other[0]).abs().max()) > 1e-3 * float(fields[0].abs().max())  # the two warps differ
    assert float((fields[0] - fields[0].mean()).abs().max()) > 0.01  # and the fields are not merely biases


def test_fields_are_in_voxels_of_their_grid_and_add_up():
    network = RecursiveRefinementNetwork(**SMALL)
    heads = [e.head for e in network.estimators] + [network.refiner.head]
    for parameter in network.parameters():
        torch.nn.init.zeros_(parameter)
    steps = torch.tensor([[0.5, -1.0, 2.0], [0.1, 0.2, 0.3], [1.0, 0.0, 0.0], [0.25, 0.5, -0.5]])  # 1/4, 1/8, 1/16, refiner
    for head, step in zip(heads, steps, strict=True):
        head.bias.data.copy_(step)
    eighth = steps[1] + 2 * steps[2]
    quarter = steps[0] + 2 * eighth + steps[3]
    for field, value in zip(network(*pair()), (4 * quarter, 2 * quarter, quarter, eighth, steps[2]), strict=True):
        torch.testing.assert_close(field, value.view(1, 3, 1, 1, 1).expand_as(field))


def test_features_are_normalized_together():
    generator = torch.Generator().manual_seed(4)
    fixed, moving = (torch.randn(2, 4, 5, 6, 7, generator=generator) * s + m for s, m in ((2.0, 1.0), (4.0, 3.0)))
    f, m = normalized_pair(fixed, moving)
    torch.testing.assert_close(f.mean((1, 2, 3, 4)), -m.mean((1, 2, 3, 4)))
    deviations = f[1].flatten().std() + m[1].flatten().std()
    assert float(deviations) == pytest.approx(2.0, rel=1e-5)
    flat = normalized_pair(torch.ones(1, 2, 3, 3, 3), torch.ones(1, 2, 3, 3, 3))
    assert not flat[0].any() and not flat[1].any()


@pytest.mark.parametrize("options", [{}, {"cost_volume": False}, {"radius": 1}, {"original_warp": True}])
def test_every_parameter_influences_the_field(options):
    torch.manual_seed(0)
    network = RecursiveRefinementNetwork(**SMALL, **options)
    network(*pair((48, 32, 32)))[0].square().mean().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_without_the_cost_volume_the_moving_features_take_its_place():
    with torch.device("meta"):
        network = RecursiveRefinementNetwork(cost_volume=False)
    assert [e.convolutions[0].in_channels for e in network.estimators] == [35 + 2 * 32, 35 + 2 * 64, 2 * 96]
    small = RecursiveRefinementNetwork(**SMALL, cost_volume=False)
    fixed, moving = pair((16, 32, 16))
    assert not torch.equal(small(fixed, moving)[0], small(fixed, fixed)[0])


def test_samples_of_a_batch_do_not_mix_and_gradients_change_nothing():
    torch.manual_seed(1)
    network = RecursiveRefinementNetwork(**SMALL)
    fixed, moving = pair((48, 32, 32), n=2)
    both = network(fixed, moving)
    with torch.no_grad():
        second = network(fixed[1:], moving[1:])
    for field, alone in zip(both, second, strict=True):
        torch.testing.assert_close(field[1:], alone, rtol=1e-4, atol=1e-5)


def test_mixed_precision_keeps_fields_in_full_precision():
    torch.manual_seed(2)
    network = RecursiveRefinementNetwork(**SMALL)
    fixed, moving = pair((48, 32, 32))
    with torch.no_grad():
        exact = network(fixed, moving)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(fixed, moving)
    assert all(f.dtype == torch.float32 for f in mixed)
    assert float((mixed[0] - exact[0]).abs().max()) < 0.1 * float(exact[0].abs().max())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        network(fixed, moving)[0].square().mean().backward()
    assert all(bool(torch.isfinite(p.grad).all()) for p in network.parameters())


def test_a_state_dict_survives_the_round_trip(original):
    network = RecursiveRefinementNetwork.from_original_state_dict(original)
    other = RecursiveRefinementNetwork()
    other.load_state_dict(network.state_dict())
    for name, tensor in original.items():
        if own_name(name):
            assert torch.equal(other.state_dict()[own_name(name)], tensor)


def test_wrong_and_partial_state_dicts_name_the_offending_entries(original):
    load = RecursiveRefinementNetwork.from_original_state_dict
    missing = "_flow_model._refine_model.4.bias"
    with pytest.raises(InputError, match=f"missing: 1 \\({missing}\\)"):
        load({name: tensor for name, tensor in original.items() if name != missing})
    with pytest.raises(InputError, match=r"unknown: 1 \(extra\.weight\)"):
        load({**original, "extra.weight": torch.zeros(3)})
    with pytest.raises(
        InputError, match=r"of another shape: 1 \(_pyramid._convs.0.0.weight \(16, 2, 3, 3, 3\), not \(16, 1, 3, 3, 3"
    ):
        load({**original, "_pyramid._convs.0.0.weight": torch.zeros(16, 2, 3, 3, 3)})
    with pytest.raises(InputError, match="not finite: 1"):
        load({**original, missing: torch.full((128,), torch.nan)})
    with pytest.raises(InputError, match="not floating-point tensors: 2"):
        load({**original, missing: torch.zeros(128, dtype=torch.int64), "_pyramid._convs.0.0.bias": [0.0] * 16})
    with pytest.raises(InputError, match=r"another network.*missing: 94 \(.* and 88 more\).*unknown: 1 \(head.weight\)"):
        load({"head.weight": torch.zeros(3)})


@pytest.mark.parametrize("shape", [(48, 40, 48), (56, 48, 48), (32, 48, 48), (0, 48, 48)])
def test_sizes_that_it_cannot_take(shape):
    with pytest.raises(InputError, match="multiples of 16 voxels, the first at least 48"):
        RecursiveRefinementNetwork(**SMALL)(*pair(shape))


def test_pairs_that_it_cannot_take():
    network = RecursiveRefinementNetwork(**SMALL)
    fixed, moving = pair((48, 32, 32))
    with pytest.raises(InputError, match="two volumes of one shape"):
        network(fixed, torch.cat([moving, moving], dim=2))
    with pytest.raises(InputError, match=r"moving one is torch.float32 of shape \(48, 32, 32\)"):
        network(fixed, moving[0, 0])
    with pytest.raises(InputError, match="fixed one is torch.int64"):
        network(fixed.long(), moving)
