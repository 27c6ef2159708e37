"""The card of a trained model goes where the model goes: it says how it was made, and nothing of the computer or the patients."""

import json
from dataclasses import replace

import pytest
import torch

from CorrespondCoreLib.models import CARD, read_card
from CorrespondCoreLib.training.distributed import Processes
from LungRegistrationLib.training.config import TrainingConfig
from LungRegistrationLib.training.model_card import save_trained
from LungRegistrationLib.training.start import make_network
from Testing.LungRegistration.training_examples import config

FACTS = {"steps": [10, 4], "weights": {"step": 14, "chosen_by": "tre_mm", "value": 1.0}, "validation": {}}
START = {"id": "before", "sha256": "0" * 64, "trained_on": "3 phantom pairs"}


def written(settings, folder, start=None):
    """The card of a training with a configuration, as text."""
    facts = {**FACTS, "started_from": start}
    save_trained(make_network(settings), settings, facts, Processes(torch.device("cpu")), folder)
    return (folder / "narrow-network-2-levels" / CARD).read_text(encoding="utf-8")


@pytest.fixture
def of_patients(tmp_path):
    """A training on a folder of named pairs, from the weights of a model in another folder."""
    data = replace(config().data, source="folders", folder=str(tmp_path / "clinic"), validation=("Smith_Jane", "Doe_John"))
    return config(data=data, model=str(tmp_path / "models" / "before"), steps=(10, 4))


def test_no_folder_and_no_pair_is_named(of_patients, tmp_path):
    text = written(of_patients, tmp_path / "out", START)
    for word in (str(tmp_path), tmp_path.name, "clinic", "Smith", "Doe"):
        assert word not in text, word
    made = json.loads(text)["training"]
    assert made["config"]["data"]["validation"] == ["pair 1", "pair 2"] and made["config"]["model"] == "before"
    assert made["started_from"] == START


def test_all_else_of_the_configuration_stands_there(of_patients, tmp_path):
    of_card = TrainingConfig.from_json(json.loads(written(of_patients, tmp_path, START))["training"]["config"])
    data = replace(of_patients.data, folder=None, validation=of_card.data.validation)
    assert of_card == replace(of_patients, data=data, model="before")
    own = config()
    assert TrainingConfig.from_json(json.loads(written(own, tmp_path))["training"]["config"]) == own


def test_mirrored_pairs_are_counted_once(tmp_path):
    settings = config(data=replace(config().data, pairs=None, mirrored=True))
    written(settings, tmp_path)
    card = read_card(tmp_path / "narrow-network-2-levels" / CARD)
    assert card["training"]["pairs"] == 7 and card["trained_on"] == "7 phantom pairs"
    first, last = card["training"]["seeds"]["training"]
    assert last - first == 6
