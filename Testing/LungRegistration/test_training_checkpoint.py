"""Checkpoints: the old one or the new one, never a part; nothing but weights and numbers is read."""

import errno
import os
import pickle

import pytest
import torch

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.training.checkpoint import CHECKPOINT, read_checkpoint, write_checkpoint

STATE = {"steps": [3, 0], "history": [0.5, 0.25], "network": {"weight": torch.arange(50_000.0)}}


@pytest.fixture
def path(tmp_path):
    write_checkpoint(tmp_path / CHECKPOINT, STATE)
    return tmp_path / CHECKPOINT


def test_what_is_written_is_read(path):
    state = read_checkpoint(path)
    assert (state["steps"], state["history"]) == (STATE["steps"], STATE["history"])
    assert torch.equal(state["network"]["weight"], STATE["network"]["weight"])


def test_a_full_disk_keeps_the_last_good_checkpoint(path, monkeypatch):
    before = path.read_bytes()

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left.*Free some space.*last good checkpoint.*was kept"):
        write_checkpoint(path, {**STATE, "steps": [4, 0]})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_process_that_ends_while_writing_leaves_the_old_checkpoint(path, monkeypatch):
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(path, {**STATE, "steps": [4, 0]})
    assert read_checkpoint(path)["steps"] == [3, 0]


def test_one_changed_byte_is_found(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"weights", None], ids=["empty", "text", "cut"])
def test_what_is_no_checkpoint_is_refused(path, content):
    path.write_bytes(path.read_bytes()[:-1000] if content is None else content)
    with pytest.raises(InputError, match="cannot be read.*Begin the training anew"):
        read_checkpoint(path)


def test_python_objects_are_not_executed(path):
    class Harm:
        def __reduce__(self):
            return os.mkdir, (str(path.parent / "harm"),)

    torch.save({"format": 1, "steps": Harm()}, path, pickle_module=pickle)
    with pytest.raises(InputError, match="cannot be read"):
        read_checkpoint(path)
    assert not (path.parent / "harm").exists()


def test_a_file_of_another_program_is_refused(path):
    torch.save({"weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="no checkpoint of a training"):
        read_checkpoint(path)
