"""Packages are installed after one question that names everything; whatever goes wrong, the user learns what to do."""

import os
import subprocess
import sys
import types
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from CorrespondCoreLib import packages
from CorrespondCoreLib.errors import MissingPackage
from CorrespondCoreLib.packages import SAFETENSORS, TORCH, ensure


class Desktop:
    """What packages.py uses of Slicer, with an imaginary Python environment."""

    def __init__(self, installed, extension=True, offline=False):
        self.installed, self.offline = dict(installed), offline
        self.questions, self.installs = [], []
        self.answer = True
        self.extension = extension

    def pip_check(self, requirement):
        return requirement.split(">=")[0] in self.installed

    def pip_install(self, requirements, constraints=None, requester=None, show_progress=True):
        assert not show_progress  # its dialog would tell of a failure a second time
        self.installs.append((requirements, Path(constraints).read_text(), requester))
        self._install([requirement.split(">=")[0] for requirement in requirements])

    def installTorch(self, askConfirmation=False, forceComputationBackend=None, torchVersionRequirement=None):  # noqa: N802
        constraints = Path(unquote(urlparse(os.environ["PIP_CONSTRAINT"].split()[-1]).path)).read_text()
        self.installs.append((["torch" + torchVersionRequirement], constraints, askConfirmation))
        self._install(["torch"])

    def _install(self, names):
        if self.offline:
            raise subprocess.CalledProcessError(1, "pip install")
        self.installed.update(dict.fromkeys(names, "9.0"))

    def confirm(self, text, title):
        self.questions.append((text, title))
        return self.answer


@pytest.fixture
def desktop(monkeypatch):
    def make(installed, **options):
        desktop = Desktop({"numpy": "2.4.6", "scipy": "1.17.1", "SimpleITK": "2.5.0", "pydicom": "3.0.2", **installed}, **options)
        slicer, packaging, util, torch_utils = (
            types.ModuleType(n) for n in ("slicer", "slicer.packaging", "slicer.util", "PyTorchUtils")
        )
        packaging.pip_check, packaging.pip_install = desktop.pip_check, desktop.pip_install
        util.confirmOkCancelDisplay = lambda text, windowTitle: desktop.confirm(text, windowTitle)
        slicer.packaging, slicer.util = packaging, util
        torch_utils.PyTorchUtilsLogic = lambda: desktop
        for module in (slicer, packaging, util):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(sys.modules, "PyTorchUtils", torch_utils)
        if not desktop.extension:
            monkeypatch.delitem(sys.modules, "PyTorchUtils")
        monkeypatch.setattr(packages, "installed_version", desktop.installed.get)
        monkeypatch.setattr("CorrespondCoreLib.devices.installed_version", desktop.installed.get)
        return desktop

    return make


def test_nothing_is_asked_when_all_is_there(desktop):
    here = desktop({"torch": "2.9.0", "safetensors": "0.5"})
    ensure([TORCH, SAFETENSORS], "Lung Registration", here.confirm)
    assert here.questions == [] and here.installs == []


def test_one_question_names_everything_and_its_size_then_the_work_goes_on(desktop):
    here = desktop({})
    ensure([TORCH, SAFETENSORS], "Lung Registration", here.confirm)
    ((text, title),) = here.questions
    assert "torch >=2.2 (about 200 MB" in text and "3 GB" in text and "safetensors >=0.4 (less than 1 MB)" in text
    assert "Lung Registration" in title and "what you have started goes on" in text
    assert [names for names, *_ in here.installs] == [["torch>=2.2"], ["safetensors>=0.4"]]
    assert here.installs[0][2] is False, "the PyTorch extension does not ask a second time"


def test_slicers_own_packages_are_frozen(desktop, monkeypatch):
    monkeypatch.delenv("PIP_CONSTRAINT", raising=False)
    here = desktop({"torch": "2.9.0+cu128"})
    ensure([TORCH, SAFETENSORS], "Lung Registration", here.confirm)
    ((_, constraints, _),) = here.installs
    assert constraints.split() == ["numpy==2.4.6", "scipy==1.17.1", "SimpleITK==2.5.0", "pydicom==3.0.2", "torch==2.9.0+cu128"]
    here = desktop({"safetensors": "0.5"})
    ensure([TORCH, SAFETENSORS], "Lung Registration", here.confirm)
    ((_, constraints, _),) = here.installs
    assert "numpy==2.4.6" in constraints and "torch" not in constraints
    assert "PIP_CONSTRAINT" not in os.environ


def test_constraints_of_the_user_stay(desktop, monkeypatch):
    monkeypatch.setenv("PIP_CONSTRAINT", "mine.txt")
    here = desktop({})
    ensure([TORCH], "Lung Registration", here.confirm)
    assert os.environ["PIP_CONSTRAINT"] == "mine.txt"


def test_slicers_dialog_is_the_default_question(desktop):
    here = desktop({})
    ensure([SAFETENSORS], "Lung Registration")
    assert len(here.questions) == 1


def test_declined(desktop):
    here = desktop({})
    here.answer = False
    with pytest.raises(
        MissingPackage, match="torch, safetensors are not installed, as you chose.*needs them for this: try again"
    ):
        ensure([TORCH, SAFETENSORS], "Lung Registration", here.confirm)
    assert here.installs == []


@pytest.mark.parametrize("absent", [TORCH, SAFETENSORS])
def test_offline(desktop, absent):
    here = desktop({}, offline=True)
    with pytest.raises(MissingPackage, match="online and try again"):
        ensure([absent], "Lung Registration", here.confirm)
    assert "PIP_CONSTRAINT" not in os.environ


def test_without_the_pytorch_extension(desktop):
    here = desktop({}, extension=False)
    with pytest.raises(MissingPackage, match="Extensions Manager, install PyTorch, restart"):
        ensure([TORCH], "Lung Registration", here.confirm)
    assert here.questions == [], "nothing is asked that cannot be done"


def test_an_installation_that_changed_nothing_is_noticed(desktop):
    here = desktop({})
    here._install = lambda names: None
    with pytest.raises(MissingPackage, match="still missing"):
        ensure([SAFETENSORS], "Lung Registration", here.confirm)


def test_a_torch_that_does_not_fit_numpy_comes_with_the_remedy(desktop):
    """Slicer for macOS: the newest torch is 2.2, Slicer's NumPy is 2."""
    here = desktop({})
    here._install = lambda names: here.installed.update(torch="2.2.2")
    with pytest.raises(MissingPackage, match='pip_install\\("numpy<2"\\)'):
        ensure([TORCH], "Lung Registration", here.confirm)
