"""Files are whole or absent, and messages say what to do."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from CorrespondCoreLib import files
from CorrespondCoreLib.errors import Cancelled, OutputError
from CorrespondCoreLib.files import check_output_folder, plain, whole_file, whole_folder, write_json


def content(folder):
    return {str(p.relative_to(folder)): p.read_text() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_file_appears_when_it_is_complete(tmp_path):
    path = tmp_path / "new folder ü" / "field.nii.gz"
    with whole_file(path) as temporary:
        assert temporary.name.endswith("field.nii.gz") and temporary.parent == path.parent
        temporary.write_text("half")
        assert not path.exists()
        temporary.write_text("whole")
    assert content(path.parent) == {"field.nii.gz": "whole"}


@pytest.mark.parametrize("error", [Cancelled(), OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupted_file_leaves_the_old_one(tmp_path, error):
    path = tmp_path / "field.nrrd"
    path.write_text("old")
    with pytest.raises(type(error)), whole_file(path) as temporary:
        temporary.write_text("half")
        raise error
    assert content(tmp_path) == {"field.nrrd": "old"}


def test_nothing_written_is_said(tmp_path):
    with pytest.raises(OutputError, match="Nothing was written"), whole_file(tmp_path / "a.txt"):
        pass
    assert content(tmp_path) == {}


def test_a_set_of_files_appears_together(tmp_path):
    out = tmp_path / "out"
    with whole_folder(out) as stage:
        (stage / "a.txt").write_text("1")
        (stage / "sub").mkdir()
        (stage / "sub" / "b.txt").write_text("1")
        assert not (out / "a.txt").exists()
    assert content(out) == {"a.txt": "1", str(Path("sub/b.txt")): "1"}
    (out / "mine.txt").write_text("keep")
    with whole_folder(out) as stage:
        (stage / "a.txt").write_text("2")
    assert content(out) == {"a.txt": "2", "mine.txt": "keep", str(Path("sub/b.txt")): "1"}


def test_an_interrupted_set_changes_nothing(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Cancelled), whole_folder(out) as stage:
        (stage / "a.txt").write_text("1")
        raise Cancelled
    assert not out.exists()
    out.mkdir()
    (out / "a.txt").write_text("old")
    with pytest.raises(Cancelled), whole_folder(out) as stage:
        (stage / "a.txt").write_text("new")
        raise Cancelled
    assert content(out) == {"a.txt": "old"}


def test_a_failing_move_is_undone(tmp_path, monkeypatch):
    """One of the old files is held open by another program, as on Windows."""
    for name in "abc":
        (tmp_path / name).write_text("old")
    replace = os.replace

    def refuse_c(source, target):
        if Path(target) == tmp_path / "c" and "new" in Path(source).parts:
            raise PermissionError(errno.EACCES, "Permission denied", str(target))
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", refuse_c)
    with pytest.raises(OutputError, match="another program holds it open"), whole_folder(tmp_path) as stage:
        for name in "abcd":
            (stage / name).write_text("new")
    assert content(tmp_path) == {"a": "old", "b": "old", "c": "old"}


def test_output_folders_are_checked_before_the_work(tmp_path):
    assert check_output_folder(tmp_path / "new" / "er") == tmp_path / "new" / "er"
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="is a file"):
        check_output_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        check_output_folder(tmp_path / "file" / "below")
    with pytest.raises(OutputError, match="GB left"):
        check_output_folder(tmp_path, needed_bytes=10**18)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "new"]


def test_a_folder_without_permission_is_said(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OutputError, match="permission denied"):
        check_output_folder(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("mount") or sys.platform != "linux", reason="needs to mount a small disk")
def test_a_full_disk_leaves_nothing(tmp_path):
    """A real file system of 64 KB, in a namespace of its own where the system allows one."""
    text = f"""
import sys
sys.path.insert(0, {str(Path(files.__file__).parents[1])!r})
from pathlib import Path
from CorrespondCoreLib.explain import explained
from CorrespondCoreLib.files import whole_folder
try:
    with whole_folder(Path({str(tmp_path)!r}) / "out") as stage:
        (stage / "a").write_bytes(b"x" * 10_000)
        (stage / "b").write_bytes(b"x" * 10_000_000)
except OSError as error:
    print(type(explained(error)).__name__, explained(error), list(Path({str(tmp_path)!r}).iterdir()))
"""
    script = tmp_path.parent / "full.py"
    script.write_text(text)
    mount = f'mount -t tmpfs -o size=64k tmpfs "{tmp_path}" && exec "{sys.executable}" "{script}"'
    done = subprocess.run(["unshare", "-rm", "sh", "-c", mount], capture_output=True, text=True)
    if "unshare" in done.stderr or "mount" in done.stderr:
        pytest.skip(f"cannot mount here: {done.stderr.strip()}")
    assert done.stdout.startswith("OutputError The disk is full") and done.stdout.strip().endswith("[]")


def test_json_of_what_commands_return(tmp_path):
    data = {"a": np.float32(0.5), "b": np.arange(2), "c": float("nan"), 3: (Path("x"), None, True), "d": np.array([np.inf, 1])}
    write_json(tmp_path / "r.json", data)
    back = json.loads((tmp_path / "r.json").read_text())
    assert back == {"a": 0.5, "b": [0, 1], "c": None, "3": ["x", None, True], "d": [None, 1.0]}
    with pytest.raises(TypeError):
        plain({"a": object()})
