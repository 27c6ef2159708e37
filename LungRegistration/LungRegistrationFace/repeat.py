"""A registration as text to paste: a command for the terminal, or Python for Slicer's console."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.commands import slicer_command_line
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder

from .background import MODULE_FOLDER


def asCommandLine(request, folder):
    """The command that does the same outside of the panel, quoted for the user's shell.

    The inputs are written to the folder "<moving> to <fixed>" in `folder` (images and masks as they lie in the scene); the
    results go to "results" in there.
    """
    if not str(folder).strip():
        raise InputError(_("Choose a folder first: the command's input files are written there."))
    request.check()
    name = slicer.app.coreIOManager().forceFileNameValidCharacters(f"{request.moving.GetName()} to {request.fixed.GetName()}")
    inputs = check_output_folder(Path(folder) / name)
    command = ["lung", "register", *request.write(inputs), "--output", str(inputs / "results")]
    return slicer_command_line(command, [MODULE_FOLDER])


def asPython(request):
    """Python code for Slicer's console that does the same."""
    request.check()
    options = {
        "fixedMask": _maskText(request.fixedMask),
        "movingMask": _maskText(request.movingMask),
        "initialTransform": _nodeText(request.initialTransform),
        "fixedLandmarks": _nodeText(request.fixedLandmarks),
        "movingLandmarks": _nodeText(request.movingLandmarks),
        "matchBy": repr(request.matchBy) if request.fixedLandmarks else None,
        "guideByLandmarks": "True" if request.guideByLandmarks else None,
        "fixedIs": repr(request.fixedIs),
        "preset": repr(request.preset),
        "settings": repr(request.settings) if request.settings else None,
        "device": repr(request.device),
        "threads": str(request.threads) if request.threads else None,
        "maps": "True" if request.maps else None,
        "levels": "True" if request.levels else None,
    }
    arguments = [_nodeText(request.fixed), _nodeText(request.moving), *(f"{k}={v}" for k, v in options.items() if v is not None)]
    joined = ",\n    ".join(arguments)
    return f"from LungRegistration import LungRegistrationLogic\n\nresult = LungRegistrationLogic().register(\n    {joined},\n)\n"


def _nodeText(node):
    """How the console finds a node: by name, or by ID when the name is not unique."""
    if node is None:
        return None
    unique = slicer.mrmlScene.GetNodesByName(node.GetName()).GetNumberOfItems() == 1
    return f"slicer.util.getNode({(node.GetName() if unique else node.GetID())!r})"


def _maskText(mask):
    return f"({_nodeText(mask[0])}, {mask[1]!r})" if mask[0] is not None else None
