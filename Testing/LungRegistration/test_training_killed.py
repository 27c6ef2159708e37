"""A training whose process is killed, and which goes on, is the training that was never killed: bit for bit."""

import csv
import json
import subprocess
import sys
import time

import torch

from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from LungRegistrationLib.training.run import train
from Testing.command import environment
from Testing.LungRegistration.training_examples import VIRNET, config

LIMIT_S = 120
MEASURED = ("pairs_per_second", "waiting_percent")


def rows(folder):
    with open(folder / "steps.csv", newline="", encoding="utf-8") as file:
        return [{k: v for k, v in row.items() if k not in MEASURED} for row in csv.DictReader(file)]


def killed_after(count, config_file, folder, *options):
    """Train in a process of its own, and kill it once the table has so many rows."""
    arguments = ["lung", "train", "--config", config_file, "--output", folder, "--threads", "1", "--device", "cpu", *options]
    command = [sys.executable, "-m", "CorrespondCoreLib.cli", *map(str, arguments)]
    with open(folder.parent / "messages.txt", "w+", encoding="utf-8") as messages:
        process = subprocess.Popen(command, env=environment(), stdout=messages, stderr=messages)
        end = time.monotonic() + LIMIT_S
        while not (folder / "steps.csv").is_file() or len(rows(folder)) < count:
            messages.seek(0)
            assert process.poll() is None and time.monotonic() < end, messages.read()
            time.sleep(0.005)
        process.kill()
        assert process.wait() != 0


def test_a_training_killed_twice_equals_an_unbroken_one(tmp_path):
    values = {**VIRNET, "steps": (30, 10)}
    config_file = tmp_path / "config.json"
    config_file.write_text(json.dumps(values), encoding="utf-8")
    broken, unbroken = tmp_path / "broken", tmp_path / "unbroken"
    broken.mkdir()
    killed_after(8, config_file, broken)
    first = read_checkpoint(broken / CHECKPOINT)
    assert 6 <= sum(first["steps"]) < 30
    killed_after(33, config_file, broken, "--resume")
    second = read_checkpoint(broken / CHECKPOINT)
    assert second["phase"] == 1 and 32 <= sum(second["steps"]) < 40
    whole = config(values)
    train(whole, broken, resume=True, device="cpu", threads=1)
    train(whole, unbroken, device="cpu", threads=1)
    assert rows(broken) == rows(unbroken)
    ends = [read_checkpoint(folder / CHECKPOINT) for folder in (broken, unbroken)]
    for part in ("network", "optimizer"):
        assert flat(ends[0][part]) == flat(ends[1][part])
    assert any(not torch.equal(second["network"][name], value) for name, value in ends[0]["network"].items())


def flat(state):
    """A nested state as something that can be compared, tensors by their bytes."""
    if isinstance(state, torch.Tensor):
        return state.numpy().tobytes()
    if isinstance(state, dict):
        return {key: flat(value) for key, value in state.items()}
    return [flat(value) for value in state] if isinstance(state, list) else state
