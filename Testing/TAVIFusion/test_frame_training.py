"""Training: a stopped one goes on bit for bit, patients stay apart, the loss falls; a model is judged on what it never saw."""

import json
from dataclasses import replace

import numpy as np
import pytest
import SimpleITK as sitk
import torch

from CorrespondCoreLib.cli import run as run_command
from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.json_objects import shipped_names
from CorrespondCoreLib.progress import Progress
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint
from TAVIFusionLib.networks.checkpoints import load_segmentation_network
from TAVIFusionLib.training import frames as frames_module
from TAVIFusionLib.training.augmentation import augmented
from TAVIFusionLib.training.config import CONFIGS, TrainingConfig
from TAVIFusionLib.training.frames import HELD_OUT, TRAINING, VALIDATION, Frame, PhantomFrames, folder_parts, training_frames
from TAVIFusionLib.training.model_evaluation import evaluate_model
from TAVIFusionLib.training.run import train
from TAVIFusionLib.training.start import make_network
from TAVIFusionLib.training.visibility import contrast_to_noise
from Testing.TAVIFusion.frame_examples import band, bands, config, model_in, rows


@pytest.fixture(scope="module", autouse=True)
def small_phantoms():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(frames_module, "frame_pairs", bands)
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, train(config(), folder, device="cpu", threads=1)


def test_a_training_writes_the_model_that_judged_best_and_what_it_is(trained):
    folder, result = trained
    assert [int(r["step"]) for r in rows(folder / "steps.csv")] == list(range(1, 9))
    scores = {int(r["step"]): float(r["dsc"]) for r in rows(folder / "validation.csv")}
    assert list(scores) == [3, 6, 8] and result["weights_of_step"] == max(scores, key=lambda step: (scores[step], -step))
    card = model_in(result).card
    assert card["field_of_view"] == "upper" and "never saw a patient" in card["trained_on"] and "research" in card["limits"]
    assert card["training"]["seeds"] == {
        "training": [TRAINING, TRAINING + 5],
        "validation": [VALIDATION, VALIDATION + 1],
        "held_out": HELD_OUT,
    }
    network = load_segmentation_network(model_in(result))
    best = read_checkpoint(folder / CHECKPOINT)["best"]["network"]
    assert network.trained_side == 32
    assert all(torch.equal(value.half().float(), network.state_dict()[n]) for n, value in best.items() if "num_batches" not in n)


def test_a_stopped_training_goes_on_bit_for_bit(trained, tmp_path):
    table = tmp_path / "steps.csv"
    stop = Progress(cancelled=lambda: table.is_file() and len(rows(table)) == 5)
    with pytest.raises(Cancelled, match="--resume"):
        train(config(), tmp_path, device="cpu", threads=1, progress=stop)
    assert read_checkpoint(tmp_path / CHECKPOINT)["step"] == 4
    train(config(), tmp_path, resume=True, device="cpu", threads=1)
    whole, parts = (read_checkpoint(folder / CHECKPOINT) for folder in (trained[0], tmp_path))
    assert all(torch.equal(whole["network"][name], parts["network"][name]) for name in whole["network"])
    moments = [state["optimizer"]["state"][0]["exp_avg"] for state in (whole, parts)]
    assert torch.equal(*moments) and whole["best"]["scores"] == parts["best"]["scores"]
    kept = ("step", "loss", "dice", "bce", "learning_rate")
    assert [[r[k] for k in kept] for r in rows(table)] == [[r[k] for k in kept] for r in rows(trained[0] / "steps.csv")]


def test_a_training_is_not_overwritten_nor_continued_with_other_settings(trained):
    with pytest.raises(InputError, match="--resume"):
        train(config(), trained[0], device="cpu")
    with pytest.raises(InputError, match=r"another configuration \(batch, seed\)"):
        train(config(batch=3, seed=5), trained[0], resume=True, device="cpu")


@pytest.mark.parametrize(("optimizer", "rate"), [("adam", 0.01), ("sgd", 0.1)])
def test_the_network_learns_the_band(optimizer, rate, tmp_path):
    changes = {"optimizer": optimizer, "learning_rate": rate, "schedule": "constant", "steps": 60, "validate_every": 60}
    result = train(config(**changes, augmentation=False, batch=4, checkpoint_every=60), tmp_path, device="cpu", threads=1)
    losses = [float(r["loss"]) for r in rows(tmp_path / "steps.csv")]
    assert np.mean(losses[-5:]) < 0.6 * np.mean(losses[:5]) and result["validation"]["dsc"] > 0.8


def test_fine_tuning_starts_from_the_weights_of_a_model(trained, tmp_path):
    start = model_in(trained[1])
    fine = config(start=str(start.folder), learning_rate=1e-9, steps=1, schedule="constant")
    result = train(fine, tmp_path / "fine", device="cpu", threads=1)
    before, after = load_segmentation_network(start).state_dict(), read_checkpoint(tmp_path / "fine" / CHECKPOINT)["network"]
    assert all(torch.allclose(after[n], before[n], atol=1e-6) for n in before if n.endswith("weight"))
    assert result["started_from"]["id"] == start.id and "Before: phantom" in model_in(result).card["trained_on"]
    with pytest.raises(InputError, match="of another network"):
        train(replace(fine, network={"name": "dru_net", "base": 4}), tmp_path / "other", device="cpu")


def test_held_out_frames_judge_the_network_beside_the_filter_and_always_the_same(trained, tmp_path):
    folder = model_in(trained[1]).folder
    first, again = (evaluate_model(folder, frames=3, cache=tmp_path, device="cpu", threads=1) for _ in range(2))
    assert first == again and len(list(tmp_path.glob("upper-held_out-*.npz"))) == 4
    assert set(first["methods"]) == {"network", "vesselness (no network)"}
    line = first["methods"]["vesselness (no network)"]
    assert line["dsc"]["mean"] > 0.5 and [row["seed"] for row in line["rows"]] == [HELD_OUT, HELD_OUT + 1, HELD_OUT + 2]
    assert line["visible"]["frames"] == 3 and line["visible"]["dsc"] == line["dsc"]
    assert line["boxes"]["dsc"]["count"] == 3 and 0 <= line["false_positive_percent"]["mean"] <= 100
    printed = run_command(["tavi", "evaluate-model", str(folder), "--frames", "1", "--seed", "2", "--device", "cpu"], Progress())
    assert printed["first_seed"] == HELD_OUT + 2_000_000
    with pytest.raises(InputError, match="At least one frame"):
        evaluate_model(folder, frames=0)


def test_contrast_is_told_in_standard_deviations_of_the_noise():
    mask = band(3, 128)[1]
    noise = np.random.default_rng(0).standard_normal(mask.shape)
    found = [contrast_to_noise(0.5 - strength * mask + 0.05 * noise, mask) for strength in (0.0, 0.05, 0.2)]
    assert abs(found[0]) < 0.1 and found[1] == pytest.approx(1, abs=0.25) and found[2] == pytest.approx(4 * found[1], rel=0.2)
    assert np.isnan(contrast_to_noise(noise, np.zeros_like(mask)))


def test_seeds_of_trainings_validation_and_judgement_are_disjoint():
    sources = [training_frames(config(seed=k)) for k in (0, 1, 99)]
    firsts = [source.first_seed for source in sources]
    assert firsts == [TRAINING, TRAINING + 10**6, TRAINING + 99 * 10**6] and HELD_OUT < VALIDATION < TRAINING


def test_a_cached_frame_is_the_rendered_one(tmp_path):
    plain = PhantomFrames(64, "upper", "train", 7, None)
    kept = replace(plain, cache=str(tmp_path))
    for frame in (kept[0], kept[0]):
        np.testing.assert_array_equal(frame.gray, plain[0].gray)
        np.testing.assert_array_equal(frame.mask, plain[0].mask)
    assert frame.gray.shape == (64, 64) and frame.mask.dtype == bool


def write_patient(folder, seeds, drawn):
    """A run of frames as NRRD, with masks on some of them."""
    folder.mkdir(parents=True)
    frames, masks = zip(*(band(seed, 48) for seed in seeds), strict=True)
    sitk.WriteImage(sitk.GetImageFromArray((1000 * np.stack(frames)).astype(np.uint16)), str(folder / "run.nrrd"))
    shown = np.stack([mask & (k in drawn) for k, mask in enumerate(masks)]).astype(np.uint8)
    sitk.WriteImage(sitk.GetImageFromArray(shown), str(folder / "masks.nrrd"))


def test_frames_of_a_user_are_read_and_patients_stay_apart(tmp_path):
    for patient in range(3):
        write_patient(tmp_path / f"patient{patient}" / "visit" / "run1", range(10 * patient, 10 * patient + 4), (0, 2))
    settings = config().with_data(str(tmp_path))
    parts = folder_parts(settings)
    assert len({place.parents[1].name for place in (*parts.training, *parts.validation)}) == 3
    source = training_frames(settings)
    assert source.count == 2 * len(parts.training) and all(source[k].mask.any() for k in range(source.count))
    every = training_frames(replace(settings, data=replace(settings.data, empty_frames=True)))
    assert every.count == 4 * len(parts.training)
    assert source[0].gray[source[0].mask].mean() < source[0].gray[~source[0].mask].mean() - 200
    result = train(replace(settings, steps=2), tmp_path / "out", device="cpu", threads=1)
    assert model_in(result).card["trained_on"] == "frames of the user"
    (tmp_path / "patient0" / "visit" / "run1" / "run.png").write_bytes(b"x")
    with pytest.raises(InputError, match="holds 2 runs"):
        frames_module.run_in(tmp_path / "patient0" / "visit" / "run1")
    with pytest.raises(InputError, match="masks of 1 patients"):
        folder_parts(config().with_data(str(tmp_path / "patient1")))
    with pytest.raises(InputError, match="--data DIR"):
        folder_parts(replace(settings, data=replace(settings.data, folder=None)))


def test_augmentation_moves_frame_and_mask_together_and_keeps_the_vessel_dark():
    frame = Frame(*band(3, 96))
    for seed in range(6):
        other = augmented(frame, np.random.default_rng(seed))
        assert other.gray.shape == (96, 96) and other.gray.dtype == np.float32 and other.mask.any()
        middle = other.gray[20:76, 20:76]
        assert middle[other.mask[20:76, 20:76]].mean() < middle[~other.mask[20:76, 20:76]].mean() - 0.1
        assert not np.array_equal(other.mask, frame.mask)
        same_system = augmented(frame, np.random.default_rng(seed), other_detectors=False)
        assert frame.gray.min() <= same_system.gray.min() and same_system.gray.max() <= frame.gray.max()
        assert not np.array_equal(same_system.mask, frame.mask)


def test_every_shipped_configuration_makes_its_network():
    assert shipped_names(CONFIGS) == ["ours_lower", "ours_matching", "ours_upper", "paper_lower", "paper_matching", "paper_upper"]
    for name in shipped_names(CONFIGS):
        settings = TrainingConfig.from_json(name)
        assert make_network(settings).trained_side == settings.size
        assert TrainingConfig.from_json(json.loads(json.dumps(settings.to_dict()))) == settings


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"size": 100}, "multiple of 16"),
        ({"loss": "lncc"}, "give dice, bce or dice"),
        ({"task": "matching"}, "network.name"),
        ({"optimizer": "lion"}, "give adam or sgd"),
        ({"steps": 0}, "whole number from 1"),
        ({"learning_rate": 3}, "learning_rate"),
        ({"data": {"split": [0.9, 0.2]}}, "data.split"),
        ({"data": {"patients": 3}}, "Unknown entries.*data.patients"),
        ({"network": {"name": "dru_net", "depth": 3}}, "option that does not exist"),
    ],
)
def test_a_wrong_configuration_is_refused_in_words(values, words):
    with pytest.raises(InputError, match=words):
        make_network(config(**values))


def test_the_command_refuses_a_configuration_of_the_other_task(tmp_path):
    with pytest.raises(InputError, match="is for segmentation, not for matching"):
        run_command(["tavi", "train", "matching", "--config", "ours_upper", "--output", str(tmp_path)], Progress())
