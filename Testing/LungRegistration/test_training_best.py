"""The model is written from the state that judged best, and so is the start of the next level."""

import json
import math

import pytest
import torch
from torch import nn

from CorrespondCoreLib.models import CARD, Model, read_card
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from CorrespondCoreLib.training.distributed import Processes
from LungRegistrationLib.networks.checkpoints import load_network
from LungRegistrationLib.training import trainer as trainer_module
from LungRegistrationLib.training.best import better
from LungRegistrationLib.training.run import train
from LungRegistrationLib.training.trainer import Trainer
from Testing.LungRegistration.training_examples import DATA, VOXELMORPH, config, phantoms_made_once  # noqa: F401

SHORT = {**VOXELMORPH, "steps": [8], "validate_every": 2}


def figures(tre, loss=1.0):
    return {"loss": loss, "tre_mm": tre}


def judge_as(monkeypatch, judgements):
    """Validations give these landmark errors, in turn."""
    left = iter(judgements)
    blank = dict.fromkeys(trainer_module.FIGURES, 0.0)
    monkeypatch.setattr(trainer_module, "validate", lambda *_: {"loss": 1.0, **blank, "tre_mm": next(left)})


def written(folder, result):
    return Model(folder / "models" / result["model"], read_card(folder / "models" / result["model"] / CARD), own=False)


def test_the_lowest_landmark_error_is_kept_the_loss_where_there_are_none_and_numbers_only():
    network = nn.Linear(1, 1)
    first = better(None, 10, figures(5.0), network, blind=False)
    assert (first.step, first.value) == (10, 5.0)
    assert better(first, 20, figures(6.0, loss=0.1), network, blind=False) is first
    assert better(first, 30, figures(4.0), network, blind=False).origin == {"step": 30, "chosen_by": "tre_mm", "value": 4.0}
    without = better(None, 10, figures(math.nan, loss=2.0), network, blind=False)
    assert (without.chosen_by, without.value) == ("loss", 2.0)
    assert better(None, 10, figures(5.0, loss=2.0), network, blind=True).chosen_by == "loss"
    assert better(None, 10, figures(math.nan, loss=math.nan), network, blind=False) is None
    with torch.no_grad():
        network.weight.fill_(7.0)
    assert first.network["weight"].item() != 7.0  # a copy


def test_the_model_is_the_best_state_and_the_card_says_so(monkeypatch, tmp_path):
    judge_as(monkeypatch, [5.0, 3.0, 4.0, 6.0])
    states = {}
    make_step = Trainer._make_step

    def watched(self, *arguments):
        states[self.step] = {k: v.clone() for k, v in self.network.state_dict().items()}
        return make_step(self, *arguments)

    monkeypatch.setattr(Trainer, "_make_step", watched)
    result = train(config(SHORT), tmp_path, device="cpu", threads=1)
    model = written(tmp_path, result)
    assert result["weights"] == {"step": 4, "chosen_by": "tre_mm", "value": 3.0}
    assert model.card["training"]["weights"] == result["weights"] and model.card["training"]["validation"]["tre_mm"] == 3.0
    for name, value in load_network(model).state_dict().items():
        assert torch.equal(value, states[4][name].half().float())
    last = read_checkpoint(tmp_path / CHECKPOINT)["network"]
    assert any(
        not torch.equal(last[name], value) for name, value in states[4].items()
    )  # the training itself goes on from the last


def test_a_broken_training_finds_the_same_best_state(monkeypatch, tmp_path):
    judgements = [5.0, 3.0, 4.0, 6.0]
    judge_as(monkeypatch, judgements)
    whole = train(config(SHORT), tmp_path / "whole", device="cpu", threads=1)
    judge_as(monkeypatch, judgements[:2])
    with pytest.raises(StopIteration):  # in the third validation
        train(config(SHORT), tmp_path / "broken", device="cpu", threads=1)
    judge_as(monkeypatch, judgements[2:])
    again = train(config(SHORT), tmp_path / "broken", resume=True, device="cpu", threads=1)
    assert again["weights"] == whole["weights"]
    first, second = (written(tmp_path / name, whole).weights().read_bytes() for name in ("whole", "broken"))
    assert first == second


def test_a_finer_level_starts_from_the_best_of_the_coarser_one(monkeypatch, tmp_path):
    judge_as(monkeypatch, [2.0, 3.0, 8.0, 9.0])  # at steps 3, 5; 6, 7
    trainer = Trainer(config(validate_every=3, steps=(5, 2)), tmp_path, Processes(torch.device("cpu")), False, Progress())
    kept = {}
    validate = trainer._validate

    def watched(log):
        validate(log)
        kept[trainer.step] = trainer.network.network(2).head.weight.clone()

    trainer._validate = watched
    result = trainer.train()
    assert result["weights"] == {"step": 6, "chosen_by": "tre_mm", "value": 8.0}
    assert torch.equal(trainer.network.network(2).head.weight, kept[3]) and not torch.equal(kept[3], kept[5])


def test_without_validation_the_last_state_is_written(tmp_path):
    silent = config({**SHORT, "data": {**DATA, "validation_pairs": 0}})
    result = train(silent, tmp_path, device="cpu", threads=1)
    assert result["weights"] == {"step": 8, "chosen_by": "last step"} and result["validation"] == {}
    state = read_checkpoint(tmp_path / CHECKPOINT)
    assert state["best"] is None
    for name, value in load_network(written(tmp_path, result)).state_dict().items():
        assert torch.equal(value, state["network"][name].half().float())
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["data"]["validation_pairs"] == 0
