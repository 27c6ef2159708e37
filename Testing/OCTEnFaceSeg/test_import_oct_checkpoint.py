"""Checkpoints of the segmentation networks' original code become models; everything else is refused and says why."""

import os
import pickle

import pytest
import torch
from safetensors.torch import save_file

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.networks.checkpoints import NETWORKS, import_checkpoint, load_network
from OCTEnFaceSegLib.networks.fpn import FeatureProjectionNetwork
from OCTEnFaceSegLib.networks.lachinov import ProjectiveSkipNetwork
from OCTEnFaceSegLib.networks.original_fpn import original_name
from OCTEnFaceSegLib.networks.original_lachinov import original_name as lachinov_name
from OCTEnFaceSegLib.networks.original_lachinov import unused_shapes


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return {original_name(name): tensor.clone() for name, tensor in FeatureProjectionNetwork().state_dict().items()}


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models ü"))
    return tmp_path / "models ü"


def command(*arguments: object) -> dict:
    return run(["oct", "import-checkpoint", *map(str, arguments)], Progress())


def test_a_checkpoint_of_the_original_trainer_becomes_a_model(weights, models, tmp_path):
    file = tmp_path / "epoch=12 val.ckpt"
    state = {f"model.{name}": value for name, value in weights.items()}
    torch.save({"epoch": 12, "state_dict": state, "optimizer_states": [{"state": {}}], "loops": {}}, file)
    results = command(file, "--network", "fpn", "--lesion", "ga", "--license", "MIT")
    model = ModelStore().get("fpn-ga-epoch-12-val")
    assert model.own and results["model"] == model.card and all(map(os.path.exists, results["files"]))
    assert (model.card["lesion"], model.card["license"], model.card["method"]) == ("ga", "MIT", "fpn")
    assert "not trained by this project" in model.card["trained_on"] and "epoch=12 val.ckpt" in model.card["title"]
    network = load_network(model)
    own = network.state_dict()
    assert not network.training and all(torch.equal(own[name], weights[original_name(name)]) for name in own)


def test_entries_that_are_never_used_are_accepted(models, tmp_path):
    torch.manual_seed(1)
    network = ProjectiveSkipNetwork()
    state = {lachinov_name(name): tensor for name, tensor in network.state_dict().items()}
    unused = {name: torch.zeros(shape) for name, shape in unused_shapes().items()}
    save_file({**state, **unused}, tmp_path / "whole.safetensors")
    command(tmp_path / "whole.safetensors", "--network", "lachinov", "--lesion", "rpd", "--id", "mine")
    own = load_network(ModelStore().get("mine")).state_dict()
    assert all(torch.equal(own[name], value) for name, value in network.state_dict().items())
    save_file(state, tmp_path / "part.safetensors")
    with pytest.raises(InputError, match=r"missing: 39 \(model.decoder_convs.3.0.weight"):
        command(tmp_path / "part.safetensors", "--network", "lachinov", "--lesion", "rpd")


def test_checkpoints_of_other_networks_and_other_files_are_refused(weights, models, tmp_path):
    save_file({name: value.contiguous() for name, value in weights.items()}, tmp_path / "fpn.safetensors")
    with pytest.raises(InputError, match=r"fpn.safetensors: .*ReSensNet.*of another shape: 5"):
        command(tmp_path / "fpn.safetensors", "--network", "resensnet", "--lesion", "ga")
    with pytest.raises(InputError, match="a checkpoint of another network, not one of the original ImageProjectionNetworkV2"):
        command(tmp_path / "fpn.safetensors", "--network", "ipnv2", "--lesion", "ga")
    with pytest.raises(InputError, match="invalid choice: 'ipn'"):
        command(tmp_path / "fpn.safetensors", "--network", "ipn", "--lesion", "ga")
    with pytest.raises(InputError, match="can be imported for fpn, resensnet, lachinov, ipnv2"):
        import_checkpoint(tmp_path / "fpn.safetensors", "ipn", "ga")
    with pytest.raises(InputError, match="--lesion"):
        command(tmp_path / "fpn.safetensors", "--network", "fpn")
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"weight": 1}))
    (tmp_path / "cut.safetensors").write_bytes((tmp_path / "fpn.safetensors").read_bytes()[:-9])
    for name, words in (("plain.pth", "refused.*could run any program"), ("cut.safetensors", "damaged"), ("absent", "no file")):
        with pytest.raises(InputError, match=words):
            command(tmp_path / name, "--network", "fpn", "--lesion", "ga")
    assert not models.exists()


def test_networks_come_back_from_the_store_as_they_were(tmp_path):
    store = ModelStore(user_folder=tmp_path)
    for name, options, size in (
        ("fpn", {"channels": [2, 2, 3, 3, 4]}, (4, 64, 16)),
        ("resensnet", {"channels": [2, 2, 2, 2, 2]}, (4, 128, 16)),
        ("lachinov", {"channels": [8, 8], "blocks": [1, 1]}, (2, 8, 8)),
        ("ipn", {"features": 2, "pools": [2, 2]}, (2, 4, 3)),
        ("ipnv2", {"features": 2, "pools": [2, 2]}, (16, 4, 16)),
    ):
        torch.manual_seed(2)
        network = NETWORKS[name](**options).eval()
        card = {"id": name, "title": name, "method": name, "version": "1", "network": {"name": name, **options}}
        loaded = load_network(save_model(network, card, store))
        seen = torch.rand(1, 1, *size)
        with torch.no_grad():
            torch.testing.assert_close(loaded(seen), network(seen))


def test_models_whose_card_does_not_fit_are_refused(tmp_path):
    store = ModelStore(user_folder=tmp_path)
    network = FeatureProjectionNetwork((2, 2, 2, 2, 2))
    card = {"id": "m", "title": "m", "method": "fpn", "version": "1"}
    for options, words in (
        ({"name": "fpn"}, "no complete checkpoint of FeatureProjectionNetwork.*of another shape"),
        ({"name": "fpn", "levels": 4}, "options that do not exist.*levels"),
        ({"name": "rrn"}, "none of the networks fpn, resensnet, lachinov, ipn, ipnv2"),
    ):
        with pytest.raises(InputError, match=words):
            load_network(save_model(network, {**card, "network": options}, store))
