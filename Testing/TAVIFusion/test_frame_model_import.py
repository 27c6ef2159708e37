"""Networks for frames become the user's models; what is damaged or of another module is refused, and says why."""

import json
import pickle
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import CARD, WEIGHTS, ModelStore, sha256
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.networks.checkpoints import load_segmentation_network
from TAVIFusionLib.networks.dru_net import DeepResidualUNet
from Testing.TAVIFusion.frame_examples import small_model


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models ü"))
    return tmp_path / "models ü"


@pytest.fixture
def elsewhere(tmp_path):
    """A model's folder that is nobody's."""
    return small_model("Travelled", ModelStore(user_folder=tmp_path / "elsewhere")).folder


def command(*arguments):
    return run(["tavi", "import-model", *map(str, arguments)], Progress())


def written(weights, card, folder):
    """A model's folder with these weights and that card."""
    folder.mkdir()
    save_file(weights, folder / WEIGHTS)
    (folder / CARD).write_text(json.dumps({**card, "sha256": sha256(folder / WEIGHTS)}), encoding="utf-8")
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_a_whole_model_is_copied(models, elsewhere, tmp_path, packed):
    source = shutil.make_archive(str(tmp_path / "model"), "zip", elsewhere) if packed else elsewhere
    results = command(source)
    assert results["model"] == ModelStore().get("travelled").card
    own, theirs = load_segmentation_network(ModelStore().get("travelled")).state_dict(), load_file(elsewhere / WEIGHTS)
    assert all(torch.equal(own[name], value) for name, value in theirs.items())


@pytest.mark.parametrize("base", [2, 3])
def test_weights_alone_tell_how_wide_the_network_is(models, tmp_path, base):
    weights = {f"module.{name}": value for name, value in DeepResidualUNet(base).state_dict().items()}
    torch.save({"state_dict": weights, "epoch": 3}, tmp_path / "best so far.pt")
    command(tmp_path / "best so far.pt", "--field-of-view", "lower", "--size", 64, "--license", "MIT")
    model = ModelStore().get("dru-net-best-so-far")
    network = load_segmentation_network(model)
    assert network.trained_side == 64
    assert (model.card["field_of_view"], model.card["license"], model.card["network"]["base"]) == ("lower", "MIT", base)
    assert "not trained by this project" in model.card["trained_on"]
    assert all(torch.equal(value, weights[f"module.{name}"]) for name, value in network.state_dict().items())


def test_what_is_no_network_for_frames_is_refused(models, elsewhere, tmp_path):
    card, weights = json.loads((elsewhere / CARD).read_text(encoding="utf-8")), load_file(elsewhere / WEIGHTS)
    lacking = {name: value for name, value in weights.items() if not name.startswith("bridge")}
    broken = {**weights, "head.bias": torch.tensor([float("nan")])}
    wide = {**weights, "head.weight": torch.zeros(1, 200_000, 1, 1)}
    foreign = {"net.0.weight": torch.zeros(2, 2)}
    lung = {**card, "method": "rrn", "network": {"name": "rrn"}}
    save_model(DeepResidualUNet(2), lung, ModelStore(user_folder=tmp_path / "lung"))
    other_width = {**card, "network": {"name": "dru_net", "base": 4}}
    for source, words in (
        (written(lacking, card, tmp_path / "lacking"), "do not fit its card.*missing: .*bridge"),
        (written(broken, card, tmp_path / "broken"), "not finite: 1"),
        (written(weights, other_width, tmp_path / "width"), "do not fit its card.*of another shape"),
        (tmp_path / "lung" / "travelled", "for none of the networks dru_net, matching"),
        (tmp_path, "is not a model: card.json is missing"),
    ):
        with pytest.raises(InputError, match=words):
            command(source)
    for name, content, words in (
        ("wide.safetensors", wide, "wide.safetensors: .*of another shape"),
        ("foreign.safetensors", foreign, "checkpoint of another network, not one of DeepResidualUNet"),
        ("broken.safetensors", broken, "not finite"),
    ):
        save_file(content, tmp_path / name)
        with pytest.raises(InputError, match=words):
            command(tmp_path / name)
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"weight": 1}))
    (tmp_path / "cut.safetensors").write_bytes((elsewhere / WEIGHTS).read_bytes()[:-9])
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and nothing more")
    for name, words in (("plain.pth", "could run any program"), ("cut.safetensors", "damaged"), ("absent", "no file")):
        with pytest.raises(InputError, match=words):
            command(tmp_path / name)
    with pytest.raises(InputError, match="cut.zip"):
        command(tmp_path / "cut.zip")
    (elsewhere / WEIGHTS).write_bytes((elsewhere / WEIGHTS).read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="corrupt or were changed"):
        command(elsewhere)
    assert not models.exists()


def test_options_are_for_weights_alone(models, elsewhere, tmp_path):
    with pytest.raises(InputError, match="Import it without further options"):
        command(elsewhere, "--field-of-view", "upper")
    save_file({name: value.contiguous() for name, value in DeepResidualUNet(2).state_dict().items()}, tmp_path / "a.safetensors")
    with pytest.raises(InputError, match="100 is no multiple of 16"):
        command(tmp_path / "a.safetensors", "--size", 100)
    assert not models.exists()
