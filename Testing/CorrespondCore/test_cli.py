"""The command line finds libraries by name, explains errors, and has documented exit codes."""

import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from CorrespondCoreLib import cli, errors
from CorrespondCoreLib.explain import explained
from CorrespondCoreLib.progress import Progress

HERE = Path(__file__).resolve().parent
CORE = HERE.parents[1] / "CorrespondCore"
WORKER = CORE / "CorrespondCoreLib" / "worker.py"


def run(*arguments, module=False, **options):
    """The command line in a process of its own, by the worker file or by python -m."""
    start = ["-m", "CorrespondCoreLib.cli"] if module else [str(WORKER), "--path", str(HERE / "standin")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CORE), str(HERE / "standin")] if module else [])}
    return subprocess.run(
        [sys.executable, *start, *map(str, arguments)], capture_output=True, encoding="utf-8", env=environment, **options
    )


@pytest.mark.parametrize("module", [False, True])
def test_results_go_to_stdout_and_progress_to_stderr(tmp_path, module):
    done = run("tavi", "work", "--output", tmp_path / "out é", module=module)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["files"] == [str(tmp_path / "out é" / "result.txt")]
    assert done.stderr.splitlines()[0] == "  0 % First half" and done.stderr.splitlines()[-1].startswith("100 % Second half")
    assert "Warning: The lungs were not found" in done.stderr


def test_exit_codes(tmp_path):
    refused = run("tavi", "refuse")
    assert refused.returncode == 2 and refused.stderr.startswith("correspond: The image is flat")
    bug = run("tavi", "stumble")
    assert bug.returncode == 1 and "KeyError" in bug.stderr and "please report" in bug.stderr
    wrong = run("tavi", "work", "--device", "abacus")
    assert wrong.returncode == 2 and "invalid choice" in wrong.stderr and "Traceback" not in wrong.stderr
    assert run("tavi", "work", "--threads", "0").returncode == 2
    assert run("tavi", "work", "--threads", "two").returncode == 2
    assert run("nonsense").returncode == 2
    assert run().returncode == 2


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_ctrl_c_is_a_cancel(tmp_path):
    worker = [sys.executable, str(WORKER), "--path", str(HERE / "standin")]
    worker += ["tavi", "work", "--output", str(tmp_path), "--seconds", "30"]
    listening = partial(signal.signal, signal.SIGINT, signal.default_int_handler)  # a background job inherits deafness to it
    process = subprocess.Popen(worker, stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=listening)
    with process:
        process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 3
        assert "Cancelled" in process.stderr.read()
    assert list(tmp_path.iterdir()) == []


def test_help_documents_every_exit_code():
    text = cli.EPILOG
    for error in (errors.InputError, errors.Cancelled, errors.OutOfMemory, errors.MissingPackage, errors.OutputError):
        assert f"\n  {error.exit_code}  " in text
    assert run("--help").stdout.count("exit codes:") == 1
    help_of_command = run("tavi", "work", "--help").stdout
    assert "--device" in help_of_command and "--threads" in help_of_command and "--progress" in help_of_command


def test_absent_libraries_are_not_offered(monkeypatch):
    monkeypatch.setattr(cli, "LIBRARIES", {"lung": "NoSuchLibrary.cli"})
    with pytest.raises(errors.InputError, match="lung"):
        cli.run(["lung", "register"], Progress())


def test_the_worker_file_does_not_expose_its_neighbors():
    """Its folder holds files.py, models.py, memory-like names: none of them may become a top-level module."""
    text = f"""
import runpy, sys, importlib.util
sys.argv = [{str(WORKER)!r}, "--version"]
sys.path.insert(0, {str(WORKER.parent)!r})
try:
    runpy.run_path({str(WORKER)!r}, run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
print([name for name in ("files", "jobs", "child", "progress") if importlib.util.find_spec(name)])
"""
    done = subprocess.run(
        [sys.executable, "-I", "-c", text], capture_output=True, text=True, cwd="/" if os.name == "posix" else None
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_torch_is_not_imported_by_the_dispatcher():
    text = "import sys, CorrespondCoreLib.cli as cli; cli.build_parser(); print('torch' in sys.modules)"
    folders = [str(CORE), str(CORE.parent / "LungRegistration")]
    done = subprocess.run(
        [sys.executable, "-c", text], env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)}, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (MemoryError(), errors.OutOfMemory, "Memory does not suffice"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"), errors.OutOfMemory, "choose the device cpu. (CUDA"),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory"),
            errors.OutOfMemory,
            "faster preset",
        ),
        (RuntimeError("Exception thrown in SimpleITK: std::bad_alloc"), errors.OutOfMemory, "Memory"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), errors.MissingPackage, "try again"),
        (ImportError("DLL load failed", name="torch._C"), errors.MissingPackage, "cannot be loaded"),
        (RuntimeError("Numpy is not available"), errors.MissingPackage, "numpy<2"),
        (OSError(28, "No space left on device", "x.nrrd"), errors.OutputError, "disk is full"),
        (KeyboardInterrupt(), errors.Cancelled, "Nothing was changed"),
    ],
)
def test_errors_that_users_can_act_upon_are_explained(error, kind, words):
    known = explained(error)
    assert type(known) is kind and words in str(known)


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("shapes differ"), ModuleNotFoundError("No module named 'y'", name="y")]
)
def test_bugs_are_not_explained_away(error):
    assert explained(error) is None
