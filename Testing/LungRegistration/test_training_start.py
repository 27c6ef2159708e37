"""A training that starts from a model; models that it cannot start from are refused, with the difference."""

import json

import pytest
import torch
from safetensors.torch import save_file

from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError, OutOfMemory
from CorrespondCoreLib.models import CARD, WEIGHTS, ModelStore, sha256
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.distributed import Processes
from LungRegistrationLib.networks.checkpoints import save_model
from LungRegistrationLib.training.run import train
from LungRegistrationLib.training.start import make_network
from LungRegistrationLib.training.trainer import Trainer
from Testing.LungRegistration.training_examples import VIRNET, VOXELMORPH, config, phantoms_made_once  # noqa: F401

ALONE = Processes(torch.device("cpu"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """The folder of a model of the example's network, with its weights."""
    network = make_network(config(seed=5))
    card = {
        "id": "coarse",
        "title": "Coarse",
        "method": "virnet",
        "network": VIRNET["network"],
        "version": "1",
        "trained_on": "7 phantom pairs",
        "input": {"size_xyz": [48, 48, 48], "window_hu": None},
    }
    return save_model(network, card, ModelStore(user_folder=tmp_path_factory.mktemp("models"))).folder, network


@pytest.fixture
def changed(model, tmp_path):
    """Makes a copy of the model with other weights and card entries."""

    def make(state_dict=None, **entries):
        card = json.loads((model[0] / CARD).read_text(encoding="utf-8"))
        if state_dict is None:
            (tmp_path / WEIGHTS).write_bytes((model[0] / WEIGHTS).read_bytes())
        elif isinstance(state_dict, bytes):
            (tmp_path / WEIGHTS).write_bytes(state_dict)
        else:
            save_file(state_dict, tmp_path / WEIGHTS)
        (tmp_path / CARD).write_text(json.dumps({**card, "sha256": sha256(tmp_path / WEIGHTS), **entries}), encoding="utf-8")
        return str(tmp_path)

    return make


def start(values, folder, model, **changes):
    return Trainer(config({**values, "model": str(model), **changes}), folder, ALONE, False, Progress())


def test_every_level_starts_from_its_own_weights_of_the_model(model, tmp_path):
    trainer = start(VIRNET, tmp_path, model[0], steps=[0, 1])
    for name, value in model[1].state_dict().items():
        assert torch.equal(trainer.network.state_dict()[name], value)
    trainer.train()
    after = trainer.network.state_dict()
    same = {name.split(".")[1] for name, value in model[1].state_dict().items() if torch.equal(after[name], value)}
    assert "1" in same and trainer.steps == [0, 1]  # the coarser level, networks.1, was left alone
    assert any(not torch.equal(after[name], value) for name, value in model[1].state_dict().items())


def test_the_command_starts_from_a_model_and_its_card_tells(model, tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**VIRNET, "steps": [1, 1]}), encoding="utf-8")
    begin = ["lung", "train", "--config", str(file), "--device", "cpu", "--output", str(tmp_path / "out")]
    result = run([*begin, "--model", str(model[0])], Progress())
    card = json.loads((tmp_path / "out" / "models" / result["model"] / CARD).read_text(encoding="utf-8"))
    assert card["training"]["started_from"]["id"] == "coarse"
    assert "3 phantom pairs" not in card["trained_on"] and "7 phantom pairs (the model coarse)" in card["trained_on"]
    assert run([*begin, "--model", str(model[0]), "--resume"], Progress())["started_from"]["id"] == "coarse"
    with pytest.raises(InputError, match=r"another configuration \(model\)"):
        run([*begin, "--resume"], Progress())
    with pytest.raises(InputError, match='There is no model "absent"'):
        run([*begin[:-1], str(tmp_path / "other"), "--model", "absent"], Progress())


def test_another_network_or_input_is_refused_by_name(model, changed, tmp_path):
    for values, changes, words in (
        (VOXELMORPH, {}, "Its network is virnet, the configuration trains voxelmorph"),
        (VIRNET, {"network": {"name": "virnet", "channels": [2, 2, 4, 4]}, "steps": [1, 1, 1]}, "levels is 2 in the model and 3"),
        (VIRNET, {"network": {**VIRNET["network"], "channels": [4, 4, 4, 4]}}, r"channels is \[2, 2, 4, 4\] in the model"),
    ):
        with pytest.raises(InputError, match=f'cannot start from the model "coarse".*{words}'):
            start(values, tmp_path, model[0], **changes)
    windowed = changed(input={"window_hu": [-1000, -100]})
    with pytest.raises(InputError, match=r"window_hu is \[-1000, -100\] in the model and None in the configuration"):
        start(VIRNET, tmp_path, windowed)


def test_weights_that_are_corrupt_or_do_not_fit_their_card_are_refused(model, changed, tmp_path):
    weights = dict(model[1].state_dict())
    name = next(iter(weights))
    for content, words in (
        (b"no weights at all", "not a checkpoint"),
        ((model[0] / WEIGHTS).read_bytes()[:-50], "damaged safetensors"),
        ({**weights, name: torch.zeros(1, 2, 3)}, rf'model "coarse" do not fit.*another shape.*{name} \(1, 2, 3\)'),
        ({k: v for k, v in weights.items() if k != name}, rf"missing: 1 \({name}\)"),
        ({"weight": torch.zeros(3)}, "checkpoint of another network"),
    ):
        with pytest.raises(InputError, match=words):
            start(VIRNET, tmp_path, changed(content))
    bad_sum = changed(sha256="0" * 64)
    with pytest.raises(InputError, match="corrupt or were changed"):
        start(VIRNET, tmp_path, bad_sum)


def test_levels_may_rest_only_where_a_model_gives_their_weights():
    with pytest.raises(InputError, match="give 2 number"):
        config({**VIRNET, "steps": [0, 4]})
    with pytest.raises(InputError, match="steps"):
        config({**VIRNET, "model": "coarse", "steps": [0, 0]})


def test_memory_that_runs_out_is_explained_and_the_training_goes_on(monkeypatch, tmp_path):
    short = config({**VOXELMORPH, "steps": [6]})
    make_step = Trainer._make_step

    def fails(self, *arguments):
        if self.step == 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return make_step(self, *arguments)

    monkeypatch.setattr(Trainer, "_make_step", fails)
    with pytest.raises(OutOfMemory, match="memory of cpu ran out at 32 x 32 x 32 voxels.*--resume"):
        train(short, tmp_path, device="cpu", threads=1)
    monkeypatch.setattr(Trainer, "_make_step", make_step)
    assert train(short, tmp_path, resume=True, device="cpu", threads=1)["pairs"] == 4
