"""What the panel tests share: the panel in an empty scene, a 64^3 phantom pair, one registered pair. Runs in Slicer, too."""

import atexit
import functools
import shutil
import subprocess
import tempfile
from pathlib import Path
from unittest import mock

import numpy as np

from Testing import host

host.start(modules=["CorrespondCore/CorrespondCore.py", "LungRegistration/LungRegistration.py"])
import slicer  # noqa: E402

from LungRegistration import LungRegistrationTest  # noqa: E402
from Testing.panel_case import ModulePanelTestCase  # noqa: E402

SETTINGS = LungRegistrationTest.SETTINGS
"""A quick registration, good enough for a 64^3 phantom."""


@functools.cache
def phantom():
    """The 64^3 phantom (LungRegistrationLib.phantom.Phantom), made once."""
    from LungRegistrationLib.phantom import breathing_phantom

    return breathing_phantom(size=(64, 64, 64))


@functools.cache
def resultFolder():
    """Output of a registration of the phantom pair with its lobes and landmarks, made once: by the command that the panel
    copies, in the user's shell."""
    from LungRegistrationFace.repeat import asCommandLine

    folder = Path(tempfile.mkdtemp(prefix="Correspond panel é "))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    command = asCommandLine(request(addPhantom()), folder)
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"{command}\n{done.stderr}")
    return next(folder.glob("*/results"))


def addPhantom():
    """The phantom pair in the scene (SamplePair)."""
    from LungRegistrationFace.sample_data import addPair

    p = phantom()
    return addPair(p.fixed, p.moving, p.fixed_lobes, p.moving_lobes, p.fixed_landmarks_mm, p.moving_landmarks_mm)


def request(pair):
    """A quick registration of the pair with its lobes and landmarks."""
    from LungRegistrationFace.request import RegistrationRequest

    masks = {"fixedMask": (pair.fixedLobes, ""), "movingMask": (pair.movingLobes, "")}
    landmarks = {"fixedLandmarks": pair.fixedLandmarks, "movingLandmarks": pair.movingLandmarks}
    return RegistrationRequest(pair.fixed, pair.moving, **masks, **landmarks, preset="fast", settings=SETTINGS)


class PanelTestCase(ModulePanelTestCase):
    """The module's panel in an empty scene."""

    MODULE = "LungRegistration"

    def choosePhantom(self):
        """The phantom pair, chosen in the panel."""
        pair = addPhantom()
        self.widget.inputs.choose(pair)
        return pair

    def showResult(self):
        """The registered phantom pair, chosen in the panel: (SamplePair, RegistrationResult)."""
        from LungRegistrationFace.result_loading import loadResult

        folder = resultFolder()
        pair = self.choosePhantom()
        asked = request(pair)
        result = loadResult(folder, asked, asked.pairs())
        self.parameters.result = result.transform
        return pair, result

    def quick(self):
        """Let the panel register with the quick settings."""
        asked = self.widget.request
        quicker = mock.patch.object(self.widget, "request", lambda: _with(asked(), preset="fast", settings=SETTINGS))
        quicker.start()
        self.addCleanup(quicker.stop)

    def shift(self, right, anterior, superior):
        """A linear transform node that moves what hangs under it (mm)."""
        matrix = np.eye(4)
        matrix[:3, 3] = right, anterior, superior
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "shift")
        slicer.util.updateTransformMatrixFromArray(node, matrix)
        return node


def _with(request, **changes):
    for name, value in changes.items():
        setattr(request, name, value)
    return request
