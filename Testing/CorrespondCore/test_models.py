"""The model store gives out only weights that fit their card, and says when an image does not fit a model."""

import json
import zipfile

import numpy as np
import pytest
import SimpleITK as sitk

from CorrespondCoreLib import cli
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import CARD, WEIGHTS, ModelStore, mismatches, model_at, sha256, user_models_folder

DOMAIN = {
    "modality": "CT",
    "size_voxels": [16, 512],
    "spacing_mm": [0.5, 3.0],
    "intensity": {"unit": "HU", "p1": [-1100, -700], "p99": [0, 2000]},
}


def write_model(folder, model_id="breath", weights=b"weights", **entries):
    folder.mkdir(parents=True)
    (folder / WEIGHTS).write_bytes(weights)
    card = {
        "id": model_id,
        "title": "Breath",
        "method": "network",
        "version": "1",
        "sha256": sha256(folder / WEIGHTS),
        "domain": DOMAIN,
    }
    (folder / CARD).write_text(json.dumps({**card, **entries}), encoding="utf-8")
    return folder


@pytest.fixture
def store(tmp_path):
    write_model(tmp_path / "shipped" / "breath")
    return ModelStore([tmp_path / "shipped"], tmp_path / "user ü")


def test_models_are_found_and_their_weights_checked(store):
    models, problems = store.available()
    assert [model.id for model in models] == ["breath"] and problems == []
    assert store.get("breath").weights().read_bytes() == b"weights"
    with pytest.raises(InputError, match='no model "x". Models here: breath'):
        store.get("x")


def test_a_model_is_taken_by_its_folder_or_its_id(store, tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "none"))
    folder = write_model(tmp_path / "elsewhere" / "far", "far")
    assert model_at(folder).id == "far" and not model_at(folder).own
    assert model_at("far", [tmp_path / "elsewhere"]).folder == folder
    with pytest.raises(InputError, match='no model "far"'):
        model_at("far")


def test_corrupt_weights_are_refused(store):
    path = store.get("breath").folder / WEIGHTS
    path.write_bytes(b"weightz")
    with pytest.raises(InputError, match="corrupt"):
        store.get("breath").weights()
    path.unlink()
    with pytest.raises(InputError, match="no weights"):
        store.get("breath").weights()


@pytest.mark.parametrize("card", ["", "[]", "{", '{"id": "a"}', '{"id": 3, "title": 1, "method": 1, "version": 1, "sha256": 1}'])
def test_broken_cards_are_named_and_the_others_still_found(store, tmp_path, card):
    (tmp_path / "shipped" / "broken").mkdir()
    (tmp_path / "shipped" / "broken" / CARD).write_text(card)
    models, problems = store.available()
    assert [model.id for model in models] == ["breath"]
    assert len(problems) == 1 and "broken" in problems[0]


@pytest.mark.parametrize("packed", [False, True])
def test_import_and_deletion(store, tmp_path, packed):
    source = write_model(tmp_path / "download" / "my model é", "mine", b"new weights")
    if packed:
        with zipfile.ZipFile(tmp_path / "mine.zip", "w") as archive:
            for name in (CARD, WEIGHTS):
                archive.write(source / name, f"some folder/{name}")
        source = tmp_path / "mine.zip"
    model = store.import_model(source)
    assert model.own and model.weights().read_bytes() == b"new weights"
    assert [model.id for model in store.available()[0]] == ["breath", "mine"]
    store.import_model(source)
    store.delete("mine")
    assert [model.id for model in store.available()[0]] == ["breath"]
    assert list((tmp_path / "user ü").iterdir()) == []


def test_models_of_the_extension_cannot_be_deleted_but_replaced(store, tmp_path):
    with pytest.raises(InputError, match="belongs to the extension"):
        store.delete("breath")
    store.import_model(write_model(tmp_path / "better", weights=b"better"))
    assert store.get("breath").weights().read_bytes() == b"better"
    store.delete("breath")
    assert store.get("breath").weights().read_bytes() == b"weights"


def test_a_failed_import_leaves_nothing(store, tmp_path):
    corrupt = write_model(tmp_path / "corrupt", "mine")
    (corrupt / WEIGHTS).write_bytes(b"half")
    escape = write_model(tmp_path / "escape", "../../escape")
    (tmp_path / "nozip.zip").write_bytes(b"PK\x03\x04 not a zip")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    (tmp_path / "nothing").mkdir()
    for source in (corrupt, escape, tmp_path / "nozip.zip", tmp_path / "empty.zip", tmp_path / "nothing", tmp_path / "absent"):
        with pytest.raises(InputError):
            store.import_model(source)
    assert list((tmp_path / "user ü").iterdir()) == []
    assert not (tmp_path.parent / "escape").exists()


def test_the_users_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path))
    assert user_models_folder() == tmp_path
    monkeypatch.delenv("CORRESPOND_MODELS")
    assert user_models_folder().is_absolute()


def ct(scale=1.0, spacing=(1, 1, 2.5), size=(32, 32, 32)):
    values = np.linspace(-1000, 800, int(np.prod(size))).reshape(size[::-1]) * scale
    image = sitk.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing(spacing)
    return image


def test_an_image_of_the_models_domain_fits():
    assert mismatches(DOMAIN, ct(), "CT") == []
    assert mismatches({}, ct(), "CT") == []
    assert mismatches(DOMAIN, ct()) == []


@pytest.mark.parametrize(
    ("image", "modality", "words"),
    [
        (ct(), "MR", "for CT, the image is MR"),
        (ct(spacing=(1, 1, 8)), "CT", "1 x 1 x 8"),
        (ct(size=(32, 32, 8)), "CT", "16 to 512 voxels"),
        (ct(scale=0.001), "CT", "is it in HU?"),
    ],
)
def test_an_image_outside_of_the_domain_is_said(image, modality, words):
    found = mismatches(DOMAIN, image, modality)
    assert words in " ".join(found)


def test_models_are_imported_listed_and_deleted_on_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "own é"))
    write_model(tmp_path / "new")

    def results(*arguments):
        assert cli.main(["models", *arguments]) == 0
        return json.loads(capsys.readouterr().out)

    assert results("list")["models"] == []
    assert results("import", str(tmp_path / "new"))["model"]["id"] == "breath"
    assert [(m["id"], m["title"]) for m in results("list")["models"]] == [("breath", "Breath")]
    assert cli.main(["models", "delete", "heart"]) == 2
    assert "heart" in capsys.readouterr().err
    assert results("delete", "breath") == {"deleted": "breath"}
    assert results("list")["models"] == [] and not list((tmp_path / "own é").glob("*/*"))
