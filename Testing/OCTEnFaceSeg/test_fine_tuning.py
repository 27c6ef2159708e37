"""Fine-tuning: a training set of the user's masks, a new model that is better on them and says what it learned."""

import json

import numpy as np
import pytest

from CorrespondCoreLib.checkpoints import save_model
from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import Cancelled, InputError
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from OCTEnFaceSegLib.fine_tuning.run import fine_tune
from OCTEnFaceSegLib.fine_tuning.training_set import add_to_training_set, read_training_set
from OCTEnFaceSegLib.lesion_models import chosen_models
from OCTEnFaceSegLib.network_segmentation import predicted
from OCTEnFaceSegLib.phantom import phantom_eye
from OCTEnFaceSegLib.projections import filled
from OCTEnFaceSegLib.scan import CIRCLE
from OCTEnFaceSegLib.settings import SegmentationSettings
from OCTEnFaceSegLib.training.config import TrainingConfig
from OCTEnFaceSegLib.training.eyes import FolderEyes, folder_parts
from OCTEnFaceSegLib.training.trainer import make_network

SIZE = (8, 96, 64)
NETWORK = {"name": "fpn", "channels": [4, 4, 4, 4, 4]}


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The user's folder of models, with one that learned nothing yet."""
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models"))
    config = TrainingConfig(title="Narrow FPN", network=NETWORK)
    card = {"id": "narrow", "title": "Narrow FPN", "method": "fpn", "network": NETWORK, "lesion": "ga", "version": "1"}
    card |= {"license": "Apache-2.0", "trained_on": "nothing", "domain": {"modality": "OCT"}}
    save_model(make_network(config), card, ModelStore())
    return ModelStore()


def add(folder, seed, patient="", lesion="ga"):
    eye = phantom_eye(SIZE, seed, lesion="ga")
    return add_to_training_set(folder, patient, eye.scan, eye.ga, filled(eye.layers["BM"]), lesion)


def test_a_training_set_keeps_masks_by_patient_and_training_reads_it(tmp_path):
    folder = tmp_path / "masks é"
    first, second = add(folder, 1), add(folder, 2)
    assert (first.parent.name, second.parent.name) == ("patient_001", "patient_002")
    assert add(folder, 1) == first  # a corrected mask takes the place of the old one
    add(folder, 3, "patient_002")
    known = read_training_set(folder)
    assert (known.lesion, known.count, {p: len(s) for p, s in known.scans.items()}) == (
        "ga",
        3,
        {"patient_001": 1, "patient_002": 2},
    )
    with pytest.raises(InputError, match='as that of "patient_001"'):
        add(folder, 1, "other")
    with pytest.raises(InputError, match="no name of a person"):
        add(folder, 4, "Doe, Jane")
    with pytest.raises(InputError, match="is of Geographic atrophy, the mask of Reticular"):
        add(folder, 4, lesion="rpd")
    eye = phantom_eye(SIZE, 5)
    eye.scan.pattern = CIRCLE
    with pytest.raises(InputError, match="covers no area"):
        add_to_training_set(folder, "", eye.scan, eye.ga, filled(eye.layers["BM"]), "ga")
    config = TrainingConfig(title="x", network=NETWORK).with_data(str(folder))
    parts = folder_parts(config)
    assert len(parts.training + parts.validation) == 3
    np.testing.assert_array_equal(FolderEyes(config, (first,))[0].target, phantom_eye(SIZE, 1, lesion="ga").ga)


def test_the_new_model_is_better_on_the_users_scans_and_its_card_names_nobody(store, tmp_path):
    folder = tmp_path / "masks of Jane"
    for seed, patient in ((1, "jane"), (2, "jane"), (3, "joe")):
        add(folder, seed, patient)
    points = []
    result = fine_tune(
        "narrow", folder, steps=12, learning_rate=0.1, device="cpu", threads=1, progress=Progress(plot=points.append)
    )
    card = result["model"]
    assert (card["id"], card["title"], card["lesion"]) == ("narrow-tuned", "Narrow FPN, fine-tuned", "ga")
    facts = card["fine_tuning"]
    assert facts["scans"] + facts["scans_kept_aside"] == 3 and facts["patients"] == facts["patients_kept_aside"] == 1
    assert (facts["from"], facts["dice"]) == ("narrow", max(p["dice"] for p in points[1:] if "dice" in p))
    assert not any(word in json.dumps(card).lower() for word in ("jane", "joe", str(tmp_path).lower(), "eye_"))
    assert sum("loss" in point for point in points) == 12
    losses = [point["loss"] for point in points if "loss" in point]
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    settings = SegmentationSettings(models=(card["id"],))
    eye = phantom_eye(SIZE, 7)
    volume = np.ones((8, 96, 64), np.float32)
    mean, _, _ = predicted(
        volume, filled(eye.layers["BM"]), eye.scan.spacing_mm, chosen_models(settings), settings, "cpu", 1, Progress()
    )
    assert mean.shape == (8, 64) and np.isfinite(mean).all()


def test_one_command_tunes_on_one_scan_and_again(store, tmp_path):
    add(tmp_path / "set", 1)
    command = ["oct", "fine-tune", "narrow", "--data", str(tmp_path / "set"), "--steps", "2", "--device", "cpu", "--threads", "1"]
    card = run(command, Progress())["model"]
    assert "Dice on what it learned, for want of a second patient" in card["description"]
    command[2] = card["id"]
    again = run([*command, "--title", "Mine"], Progress())["model"]
    assert (again["id"], again["title"], again["fine_tuning"]["from"]) == ("narrow-tuned-2", "Mine", "narrow-tuned")


def test_a_canceled_fine_tuning_and_one_that_cannot_be_leave_no_model(store, tmp_path):
    add(tmp_path / "set", 1)
    points = []
    stop = Progress(plot=points.append, cancelled=lambda: len(points) > 2)
    with pytest.raises(Cancelled):
        fine_tune("narrow", tmp_path / "set", device="cpu", threads=1, progress=stop)
    with pytest.raises(InputError, match="holds no scan with a mask"):
        fine_tune("narrow", tmp_path / "empty", device="cpu")
    (tmp_path / "set" / "training_set.json").write_text('{"lesion": "rpd"}', encoding="utf-8")
    with pytest.raises(InputError, match="is for Geographic atrophy, the masks are of Reticular"):
        fine_tune("narrow", tmp_path / "set", device="cpu")
    assert [model.id for model in store.available()[0]] == ["narrow"]
