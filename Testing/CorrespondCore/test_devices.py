"""Devices are tried out before they are used, and packages that do not fit are explained."""

import subprocess
import sys
from pathlib import Path

import pytest

from CorrespondCoreLib import device_list, devices
from CorrespondCoreLib.errors import InputError, MissingPackage
from CorrespondCoreLib.launchers import launch_in_thread
from CorrespondCoreLib.progress import Progress

CORE = Path(devices.__file__).parents[1]


def pretend(monkeypatch, **versions):
    monkeypatch.setattr(devices, "installed_version", versions.get)


def test_package_checks_import_nothing():
    text = "import sys; from CorrespondCoreLib.devices import check_torch; check_torch(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", text], cwd=CORE, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize(
    ("versions", "words"),
    [
        ({}, "not installed"),
        ({"torch": "1.13.1", "numpy": "1.26.4"}, "too old"),
        ({"torch": "2.2.2", "numpy": "2.4.6"}, 'pip_install("numpy<2")'),
    ],
)
def test_torch_that_cannot_be_used_is_explained(monkeypatch, versions, words):
    pretend(monkeypatch, **versions)
    with pytest.raises(MissingPackage) as caught:
        devices.check_torch()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("torch", "numpy"), [("2.2.2", "1.26.4"), ("2.13.0+cpu", "2.4.6"), ("2.3.0a0+git1", "2.0.0"), ("2.5.1+cu124", "1.26.4")]
)
def test_torch_that_fits(monkeypatch, torch, numpy):
    pretend(monkeypatch, torch=torch, numpy=numpy)
    devices.check_torch()


def test_cpu_is_always_there():
    assert devices.pick_device("cpu") == "cpu"
    assert devices.probe()["cpu"]["works"]
    assert devices._problem("cpu") is None, "what is tried out on graphics processors works on the CPU"


def test_unknown_and_absent_devices_are_refused(monkeypatch):
    monkeypatch.setattr(devices, "_present", lambda kind: False)
    with pytest.raises(InputError, match="Unknown device"):
        devices.pick_device("abacus")
    with pytest.raises(InputError, match="not available"):
        devices.pick_device("cuda")
    assert devices.pick_device("auto") == "cpu"


def test_auto_takes_only_devices_that_work_and_says_so(monkeypatch):
    monkeypatch.setattr(devices, "_present", lambda kind: True)
    problems = {"cuda": "no kernel image is available.", "mps": None}
    monkeypatch.setattr(devices, "_problem", problems.get)
    progress = Progress()
    assert devices.pick_device("auto", progress) == "mps"
    assert progress.warnings == ["The graphics processor (cuda) is not used: no kernel image is available."]
    problems["mps"] = "grid_sampler_3d is not implemented for MPS."
    assert devices.pick_device("auto", progress) == "cpu"
    with pytest.raises(InputError, match="grid_sampler_3d"):
        devices.pick_device("mps")


def test_a_device_that_raises_or_computes_something_else_does_not_work(monkeypatch):
    import torch

    honest = devices._gradients
    monkeypatch.setattr(
        devices, "_gradients", lambda *a: honest(*a[:3], "cpu") if a[3] == "cpu" else [t + 1 for t in honest(*a[:3], "cpu")]
    )
    assert "differ" in devices._problem("mps")

    def refuse(*arguments):
        if arguments[3] != "cpu":
            raise NotImplementedError("aten::grid_sampler_3d is not implemented for MPS\nmore")
        return [torch.zeros(1)]

    monkeypatch.setattr(devices, "_gradients", refuse)
    assert devices._problem("mps") == "aten::grid_sampler_3d is not implemented for MPS."


def test_devices_are_asked_of_a_child_once(monkeypatch):
    monkeypatch.setattr(device_list, "_known", {})
    answers = []
    job = device_list.ask_devices(lambda found, error: answers.append((found, error)), launch=launch_in_thread)
    assert job.wait(120)
    assert answers[0][1] is None and answers[0][0]["cpu"]["works"]
    assert device_list.ask_devices(lambda found, error: answers.append((found, error))) is None
    assert answers[1] == answers[0]


def test_a_failed_question_is_answered_and_asked_again(monkeypatch):
    monkeypatch.setattr(device_list, "_known", {})

    def launch(args, on_line, on_exit):
        return launch_in_thread([sys.executable, "-c", "raise SystemExit(1)"], on_line, on_exit)

    answers = []
    for _ in range(2):
        assert device_list.ask_devices(lambda found, error: answers.append((found, error)), launch=launch).wait(20)
    assert [found for found, _ in answers] == [{}, {}] and all(answers)
    assert "killed or crashed" in str(answers[1][1])
