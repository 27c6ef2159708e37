"""Several processes train what one process trains with the whole batch."""

import json

import pytest
import torch

from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from LungRegistrationLib.training.run import train
from LungRegistrationLib.training.start import make_network
from Testing.command import torchrun
from Testing.LungRegistration.training_examples import VIRNET, VOXELMORPH, config


@pytest.mark.slow
@pytest.mark.parametrize("values", [VIRNET, {**VOXELMORPH, "steps": [8]}], ids=["virnet", "voxelmorph"])
def test_two_gloo_processes_equal_one_with_the_double_batch(values, tmp_path):
    values = {**values, "batch": 2, "validate_every": 5}
    config_file = tmp_path / "config.json"
    config_file.write_text(json.dumps(values), encoding="utf-8")
    together, alone = tmp_path / "together", tmp_path / "alone"
    torchrun(2, "lung", "train", "--config", config_file, "--output", together)
    result = train(config(values), alone, device="cpu", threads=1)
    ends = [read_checkpoint(folder / CHECKPOINT)["network"] for folder in (together, alone)]
    start = make_network(config(values)).state_dict()
    for name, value in ends[1].items():
        torch.testing.assert_close(ends[0][name], value, rtol=1e-3, atol=2e-5)
    moved = max(float((ends[1][name] - start[name]).abs().max()) for name in start)
    assert moved > 100 * 2e-5
    assert result["pairs"] == 2 * sum(values["steps"])
    assert (together / "models" / result["model"] / "card.json").is_file()
    card = json.loads((together / "models" / result["model"] / "card.json").read_text(encoding="utf-8"))
    assert card["training"]["hardware"]["processes"] == 2
