"""Checkpoints of the original code become models; everything else is refused, says why, and runs nothing."""

import json
import os
import pickle
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from CorrespondCoreLib import checkpoints
from CorrespondCoreLib.cli import run
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.models import ModelStore
from CorrespondCoreLib.progress import Progress
from LungRegistrationLib.networks.checkpoints import import_checkpoint, load_network, read_checkpoint, save_model
from LungRegistrationLib.networks.original_rrn import original_shapes, own_name
from LungRegistrationLib.networks.rrn import RecursiveRefinementNetwork
from LungRegistrationLib.networks.virnet import MultilevelRegistrationNetwork
from LungRegistrationLib.networks.voxelmorph import VoxelMorph


@pytest.fixture(scope="module")
def original() -> dict[str, torch.Tensor]:
    return {name: torch.full(shape, 1e-3 * i, dtype=torch.float16) for i, (name, shape) in enumerate(original_shapes().items())}


@pytest.fixture(scope="module")
def torch_file(original, tmp_path_factory):
    path = tmp_path_factory.mktemp("torch") / "epoch 12.pth"
    torch.save({"epoch": 12, "state_dict": {f"module.{name}": tensor for name, tensor in original.items()}}, path)
    return path


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.setenv("CORRESPOND_MODELS", str(tmp_path / "models ü"))
    return tmp_path / "models ü"


def command(*arguments: object) -> dict:
    return run(["lung", "import-checkpoint", *map(str, arguments)], Progress())


def holds(network, original) -> bool:
    own = network.state_dict()
    return all(torch.equal(own[own_name(name)], tensor.float()) for name, tensor in original.items() if own_name(name))


def test_a_torch_file_of_several_gpus_becomes_a_model(original, torch_file, models):
    results = command(torch_file, "--network", "rrn")
    model = ModelStore().get("rrn-epoch-12")
    assert model.own and results["model"] == model.card and [os.path.exists(f) for f in results["files"]] == [True, True]
    assert model.card["method"] == "rrn" and model.card["license"] == "unknown" and model.card["domain"]["modality"] == "CT"
    assert "not trained by this project" in model.card["trained_on"] and "epoch 12.pth" in model.card["title"]
    network = load_network(model)
    assert holds(network, original) and not network.training and not network.original_warp


def test_a_safetensors_file_with_what_the_user_knows_of_it(original, models, tmp_path):
    save_file(original, tmp_path / "weights.safetensors")
    options = ("--id", "mine", "--title", "My weights é", "--license", "MIT", "--original-warp")
    command(tmp_path / "weights.safetensors", "--network", "rrn", *options)
    model = ModelStore().get("mine")
    assert (model.card["title"], model.card["license"]) == ("My weights é", "MIT")
    network = load_network(model)
    assert holds(network, original) and network.original_warp


def test_checkpoints_of_other_networks_and_shapes_name_their_entries(original, models, tmp_path):
    partial = {name: tensor for name, tensor in original.items() if "_refine_model.0" not in name}
    reshaped = {**original, "_pyramid._convs.1.0.weight": torch.zeros(32, 8, 3, 3, 3)}
    for name, content, words in (
        ("voxelmorph", VoxelMorph().state_dict(), "voxelmorph.safetensors: .*another network.*unknown.*decoder.0.bias"),
        ("partial", partial, r"missing: 2 \(_flow_model._refine_model.0.weight, _flow_model._refine_model.0.bias\)"),
        ("reshaped", reshaped, r"_pyramid._convs.1.0.weight \(32, 8, 3, 3, 3\), not \(32, 16, 3, 3, 3\)"),
    ):
        save_file({key: tensor.contiguous() for key, tensor in content.items()}, tmp_path / f"{name}.safetensors")
        with pytest.raises(InputError, match=words):
            command(tmp_path / f"{name}.safetensors", "--network", "rrn")
    with pytest.raises(InputError, match="invalid choice: 'virnet'"):
        command(tmp_path / "partial.safetensors", "--network", "virnet")
    with pytest.raises(InputError, match="can be imported for rrn"):
        import_checkpoint(tmp_path / "partial.safetensors", "virnet")
    assert not models.exists()


def test_damaged_files_are_refused(original, torch_file, models, tmp_path):
    save_file({"a": torch.zeros(100)}, tmp_path / "whole.safetensors")
    whole, packed = (tmp_path / "whole.safetensors").read_bytes(), torch_file.read_bytes()
    header = json.dumps({"a": {"dtype": "F32", "shape": [10**12], "data_offsets": [0, 4 * 10**12]}}).encode()
    damaged = {
        "cut.safetensors": whole[:-10],
        "header.safetensors": struct.pack("<Q", len(whole)) + whole[8:],
        "giant.safetensors": struct.pack("<Q", len(header)) + header + b"\0" * 64,
        "cut.pth": packed[: len(packed) // 2],
        "start.pth": packed[:200],
        "empty.pth": b"",
        "text.pth": b"Not Found",
        "image.pth": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        "tar.pth": b"weights\0" * 100,
    }
    for name, content in damaged.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match="damaged|not a checkpoint"):
            command(tmp_path / name, "--network", "rrn")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "no weights")
    for absent in (tmp_path / "other.zip", tmp_path / "absent.pth", tmp_path):
        with pytest.raises(InputError, match="no torch checkpoint|no file"):
            command(absent, "--network", "rrn")
    not_finite = {**original, "_pyramid._convs.0.0.bias": torch.full((16,), torch.inf)}
    save_file(not_finite, tmp_path / "inf.safetensors")
    with pytest.raises(InputError, match=r"not finite: 1 \(_pyramid._convs.0.0.bias\)"):
        command(tmp_path / "inf.safetensors", "--network", "rrn")
    assert not models.exists()


class Program:
    """Unpickling this would make a folder."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickles_run_nothing(models, tmp_path):
    trap = tmp_path / "it ran"
    (tmp_path / "plain.pth").write_bytes(pickle.dumps({"weight": Program(trap)}))
    torch.save({"weight": Program(trap)}, tmp_path / "packed.pth")
    torch.save({"weight": Program(trap)}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    for name in ("plain.pth", "packed.pth", "old.pth"):
        with pytest.raises(InputError, match="refused.*could run any program"):
            command(tmp_path / name, "--network", "rrn")
    assert not trap.exists() and not models.exists()


@pytest.mark.parametrize(
    "content", [{}, [torch.zeros(2)], {"epoch": 3}, {"a": {"w": torch.zeros(1)}, "b": {"w": torch.zeros(1)}}]
)
def test_a_file_needs_exactly_one_set_of_weights(tmp_path, content):
    torch.save(content, tmp_path / "content.pth")
    with pytest.raises(InputError, match=r"holds \d sets of named weights"):
        read_checkpoint(tmp_path / "content.pth")


def test_networks_of_this_project_come_back_from_the_store_as_they_were(tmp_path):
    store = ModelStore(user_folder=tmp_path)
    small = {"pyramid_channels": [2, 2, 2, 2], "estimator_channels": [3] * 5, "refiner_channels": [2] * 6, "cost_volume": False}
    for name, kind, options in (
        ("rrn", RecursiveRefinementNetwork, small),
        ("virnet", MultilevelRegistrationNetwork, {"levels": 2, "finest": 2, "channels": [2, 4, 8, 16]}),
        ("voxelmorph", VoxelMorph, {"last": [8, 4]}),
    ):
        network = kind(**options).to(memory_format=torch.channels_last_3d)
        card = {"id": name, "title": name, "method": name, "version": "1", "network": {"name": name, **options}}
        loaded = load_network(save_model(network, card, store))
        pair = torch.rand(2, 1, 1, 16, 32, 32)
        with torch.no_grad():
            for own, other in zip(network.eval()(*pair), loaded(*pair), strict=True):
                torch.testing.assert_close(own, other)


def test_models_whose_card_does_not_fit_their_weights_are_refused(tmp_path):
    store = ModelStore(user_folder=tmp_path)
    card = {"id": "m", "title": "m", "method": "voxelmorph", "version": "1"}
    for network, words in (
        ({"name": "virnet", "levels": 1}, "another network, not one of MultilevelRegistrationNetwork"),
        ({"name": "voxelmorph", "last": [8]}, "no complete checkpoint of VoxelMorph.*of another shape"),
        ({"name": "voxelmorph", "depth": 4}, "options that do not exist.*depth"),
        ({"name": "transmorph"}, "none of the networks rrn, virnet, voxelmorph"),
        (None, "none of the networks"),
    ):
        with pytest.raises(InputError, match=words):
            load_network(save_model(VoxelMorph(), {**card, "network": network}, store))


def test_a_full_disk_is_said_and_leaves_no_model(tmp_path, monkeypatch):
    def full(*_):
        raise checkpoints.SafetensorError("Error while serializing: IoError(No space left on device)")

    monkeypatch.setattr(checkpoints, "save_file", full)
    with pytest.raises(checkpoints.OutputError, match="No space left.*Free some space"):
        save_model(VoxelMorph(), {"id": "m", "title": "m", "method": "m", "version": "1"}, ModelStore(user_folder=tmp_path))
    assert list(tmp_path.iterdir()) == []
