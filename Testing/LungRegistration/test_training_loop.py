"""Training: the loss falls, levels follow each other, it stops when nothing changes, and ends with a model that can be judged."""

import csv
import errno
import importlib.util
import json
import os
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import Cancelled, InputError, OutputError
from CorrespondCoreLib.models import CARD, Model, read_card
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.distributed import Processes
from CorrespondCoreLib.training.log import Log, Table
from LungRegistrationLib.networks.checkpoints import load_network
from LungRegistrationLib.training.config import StopConfig
from LungRegistrationLib.training.model_evaluation import evaluate_model
from LungRegistrationLib.training.run import train
from LungRegistrationLib.training.trainer import Trainer
from Testing.LungRegistration.training_examples import RRN, VIRNET, VOXELMORPH, config, phantoms_made_once  # noqa: F401

ALONE = Processes(torch.device("cpu"))


def rows(folder, name="steps"):
    with open(folder / f"{name}.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A finished training of two levels: its folder and what it returned."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(config(validate_every=7), folder, threads=1, device="cpu")


def test_the_loss_falls_at_both_kinds_of_objective(trained, tmp_path):
    first, last = ([float(r["loss"]) for r in part] for part in (rows(trained[0])[:3], rows(trained[0])[7:10]))
    assert sum(last) < 0.7 * sum(first)
    train(config(VOXELMORPH), tmp_path, threads=1, device="cpu")
    losses = [float(r["loss"]) for r in rows(tmp_path)]
    assert sum(losses[-6:]) < 0.98 * sum(losses[:6])  # each pair twice


def test_every_step_is_in_the_table_with_its_level_its_terms_and_its_speed(trained):
    table = rows(trained[0])
    assert [int(r["step"]) for r in table] == list(range(1, 15))
    assert [int(r["level"]) for r in table] == [2] * 10 + [1] * 4
    terms = ("similarity", "curvature", "volume_change", "masks", "keypoints")
    for r in table:
        assert float(r["loss"]) == pytest.approx(sum(float(r[t]) for t in terms), rel=1e-4)
        assert (float(r["keypoints"]) > 0) == (r["level"] == "1")  # not at the coarsest level
        assert float(r["pairs_per_second"]) > 0
    assert trained[1]["pairs"] == 14 and trained[1]["pairs_per_second"] > 0


def test_validation_comes_when_due_and_at_the_end_of_each_level(trained):
    assert [int(r["step"]) for r in rows(trained[0], "validation")] == [7, 10, 14]
    assert all(float(r["loss"]) > 0 for r in rows(trained[0], "validation"))


def test_a_finer_level_begins_with_the_coarser_ones_weights_and_leaves_them_alone(tmp_path):
    short = config(steps=(3, 2))
    network = Trainer(short, tmp_path / "a", ALONE, False, Progress()).network
    start = network.network(2).head.weight.clone()
    trainer = Trainer(short, tmp_path / "b", ALONE, False, Progress())
    (tmp_path / "b").mkdir()
    began = []
    begin = trainer._begin_level

    def watched():
        begin()
        began.append([p.clone() for p in trainer.network.network(1).parameters()])

    trainer._begin_level = watched
    trainer.train()
    coarse, fine = (list(trainer.network.network(level).parameters()) for level in (2, 1))
    assert not torch.equal(start, trainer.network.network(2).head.weight)  # trained at its own level
    assert all(torch.equal(a, b) for a, b in zip(began[0], coarse, strict=True))  # copied, and not touched since
    assert not all(torch.equal(a, b) for a, b in zip(coarse, fine, strict=True))


def test_a_stable_similarity_ends_a_level(tmp_path):
    still = config(VOXELMORPH, steps=(50,), learning_rate=1e-9, stop=StopConfig(window=3, change=0.01))
    result = train(still, tmp_path, threads=1, device="cpu")
    assert result["steps"] == [6]


def test_the_model_has_half_precision_weights_and_a_card_that_tells_its_making(trained):
    folder, result = trained
    model = Model(folder / "models" / result["model"], read_card(folder / "models" / result["model"] / CARD), own=False)
    network = load_network(model)
    state = torch.load(folder / "checkpoint.pt", weights_only=True)["best"]["network"]
    assert all(torch.equal(value, state[name].half().float()) for name, value in network.state_dict().items())
    assert model.weights().stat().st_size < 2.2 * sum(p.numel() for p in network.parameters()) + 10_000
    card = model.card
    assert card["input"] == {"size_xyz": [32, 32, 32], "window_hu": None, "prealignment": "translation"}
    made = card["training"]
    assert made["config"] == config(validate_every=7).to_dict() and made["steps"] == [10, 4] and made["pairs"] == 14
    assert made["seeds"]["training"][1] - made["seeds"]["training"][0] == 2
    assert {"device", "processes"} == set(made["hardware"]) and "torch" in made["versions"]
    assert all((folder / file).is_file() for file in result["files"])


def test_judgement_of_a_model_is_reproducible(trained):
    folder, result = trained
    first, again = (evaluate_model(folder / "models" / result["model"], pairs=2, device="cpu", threads=1) for _ in range(2))
    assert first == again and [r["seed"] for r in first["rows"]] == [10**9, 10**9 + 1]
    figures = first["figures"]["tre_mm"]
    assert figures["low"] <= figures["mean"] <= figures["high"]
    assert figures["mean"] == pytest.approx(sum(r["tre_mm"] for r in first["rows"]) / 2)


def test_a_model_that_was_not_trained_here_cannot_be_judged(trained, tmp_path):
    folder, result = trained
    source = folder / "models" / result["model"]
    card = json.loads((source / CARD).read_text(encoding="utf-8"))
    del card["training"]
    (tmp_path / CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(InputError, match="was not trained here"):
        evaluate_model(tmp_path)
    with pytest.raises(InputError, match="At least one pair"):
        evaluate_model(source, pairs=0)


def test_a_training_is_not_overwritten_nor_continued_with_other_settings(trained):
    with pytest.raises(InputError, match="--resume"):
        train(config(validate_every=7), trained[0], device="cpu")
    with pytest.raises(InputError, match=r"another configuration \(batch, learning_rate\)"):
        train(config(validate_every=7, batch=2, learning_rate=1e-2), trained[0], resume=True, device="cpu")


def test_a_finished_training_that_is_resumed_only_writes_its_model_again(trained):
    folder, result = trained
    again = train(config(validate_every=7), folder, resume=True, device="cpu")
    assert again["pairs"] == 0 and again["model"] == result["model"] and len(rows(folder)) == 14


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    wild = {**VIRNET, "objective": {"name": "anatomical", "curvature": float("inf")}}
    with pytest.raises(InputError, match="diverged.*step 1"):
        train(config(wild), tmp_path, threads=1, device="cpu")


def test_a_size_that_the_network_cannot_take_is_refused_at_once(tmp_path):
    with pytest.raises(InputError, match="multiples of 16 voxels, not 40 x 32 x 32"):
        train(config(size=(40, 32, 32)), tmp_path, device="cpu")
    with pytest.raises(InputError, match="at least 48 voxels along z, not 32"):
        train(config({**RRN, "size": [48, 48, 32]}), tmp_path, device="cpu")
    with pytest.raises(InputError, match="batch of 3 cannot be shared by 2"):
        replace(ALONE, count=2).share(3)


def test_the_command_judges_a_model_and_options_replace_entries_of_a_configuration(trained, tmp_path):
    folder, result = trained
    printed = run(["lung", "evaluate-model", str(folder / "models" / result["model"]), "--pairs", "1"], Progress())
    assert printed["pairs"] == 1 and printed["figures"]["tre_mm"]["mean"] == printed["rows"][0]["tre_mm"]
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**VIRNET, "steps": [1, 1]}), encoding="utf-8")
    begin = ["lung", "train", "--config", str(file), "--output", str(tmp_path / "out"), "--device", "cpu"]
    run([*begin, "--seed", "4"], Progress())
    assert json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))["seed"] == 4
    with pytest.raises(InputError, match=r"another configuration \(seed\)"):
        run([*begin, "--resume"], Progress())
    with pytest.raises(InputError, match="There are no pairs in"):
        run([*begin[:-3], str(tmp_path / "other"), "--data", str(tmp_path)], Progress())


def test_curves_go_to_tensorboard_where_it_is_installed(monkeypatch, tmp_path):
    curves = {}

    class Writer:
        def __init__(self, folder, purge_step):
            curves["folder"], curves["purge_step"] = folder, purge_step

        def add_scalar(self, name, value, step):
            curves.setdefault(name, []).append((step, value))

        def close(self):
            curves["closed"] = True

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name == "tensorboard")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace(SummaryWriter=Writer))
    log = Log(tmp_path, ["level", "loss", "similarity"], ["level", "tre_mm"], last_step=4)
    log.step(5, {"level": 1, "loss": 0.5, "similarity": 0.25})
    log.validation(5, {"level": 1, "tre_mm": 3.0})
    log.close()
    assert curves["training/loss"] == [(5, 0.5)] and curves["validation/tre_mm"] == [(5, 3.0)]
    assert curves["purge_step"] == 5 and curves["closed"]


def test_the_recursive_refinement_network_trains(tmp_path):
    result = train(config(RRN), tmp_path, threads=1, device="cpu")
    assert result["steps"] == [2] and {"similarity", "total_variation"} < set(rows(tmp_path)[0])


def test_a_disk_that_fills_up_ends_the_training_where_it_can_go_on(monkeypatch, tmp_path):
    short = config(VOXELMORPH, steps=(8,))
    synced, calls = os.fsync, []

    def full_at_the_third(file):
        calls.append(file)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        synced(file)

    monkeypatch.setattr(os, "fsync", full_at_the_third)
    with pytest.raises(OutputError, match="Free some space.*go on with --resume"):
        train(short, tmp_path, threads=1, device="cpu")
    assert len(rows(tmp_path)) == 6
    result = train(short, tmp_path, resume=True, threads=1, device="cpu")
    assert result["pairs"] == 4 and [int(r["step"]) for r in rows(tmp_path)] == list(range(1, 9))


def test_a_table_that_cannot_be_written_says_how_it_goes_on(tmp_path):
    table = Table(tmp_path / "steps.csv", ["loss"], last_step=0)
    table.write(1, {"loss": 0.5})

    def full():
        raise OSError(errno.ENOSPC, "No space left on device")

    file, table._file = table._file, SimpleNamespace(name="steps.csv", flush=full)
    with pytest.raises(OutputError, match="steps.csv cannot be written.*No space left.*go on with --resume"):
        table.write(2, {"loss": 0.25})
    file.close()
    Table(tmp_path / "steps.csv", ["loss"], last_step=1).close()
    assert [r["step"] for r in rows(tmp_path)] == ["1"]  # what came after the last checkpoint is made anew


def test_a_training_that_is_stopped_says_how_it_goes_on(tmp_path):
    progress = Progress(cancelled=lambda: (tmp_path / "checkpoint.pt").is_file())
    with pytest.raises(Cancelled, match="--resume"):
        train(config(), tmp_path, threads=1, device="cpu", progress=progress)
    assert train(config(), tmp_path, resume=True, threads=1, device="cpu")["pairs"] == 12
