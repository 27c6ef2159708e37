"""A training that is killed goes on, and two processes train what one does."""

import csv
import json
import subprocess
import sys
import time

import pytest
import torch

from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from TAVIFusionLib.training.frames import TRAINING, VALIDATION
from TAVIFusionLib.training.run import train
from TAVIFusionLib.training.start import make_network
from Testing.command import environment, torchrun
from Testing.TAVIFusion.frame_examples import MATCHING, SMALL, config, fill_cache

LIMIT_S = 200


@pytest.fixture
def cache(tmp_path):
    fill_cache(tmp_path / "cache", range(TRAINING, TRAINING + 6))
    for first, count in ((TRAINING, 6), (VALIDATION, 2)):
        fill_cache(tmp_path / "cache", range(first, first + count), "contrast")
    return str(tmp_path / "cache")


def values_with(cache, values=SMALL, **changes):
    return {**values, **changes, "data": {**values["data"], "cache": cache}}


def lines(table):
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_a_killed_training_equals_an_unbroken_one(cache, tmp_path):
    values = values_with(cache, steps=60, validate_every=20)
    file, broken, unbroken = tmp_path / "config.json", tmp_path / "broken", tmp_path / "unbroken"
    file.write_text(json.dumps(values), encoding="utf-8")
    arguments = ["tavi", "train", "segmentation", "--config", file, "--output", broken, "--threads", "1", "--device", "cpu"]
    command = [sys.executable, "-m", "CorrespondCoreLib.cli", *map(str, arguments)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + LIMIT_S
    while not (broken / "steps.csv").is_file() or len(lines(broken / "steps.csv")) < 10:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.005)
    process.kill()
    assert process.wait() != 0
    assert 8 <= read_checkpoint(broken / CHECKPOINT)["step"] < 60
    train(config(values), broken, resume=True, device="cpu", threads=1)
    train(config(values), unbroken, device="cpu", threads=1)
    ends = [read_checkpoint(folder / CHECKPOINT) for folder in (broken, unbroken)]
    assert all(torch.equal(ends[0]["network"][name], value) for name, value in ends[1]["network"].items())
    assert ends[0]["best"]["scores"] == ends[1]["best"]["scores"]
    assert [row["loss"] for row in lines(broken / "steps.csv")] == [row["loss"] for row in lines(unbroken / "steps.csv")]


@pytest.mark.slow
@pytest.mark.parametrize("values", [SMALL, MATCHING], ids=["segmentation", "matching"])
def test_two_processes_share_a_batch(values, cache, tmp_path):
    """Batch normalization sees each process's own share, so that the weights differ a little; both see every frame once."""
    values = values_with(cache, values, batch=4, steps=6)
    file, together = tmp_path / "config.json", tmp_path / "together"
    file.write_text(json.dumps(values), encoding="utf-8")
    torchrun(2, "tavi", "train", values.get("task", "segmentation"), "--config", file, "--output", together)
    state, start = read_checkpoint(together / CHECKPOINT), make_network(config(values)).state_dict()
    assert state["step"] == 6 and any(not torch.equal(state["network"][name], value) for name, value in start.items())
    card = json.loads(next((together / "models").glob("*/card.json")).read_text(encoding="utf-8"))
    assert card["training"]["hardware"]["processes"] == 2 and card["training"]["frames"] == 24
    train(config(values), tmp_path / "alone", device="cpu", threads=1)
    alone = lines(tmp_path / "alone" / "steps.csv")
    assert float(lines(together / "steps.csv")[0]["loss"]) == pytest.approx(float(alone[0]["loss"]), rel=0.35)
