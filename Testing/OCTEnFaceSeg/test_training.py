"""Training: patients stay apart, augmentation keeps slab and target together, a stopped training goes on bit for bit."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.models import CARD, Model, read_card
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.split import split_patients
from CorrespondCoreLib.training.stream import sample_at
from OCTEnFaceSegLib.networks.checkpoints import load_network
from OCTEnFaceSegLib.phantom_files import write_phantom
from OCTEnFaceSegLib.scan import OctScan
from OCTEnFaceSegLib.training.augmentation import augmented, cropped
from OCTEnFaceSegLib.training.config import TrainingConfig
from OCTEnFaceSegLib.training.eyes import Eye, FolderEyes, PhantomEyes, folder_parts, fundus_target, training_eyes
from OCTEnFaceSegLib.training.judgement import Calibration, lesionwise_f1
from OCTEnFaceSegLib.training.model_evaluation import evaluate_model, figures_of
from OCTEnFaceSegLib.training.run import train
from OCTEnFaceSegLib.training.trainer import learning_rate
from OCTEnFaceSegLib.training.validation import score

SMALL = {
    "title": "Narrow FPN",
    "network": {"name": "fpn", "channels": [4, 4, 4, 4, 4]},
    "data": {"eyes": 2, "validation_eyes": 1, "size": [8, 64, 64], "depth": 64, "healthy": 0, "styles": ["spectralis"]},
    "crop": [8, 32],
    "steps": 8,
    "batch": 2,
    "validate_every": 3,
    "checkpoint_every": 2,
    "keep_best": 2,
}


def config(**changes) -> TrainingConfig:
    return replace(TrainingConfig.from_json(SMALL), **changes)


def rows(file: Path) -> list[dict]:
    with open(file, newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def weights(folder: Path) -> dict:
    return torch.load(folder / "checkpoint.pt", weights_only=True)


@pytest.fixture(scope="module")
def points():
    """Of the curves that the training `trained` drew."""
    return []


@pytest.fixture(scope="module")
def trained(tmp_path_factory, points):
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(config(), folder, device="cpu", threads=1, progress=Progress(plot=points.append))


def test_a_training_writes_its_best_models_and_what_they_are(trained):
    folder, result = trained
    assert [int(r["step"]) for r in rows(folder / "steps.csv")] == list(range(1, 9))
    scores = {int(r["step"]): float(r["dice"]) for r in rows(folder / "validation.csv")}
    best = sorted(scores, key=lambda step: (-scores[step], step))[:2]
    assert list(scores) == [3, 6, 8] and list(result["dice"]) == best
    assert sorted(p.name for p in (folder / "models").iterdir()) == sorted(f"narrow-fpn-step-{step}" for step in best)
    place = folder / "models" / f"narrow-fpn-step-{best[0]}"
    model = Model(place, read_card(place / CARD), own=False)
    assert model.card["lesion"] == "ga" and "never saw a patient" in model.card["trained_on"]
    assert model.card["input"] == {"above_mm": 1.28, "below_mm": 0.64, "depth": 64}
    assert TrainingConfig.from_json(model.card["training"]["config"]) == config()
    assert all(bool(torch.isfinite(p).all()) for p in load_network(model).parameters())
    assert all(Path(file).is_file() for file in result["files"])


def test_its_curves_are_seen_while_it_runs(trained, points):
    folder, _result = trained
    for name, figure in (("steps", "loss"), ("validation", "dice")):
        seen = {point["step"]: point[figure] for point in points if figure in point}
        assert seen == pytest.approx({int(r["step"]): float(r[figure]) for r in rows(folder / f"{name}.csv")}, rel=1e-5)


def test_a_model_is_judged_on_held_out_eyes_and_always_the_same(trained):
    place = Path(trained[1]["files"][4]).parent
    first, again = (evaluate_model(place, eyes=2, style="cirrus", device="cpu", threads=1) for _ in range(2))
    assert first == again and [row["seed"] for row in first["rows"]] == [10**8, 10**8 + 1]
    assert all(1.0 < row["true_area_mm2"] < 36 for row in first["rows"] if row["true_area_mm2"])
    assert first["rows"] != evaluate_model(place, eyes=2, style="cirrus", population="unseen", device="cpu", threads=1)["rows"]
    assert {"dice", "lesionwise_f1", "weight_free_dice"} <= set(first["figures"])
    assert 0 <= first["calibration"]["expected_calibration_error"] <= 1
    printed = run(["oct", "evaluate-model", str(place), "--eyes", "1", "--style", "cirrus", "--device", "cpu"], Progress())
    assert printed["rows"][0]["true_area_mm2"] == first["rows"][0]["true_area_mm2"]
    with pytest.raises(InputError, match="no style 'zeiss'"):
        evaluate_model(place, style="zeiss")
    with pytest.raises(InputError, match="At least one eye"):
        evaluate_model(place, eyes=0)


def test_lesions_are_counted_one_by_one():
    truth = np.zeros((8, 40), bool)
    truth[2:4, 2:10], truth[5:7, 20:28] = True, True
    found, doubled = truth.copy(), truth.copy()
    found[5:7, 20:28] = False
    doubled[0, 34:38] = True
    assert lesionwise_f1(truth, truth) == lesionwise_f1(truth & False, truth & False) == 1.0
    assert lesionwise_f1(found, truth) == pytest.approx(2 / 3) and lesionwise_f1(doubled, truth) == pytest.approx(0.8)
    assert lesionwise_f1(truth & False, truth) == lesionwise_f1(truth, truth & False) == 0.0


def test_probabilities_that_keep_their_word_have_no_calibration_error():
    rng = np.random.default_rng(0)
    probability = rng.uniform(size=(200, 400))
    truth, calibration, boastful = rng.uniform(size=probability.shape) < probability, Calibration(), Calibration()
    calibration.add(probability, probability * (1 - probability), truth)
    boastful.add(np.round(probability), probability * (1 - probability), truth)
    figures = calibration.figures()
    assert figures["expected_calibration_error"] < 0.01 < 0.2 < boastful.figures()["expected_calibration_error"]
    wrong = [part["wrong"] for part in figures["wrong_by_uncertainty"]]
    assert wrong == sorted(wrong) and wrong[-1] > 0.45


def test_figures_of_a_judgement():
    areas = [(2.2, 2.0, 0.9), (0.1, 0.2, 0.5), (0.3, 0.0, 0.0)]
    figures = figures_of([{"area_mm2": a, "true_area_mm2": t, "dice": d} for a, t, d in areas])
    means = {name: value["mean"] for name, value in figures.items()}
    assert means == pytest.approx(
        {"dice": 0.7, "area_error_mm2": 0.15, "area_error_percent": 10.0, "false_area_mm2": 0.3}, rel=1e-6
    )


def test_a_stopped_training_goes_on_bit_for_bit(trained, tmp_path):
    stop = Progress(cancelled=lambda: len(rows(tmp_path / "steps.csv")) == 5 if (tmp_path / "steps.csv").is_file() else False)
    with pytest.raises(Cancelled, match="--resume"):
        train(config(), tmp_path, device="cpu", threads=1, progress=stop)
    assert weights(tmp_path)["step"] == 4
    train(config(), tmp_path, resume=True, device="cpu", threads=1)
    whole, parts = weights(trained[0]), weights(tmp_path)
    assert all(torch.equal(whole["network"][name], parts["network"][name]) for name in whole["network"])
    momenta = [state["state"][0]["momentum_buffer"] for state in (whole["optimizer"], parts["optimizer"])]
    assert torch.equal(*momenta) and whole["best"] == parts["best"]
    table = [
        [{k: v for k, v in r.items() if k != "eyes_per_second"} for r in rows(f / "steps.csv")] for f in (trained[0], tmp_path)
    ]
    assert table[0] == table[1]
    assert sorted(p.name for p in (tmp_path / "models").iterdir()) == sorted(p.name for p in (trained[0] / "models").iterdir())


def test_with_adam_and_a_falling_rate_a_stopped_training_goes_on_bit_for_bit(tmp_path):
    quick = config(optimizer="adam", learning_rate=0.003, schedule="cosine", steps=4)
    rates = [learning_rate(quick, step) for step in range(4)]
    assert rates[0] == 0.003 and rates == sorted(rates, reverse=True) and 0 < rates[-1] < 0.001
    train(quick, tmp_path / "whole", device="cpu", threads=1)
    stop = Progress(cancelled=lambda: (tmp_path / "parts" / "checkpoint.pt").is_file())
    with pytest.raises(Cancelled):
        train(quick, tmp_path / "parts", device="cpu", threads=1, progress=stop)
    train(quick, tmp_path / "parts", resume=True, device="cpu", threads=1)
    whole, parts = weights(tmp_path / "whole")["network"], weights(tmp_path / "parts")["network"]
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_bfloat16_changes_the_speed_and_hardly_the_loss(tmp_path):
    losses = []
    for short in (False, True):
        train(config(bfloat16=short, steps=1), tmp_path / str(short), device="cpu", threads=1)
        losses.append(float(rows(tmp_path / str(short) / "steps.csv")[0]["loss"]))
    assert losses[0] != losses[1] == pytest.approx(losses[0], rel=0.03)


def test_a_training_is_not_overwritten_nor_continued_with_other_settings(trained):
    with pytest.raises(InputError, match="--resume"):
        train(config(), trained[0], device="cpu")
    with pytest.raises(InputError, match=r"another configuration \(batch, learning_rate\)"):
        train(config(batch=3, learning_rate=0.01), trained[0], resume=True, device="cpu")


def test_the_loss_falls_and_weights_of_a_reconstruction_are_transferred(tmp_path):
    pretraining = config(title="pre", task="reconstruction", image="FAF", steps=9, validate_every=9)
    result = train(pretraining, tmp_path / "pre", device="cpu", threads=1)
    losses = [float(r["dissimilarity"]) for r in rows(tmp_path / "pre" / "steps.csv")]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    start = tmp_path / "pre" / "models" / "pre-step-9"
    assert read_card(start / CARD)["lesion"] is None and 9 in result["ssim"]
    train(config(steps=1, learning_rate=1e-9), tmp_path / "fine", start, device="cpu", threads=1)
    before = load_network(Model(start, read_card(start / CARD), own=False)).state_dict()
    after = weights(tmp_path / "fine")["network"]
    assert all(torch.allclose(after[n], before[n], atol=1e-6) for n in before if n.endswith("weight"))
    other = {"name": "fpn", "channels": [2, 2, 2, 2, 2]}
    with pytest.raises(InputError, match="weights to start from are of another network"):
        train(config(network=other), tmp_path / "other", start, device="cpu")


def test_masks_and_fundus_images_of_folders_are_read_and_patients_stay_apart(tmp_path):
    for patient in range(3):
        write_phantom(tmp_path / f"eye{patient}", (8, 64, 64), patient, "spectralis", "ga", 2, 1.0, Progress())
    settings = config().with_data(str(tmp_path))
    parts = folder_parts(settings)
    assert [len(p) for p in (parts.training, parts.validation, parts.test)] == [4, 2, 0]
    patients = [{folder.parent.name for folder in part} for part in (parts.training, parts.validation)]
    assert not patients[0] & patients[1]
    from_folder = FolderEyes(settings, tuple(sorted(parts.training)))[0]
    seed = int(min(patients[0])[-1])
    made = PhantomEyes(replace(settings, data=replace(settings.data, bruch_error_um=0.0)), seed, 1)[0]
    np.testing.assert_array_equal(from_folder.target, made.target)
    np.testing.assert_allclose(from_folder.slab, made.slab, atol=1e-4)
    image = training_eyes(replace(settings, task="reconstruction"))[0]
    assert image.target.shape == (8, 64) and 0 <= image.target.min() < image.target.max() <= 1
    with pytest.raises(InputError, match="at least two are needed"):
        folder_parts(settings.with_data(str(tmp_path / "eye0" / "visit_1")))
    (tmp_path / "eye1" / "visit_1" / "scan.vol").write_bytes(b"")
    with pytest.raises(InputError, match="holds 2 scans"):
        FolderEyes(settings, (tmp_path / "eye1" / "visit_1",))[0]


@pytest.mark.parametrize("count, parts", [(10, (6, 1, 3)), (2, (1, 1, 0)), (40, (24, 4, 12))])
def test_patients_are_split_without_overlap_and_fractions_are_nested(count, parts):
    scans = {f"p{k}": [Path(f"p{k}/a"), Path(f"p{k}/b")] for k in range(count)}
    whole = split_patients(scans, (0.6, 0.1), 1.0, seed=3)
    assert tuple(len(p) // 2 for p in (whole.training, whole.validation, whole.test)) == parts
    assert len({*whole.training, *whole.validation, *whole.test}) == 2 * count
    small, large = (split_patients(scans, (0.6, 0.1), fraction, 3).training for fraction in (0.05, 0.2))
    assert 2 <= len(small) <= len(large) and set(small) <= set(large) <= set(whole.training)
    assert len(small) == 2 * max(1, round(0.05 * parts[0]))
    assert split_patients(scans, (0.6, 0.1), 0.05, 3).test == whole.test


def test_augmentation_moves_slab_and_target_together():
    values = np.arange(6 * 10, dtype=np.float32).reshape(6, 10)
    eye = Eye(np.repeat(values[:, None], 3, axis=1), values, 1.0)
    seen = set()
    for seed in range(60):
        one = augmented(eye, (4, 5), np.random.default_rng(seed))
        flat = one.slab[:, 0]
        assert flat.shape == one.target.shape == (4, 5)
        slope, offset = np.polyfit(one.target.ravel(), flat.ravel(), 1)
        np.testing.assert_allclose(slope * one.target + offset, flat, atol=1e-3)  # one gain, one offset, the same places
        assert 0.9 <= slope <= 1.1 and abs(offset) < 1.5
        seen.add((one.target[1, 0] > one.target[0, 0], one.target[0, 1] > one.target[0, 0]))
    assert len(seen) == 4  # as it was, both mirrors, the turn
    padded = cropped(eye, (8, 16), np.random.default_rng(0))
    np.testing.assert_array_equal(padded.slab[:, 1], padded.target)


def test_every_eye_comes_once_in_a_turn():
    for turn in range(3):
        assert sorted(sample_at(turn * 7 + k, 7, seed=1) for k in range(7)) == list(range(7))
    assert [sample_at(k, 7, 1) for k in range(7)] != [sample_at(k, 7, 2) for k in range(7)]


def test_validation_scores():
    mask = np.zeros((4, 8), np.float32)
    assert score(mask, mask, "segmentation") == 1.0  # nothing there, nothing found
    half, whole = mask.copy(), mask.copy()
    half[:, :4], whole[:] = 0.9, 1
    assert score(half, whole, "segmentation") == pytest.approx(2 * 16 / (16 + 32))
    assert score(whole, whole, "reconstruction") == pytest.approx(1.0)


def test_the_target_of_a_reconstruction_lies_under_the_scan():
    volume = sitk.GetImageFromArray(np.zeros((6, 4, 8), np.float32))
    volume.SetSpacing((0.1, 0.01, 0.2))
    fundus = sitk.GetImageFromArray(np.full((60, 1, 80), 51, np.uint8))
    fundus.SetSpacing((0.02, 0.04, 0.04))
    scan = OctScan(volume, fundus={"FAF": fundus, "SLO": fundus})
    np.testing.assert_allclose(fundus_target(scan, "SLO"), 0.2, atol=1e-6)
    np.testing.assert_allclose(fundus_target(scan, "FAF"), 0.8, atol=1e-6)
    fundus.SetOrigin((0.6, 0.0, 0.9))
    with pytest.raises(InputError, match="does not cover half"):
        fundus_target(scan, "SLO")
    with pytest.raises(InputError, match="no FAF image to reconstruct; it has none"):
        fundus_target(OctScan(volume), "FAF")


@pytest.mark.parametrize(
    "values, words",
    [
        ({"crop": [6, 32]}, "Entry crop: this network takes multiples of 4 B-scans"),
        ({"data": {"depth": 32}}, "Entry data.depth: this network takes 64"),
        ({"network": {"name": "fpn", "width": 3}}, "option that does not exist.*width"),
        ({"network": {"name": "unet"}}, "network.name: 'unet' cannot work; give fpn, resensnet, lachinov, ipn or ipnv2"),
        ({"learning_rate": 0}, "Entry learning_rate: 0 cannot work"),
        ({"data": {"label_fraction": 0}}, "data.label_fraction: 0 cannot work"),
        ({"optimizer": "lbfgs"}, "Entry optimizer: 'lbfgs' cannot work; give sgd or adam"),
        ({"schedule": "step"}, "Entry schedule: 'step' cannot work"),
        ({"data": {"population": "young"}}, "population is 'young'; give usual, unseen"),
        ({"lesions": "ga"}, "Unknown entries of the configuration: lesions"),
        ({"task": "reconstruction", "image": "CFP"}, "SLO or FAF"),
        ({"data": {"source": "folders"}}, "Name the folder of the scans"),
    ],
)
def test_configurations_that_cannot_work_name_the_entry(values, words, tmp_path):
    data = {**SMALL["data"], **values.get("data", {})}
    with pytest.raises(InputError, match=words):
        train(TrainingConfig.from_json({**SMALL, **values, "data": data}), tmp_path, device="cpu")


def test_a_loss_that_is_no_number_stops_the_training(tmp_path):
    with pytest.raises(InputError, match="diverged.*step 1"):
        train(config(loss_factor=float("inf")), tmp_path, device="cpu", threads=1)


def test_the_commands_train_and_pretrain(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({**SMALL, "steps": 1, "keep_best": 1}), encoding="utf-8")
    common = ["--config", str(file), "--device", "cpu", "--threads", "1", "--output"]
    first = run(["oct", "pretrain", *common, str(tmp_path / "a"), "--image", "FAF"], Progress())
    assert first["steps"] == 1 and "ssim" in first
    start = str(tmp_path / "a" / "models" / "narrow-fpn-step-1")
    second = run(["oct", "train", *common, str(tmp_path / "b"), "--start", start, "--seed", "4"], Progress())
    assert "dice" in second and json.loads((tmp_path / "b" / "config.json").read_text(encoding="utf-8"))["seed"] == 4
