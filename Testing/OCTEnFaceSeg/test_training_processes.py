"""Several processes train what one process trains with the whole batch."""

import json

import pytest
import torch

from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from OCTEnFaceSegLib.training.run import train
from OCTEnFaceSegLib.training.trainer import make_network
from Testing.command import torchrun
from Testing.OCTEnFaceSeg.test_training import SMALL, config, rows


@pytest.mark.slow
def test_two_processes_share_a_batch(tmp_path):
    """On CPUs batch normalization sees each process's own share, so that the losses differ a little; the first process writes."""
    file, together, alone = tmp_path / "config.json", tmp_path / "together", tmp_path / "alone"
    file.write_text(json.dumps(SMALL), encoding="utf-8")
    torchrun(2, "oct", "train", "--config", file, "--output", together)
    result = train(config(), alone, device="cpu", threads=1)
    assert result["processes"] == 1
    losses = [[float(row["loss"]) for row in rows(folder / "steps.csv")] for folder in (together, alone)]
    assert len(losses[0]) == len(losses[1]) == SMALL["steps"]
    assert losses[0][0] == pytest.approx(losses[1][0], rel=0.35)
    state, start = read_checkpoint(together / CHECKPOINT), make_network(config()).state_dict()
    assert any(not torch.equal(state["network"][name], value) for name, value in start.items())
    assert sorted(path.name for path in together.iterdir()) == sorted(path.name for path in alone.iterdir())
