"""Fine-tuning: masks that a user drew make a new model among the user's, which says what it was judged on."""

import json

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib.cli import run as run_command
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from TAVIFusionLib.formats.reading import read_run
from TAVIFusionLib.mask_files import read_masks, write_drawn_masks
from TAVIFusionLib.training import fine_tune as module
from TAVIFusionLib.training.fine_tune import fine_tune
from TAVIFusionLib.training.frames import training_frames, validation_frames
from Testing.TAVIFusion.frame_examples import band, config, small_model


@pytest.fixture
def models(tmp_path, monkeypatch):
    """The user's folder of models, with one that knows nothing yet."""
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))
    small_model("Small net", ModelStore())
    return ModelStore()


def draw(folder, seeds, drawn):
    """A run, and masks of some of its frames, as the panel writes them."""
    folder.mkdir(parents=True)
    frames, masks = zip(*(band(seed, 48, seed % 10 != 9) for seed in seeds), strict=True)
    sitk.WriteImage(sitk.GetImageFromArray((1000 * np.stack(frames)).astype(np.uint16)), str(folder / "run.nrrd"))
    run = read_run(folder / "run.nrrd")
    write_drawn_masks(folder / "masks.nrrd", {k: masks[k] for k in drawn}, run)
    return run, masks


def test_masks_of_chosen_frames_come_back_and_an_empty_one_says_that_nothing_is_there(tmp_path):
    run, masks = draw(tmp_path / "patient" / "run 1", range(10), (2, 5, 7, 8, 9))
    read = read_masks(tmp_path / "patient" / "run 1" / "masks.nrrd", run)
    assert sorted(read) == [2, 5, 7, 8, 9] and not read[9].any()
    assert all(np.array_equal(mask, masks[frame]) for frame, mask in read.items())
    settings = config(data={"source": "folders", "folder": str(tmp_path), "judge": "frames"})
    trained, judging = training_frames(settings), validation_frames(settings)
    assert (trained.count, judging.count) == (4, 1) and not judging[0].mask.any()
    assert not set(map(id, trained.frames)) & set(map(id, judging.frames))


def test_the_command_makes_a_better_model_of_the_users(models, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LEARNING_RATE", 0.01)
    draw(tmp_path / "data" / "patient" / "run 1", range(8), range(8))
    points = []
    progress = Progress(plot=points.append)
    arguments = ["--data", str(tmp_path / "data"), "--output", str(tmp_path / "out"), "--steps", "40", "--device", "cpu"]
    result = run_command(["tavi", "fine-tune", "small-net", *arguments], progress)
    assert result["model"] == "small-net-fine-tuned" and result["dsc_after"] > max(0.6, result["dsc_before"])
    assert [point["step"] for point in points] == list(range(1, 41)) and points[-1]["loss"] < points[0]["loss"]
    assert points[0]["dsc"] == result["dsc_before"] and any("one patient" in text for text in progress.warnings)
    card = models.get(result["model"]).card
    assert card["training"]["judged_on"] == "other frames of the same patients" and "Before: " in card["trained_on"]
    assert card["training"]["started_from"]["id"] == "small-net" and str(tmp_path) not in json.dumps(card)
    with pytest.raises(InputError, match="already"):
        fine_tune("small-net", tmp_path / "data", tmp_path / "out 2", title="Small net, fine-tuned")


def test_a_model_that_is_no_better_is_not_kept(models, tmp_path, monkeypatch):
    draw(tmp_path / "data" / "patient" / "run 1", range(3), range(3))
    scores = {"dsc": 0.8}
    made = {"started_from": {"validation": scores}, "validation": scores, "weights_of_step": 0}
    monkeypatch.setattr(module, "train", lambda *_: made)
    with pytest.raises(InputError, match="has not helped"):
        fine_tune("small-net", tmp_path / "data", tmp_path / "out")
    (tmp_path / "nothing").mkdir()
    with pytest.raises(InputError, match="holds no masks"):
        fine_tune("small-net", tmp_path / "nothing", tmp_path / "out")
    assert [model.id for model in models.available()[0]] == ["small-net"]
