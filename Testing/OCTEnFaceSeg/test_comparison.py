"""`correspond oct compare`: all runs of a small protocol, its table, what stops it and what it goes on from."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.json_objects import shipped_names
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.divergence import Divergence
from OCTEnFaceSegLib.comparison.protocol import METHODS, PROTOCOLS, ComparisonProtocol
from OCTEnFaceSegLib.comparison.run import compare
from OCTEnFaceSegLib.comparison.runs import has_converged
from OCTEnFaceSegLib.comparison.table import table_rows
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.training import eyes
from OCTEnFaceSegLib.training.config import CONFIGS, TrainingConfig

NARROW = {"channels": [4, 4, 4, 4, 4]}
SMALL = {
    "title": "Small comparison",
    "training": {
        "data": {"eyes": 4, "validation_eyes": 1, "size": [8, 64, 64], "depth": 64, "healthy": 0, "styles": ["spectralis"]},
        "crop": [8, 32],
        "steps": 8,
        "batch": 2,
        "validate_every": 4,
        "keep_best": 2,
    },
    "pretraining": {"steps": 3},
    "networks": {"fpn": NARROW},
    "methods": ["fpn", "fpn-slo"],
    "fractions": [0.5, 1.0],
    "seeds": [0],
    "tests": [{"name": "same devices"}, {"name": "another device", "styles": ["cirrus"]}],
    "test_eyes": 2,
}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    (folder / "small.json").write_text(json.dumps(SMALL), encoding="utf-8")
    command = ["oct", "compare", "--protocol", str(folder / "small.json"), "--output", str(folder / "out")]
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(eyes, "phantom_eye", lambda *args, **options: made.append(args) or phantom_eye(*args, **options))
        result = run([*command, "--device", "cpu", "--threads", "1"], Progress())
    return folder / "out", {**result, "made": len(made)}


def test_all_runs_are_made_and_stand_in_the_table(compared):
    folder, result = compared
    assert (result["runs"], result["all_runs"]) == (4, 4)
    with open(folder / "comparison.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["test"], float(row["fraction"]), row["method"]) for row in rows] == [
        (test, share, METHODS[name].title)
        for test in ("same devices", "another device")
        for share in (0.5, 1.0)
        for name in ("fpn", "fpn-slo")
    ]
    judged = json.loads((folder / "runs" / "fpn-100-0.json").read_text(encoding="utf-8"))["tests"]["another device"]
    row = next(r for r in rows if r["test"] == "another device" and r["fraction"] == "1.0" and r["method"] == "FPN")
    assert float(row["dice"]) == pytest.approx(np.mean([eye["dice"] for eye in judged]))
    page = (folder / "comparison.html").read_text(encoding="utf-8")
    assert page.count("<polyline") == 8 and "partly built in" in page and "never" not in page


def test_each_eye_is_made_once_for_all_trainings_on_the_same_data(compared):
    training, validation, of_two_test_sets = 4, 1, 4
    assert compared[1]["made"] == 2 * (training + validation) + of_two_test_sets  # for masks, and for the pretraining


def test_the_pretrained_run_starts_from_the_pretraining(compared):
    folder, _ = compared
    names = sorted(path.name for path in (folder / "trainings").iterdir())
    assert names == ["fpn-100-0", "fpn-50-0", "fpn-on-slo-0", "fpn-slo-100-0", "fpn-slo-50-0"]
    losses = {name: (folder / "trainings" / name / "steps.csv").read_text().splitlines()[1] for name in names}
    assert losses["fpn-100-0"] != losses["fpn-slo-100-0"]


def test_it_goes_on_where_it_was_stopped(compared, monkeypatch):
    folder, first = compared
    protocol = ComparisonProtocol.from_json(SMALL)
    monkeypatch.setattr("OCTEnFaceSegLib.comparison.runs.train", lambda *args: pytest.fail("all is there"))
    assert compare(protocol, folder, device="cpu")["rows"] == first["rows"]
    monkeypatch.undo()
    made = folder / "runs" / "fpn-slo-50-0.json"
    before = json.loads(made.read_text(encoding="utf-8"))
    made.unlink()
    progress = Progress()
    assert compare(protocol, folder, minutes=0, device="cpu", progress=progress)["runs"] == 3
    assert "1 trainings are left" in progress.warnings[0]
    assert compare(protocol, folder, device="cpu", threads=1)["runs"] == 4
    assert json.loads(made.read_text(encoding="utf-8"))["tests"] == before["tests"]


def test_a_run_that_diverges_is_told_and_the_others_are_made(tmp_path, monkeypatch):
    protocol = replace(ComparisonProtocol.from_json(SMALL), methods=("fpn", "resensnet"), reference="fpn", fractions=(1.0,))
    protocol = replace(protocol, networks={"fpn": NARROW, "resensnet": NARROW}, tests=protocol.tests[:1])
    losses = iter([*[1.0] * 6, float("nan")])
    check = Divergence.check
    monkeypatch.setattr(Divergence, "check", lambda self, loss, step: check(self, next(losses, loss), step))
    progress = Progress()
    result = compare(protocol, tmp_path, device="cpu", threads=1, progress=progress)
    assert result["runs"] == 2 and [row["method"] for row in result["rows"]] == ["FPN", "ReSensNet"]
    assert "diverged" in progress.warnings[0] and "FPN, 100 %, seed 0" in progress.warnings[0]
    record = json.loads((tmp_path / "runs" / "fpn-100-0.json").read_text(encoding="utf-8"))
    assert record["steps"] == 6 and not record["converged"]
    assert [(row["runs"], row["seeds"]) for row in result["rows"]] == [(1, 1), (1, 1)]
    assert len(record["tests"]["same devices"]) == 2  # by the model of step 4


def test_a_folder_of_another_comparison_is_refused(compared):
    with pytest.raises(InputError, match="another protocol"):
        compare(replace(ComparisonProtocol.from_json(SMALL), seeds=(0, 1)), compared[0], device="cpu")


def test_methods_are_tested_against_the_reference_over_the_same_eyes():
    protocol = replace(ComparisonProtocol.from_json(SMALL), fractions=(1.0,), tests=(ComparisonProtocol("x").tests[0],))
    rng = np.random.default_rng(0)
    truth, good = rng.uniform(1, 5, 12), rng.uniform(0.8, 0.9, 12)

    def record(method, seed, scores):
        eyes = [{"dice": d, "area_mm2": a * d, "true_area_mm2": a} for d, a in zip(scores, truth, strict=True)]
        return {"method": method, "fraction": 1.0, "seed": seed, "converged": method == "fpn", "tests": {"same devices": eyes}}

    results = [record("fpn-slo", 0, good), record("fpn", 0, good - 0.1)]
    worse, better = table_rows(protocol, results)
    assert (worse["method"], better["method"]) == ("FPN", "FPN + SSL (SLO)")
    assert worse["p_dice"] == pytest.approx(2 * 0.5**12) and better["p_dice"] is None
    assert worse["area_difference_mm2"] > better["area_difference_mm2"]
    assert (worse["converged"], better["converged"]) == (1, 0)


def test_a_seed_that_could_not_be_judged_does_not_count():
    protocol = replace(ComparisonProtocol.from_json(SMALL), fractions=(1.0,), tests=(ComparisonProtocol("x").tests[0],))
    eye = {"dice": 0.5, "area_mm2": 1.0, "true_area_mm2": 2.0}
    runs = [{"method": "fpn", "fraction": 1.0, "seed": n, "converged": n == 0} for n in (0, 1)]
    (row,) = table_rows(protocol, [{**runs[0], "tests": {"same devices": [eye]}}, {**runs[1], "tests": {"same devices": []}}])
    assert (row["runs"], row["seeds"], row["converged"]) == (2, 1, 1)


def test_a_plateau_is_a_loss_that_falls_no_more():
    assert has_converged([*np.linspace(2, 1, 20), *[1.0] * 20])
    assert not has_converged(list(np.linspace(2, 1, 40)))
    assert not has_converged([1.0] * 7)


@pytest.mark.parametrize("name", shipped_names(PROTOCOLS))
def test_shipped_protocols_can_be_read(name):
    protocol = ComparisonProtocol.from_json(name)
    assert protocol.methods == tuple(METHODS)


@pytest.mark.parametrize(("name", "depths"), [("reduced", (128, 128, 160)), ("small", (64, 128, 64))])
def test_every_network_gets_the_depth_that_it_takes(name, depths):
    protocol = ComparisonProtocol.from_json(name)
    assert tuple(protocol.config(method, 0.2, 0).data.depth for method in ("fpn", "resensnet", "ipnv2")) == depths


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": ["unet"]}, "unet"),
        ({"fractions": [0.0]}, "above 0"),
        ({"tests": [{"name": "x", "styles": ["leica"]}]}, "no style leica"),
        ({"seeds": []}, "at least one seed"),
        ({"rows": 1}, "Unknown entries.*rows"),
        ({"training": {"steps": 0}}, "steps"),
    ],
)
def test_what_cannot_work_is_said(change, message):
    with pytest.raises(InputError, match=message):
        ComparisonProtocol.from_json({**SMALL, **change})


@pytest.mark.parametrize("name", shipped_names(CONFIGS))
def test_shipped_configurations_of_trainings_can_be_read(name):
    assert TrainingConfig.from_json(name).title
