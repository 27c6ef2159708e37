"""Configurations: those that come with the extension work, and what cannot work is refused with a reason."""

import json

import pytest
import torch

from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import shipped_names
from LungRegistrationLib.training.config import CONFIGS, TrainingConfig
from LungRegistrationLib.training.start import make_network
from LungRegistrationLib.training.step import make_objective, term_names
from Testing.LungRegistration.training_examples import DATA, VIRNET, VOXELMORPH, config

PARAMETERS = {"rrn": 16_652_076, "virnet": 1_401_027}


@pytest.mark.parametrize("name", shipped_names(CONFIGS))
def test_a_shipped_configuration_loads_builds_and_takes_its_size(name):
    shipped = TrainingConfig.from_json(name)
    with torch.device("meta"):
        network = make_network(shipped)
    assert all(n % network.multiple == 0 for n in shipped.size)
    assert "similarity" in term_names(make_objective(shipped.objective))
    assert len(shipped.data.needs) > 20
    parameters = sum(p.numel() for p in network.parameters())
    if shipped.network.get("cost_volume", True) and shipped.network["name"] in PARAMETERS:
        assert parameters == PARAMETERS[shipped.network["name"]] * len(shipped.steps)


def test_every_row_of_both_papers_has_a_configuration_of_its_own():
    shipped = [TrainingConfig.from_json(name) for name in shipped_names(CONFIGS)]
    assert len({c.title for c in shipped}) == len(shipped)  # the title becomes the model's name
    rows = {c.row for c in shipped}
    ablations = ("no mask align.", "no VCC", "no keypoint loss", "single Level", "2-Level")
    for row in (*(f"Hering et al. 2021, table 2: {a}" for a in ablations), "He et al. 2021, table 2: RRN without cost volume"):
        assert row in rows and f"{row}; on phantoms" in rows
    assert any("tables 1, 3, 4, 5: ours" in row for row in rows)


def test_an_ablation_differs_from_the_proposed_settings_in_one_weight():
    proposed = TrainingConfig.from_json("virnet_three_levels")
    for name, weight in (("masks", "masks"), ("volume_change", "volume_change"), ("keypoints", "keypoints")):
        without = TrainingConfig.from_json(f"virnet_without_{name}")
        assert without.objective == {**proposed.objective, weight: 0}
        assert (without.network, without.steps, without.size) == (proposed.network, proposed.steps, proposed.size)


def test_a_configuration_survives_json(tmp_path):
    given = config(VOXELMORPH)
    file = tmp_path / "mine.json"
    file.write_text(json.dumps(given.to_dict()), encoding="utf-8")
    assert TrainingConfig.from_json(file) == given


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"learning_rte": 1e-3}, "learning_rte.*Known are.*learning_rate"),
        ({"data": {**DATA, "motion": 3}}, r"data\.motion"),
        ({"stop": {"windows": 3}}, r"stop\.windows"),
        ({"network": {"name": "unet"}}, "network.name: 'unet' cannot work; give rrn, virnet or voxelmorph"),
        ({"objective": {"name": "mse"}}, "objective.name"),
        ({"steps": [10]}, r"steps: \[10\] cannot work; give 2 number"),
        ({"steps": [10, 0]}, "steps"),
        ({"size": [32, 32]}, "size"),
        ({"window_hu": [-1000, -100]}, "window_hu"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"prealignment": "rigid"}, "prealignment: 'rigid' cannot work; give affine or translation"),
        ({"batch": 0}, "batch: 0 cannot work; give a whole number from 1"),
        ({"data": {**DATA, "source": "web"}}, "data.source: 'web' cannot work; give folders or phantom"),
        ({"data": {**DATA, "motion_mm": [40, 20]}}, "data.motion_mm"),
        ({"data": {**DATA, "pathology": 1.5}}, "data.pathology: 1.5 cannot work; give a number from 0 to 1"),
        ({"data": {**DATA, "noise_hu": [0, 20]}}, "data.noise_hu"),
        ({"data": "phantom"}, "data: an object"),
        ({"size": None}, "wrong kind"),
    ],
)
def test_what_cannot_work_is_refused_by_name(change, words):
    with pytest.raises(InputError, match=words):
        TrainingConfig.from_json({**VIRNET, **change})


def test_a_missing_entry_is_named():
    with pytest.raises(InputError, match="steps"):
        TrainingConfig.from_json({k: v for k, v in VIRNET.items() if k != "steps"})


def test_files_that_are_no_configuration_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read.*virnet_three_levels"):
        TrainingConfig.from_json(tmp_path / "absent.json")
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not valid JSON"):
        TrainingConfig.from_json(broken)


def test_options_that_a_network_or_objective_does_not_have_are_refused():
    with pytest.raises(InputError, match="network.*depth"):
        make_network(config(network={"name": "virnet", "levels": 2, "depth": 3}))
    with pytest.raises(InputError, match="objective.*alpha"):
        make_objective({"name": "anatomical", "alpha": 10})


def test_the_configurations_lie_where_they_are_installed_from():
    assert CONFIGS.name == "configs" and shipped_names(CONFIGS) == sorted(p.stem for p in CONFIGS.iterdir())
