"""A segmentation as text to paste: a command for the terminal, or Python for Slicer's console."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.commands import slicer_command_line
from CorrespondCoreLib.errors import InputError
from CorrespondCoreLib.files import check_output_folder

MODULE_FOLDER = Path(__file__).resolve().parents[1]


def asCommandLine(request, folder):
    """The command that does the same outside of the panel, quoted for the user's shell.

    The run is written to a folder of its name in `folder`; the results go to "results" in there.
    """
    if not str(folder).strip():
        raise InputError(_("Choose a folder first: the command's input files are written there."))
    request.check()
    inputs = check_output_folder(Path(folder) / slicer.app.coreIOManager().forceFileNameValidCharacters(request.run.GetName()))
    command = ["tavi", "segment", *request.write(inputs), "--output", str(inputs / "results")]
    return slicer_command_line(command, [MODULE_FOLDER])


def asPython(request):
    """Python code for Slicer's console that does the same."""
    request.check()
    node = request.run
    unique = slicer.mrmlScene.GetNodesByName(node.GetName()).GetNumberOfItems() == 1
    names = ("method", "network", "fieldOfView", "threshold", "device", "frames", "settings", "threads")
    options = {name: getattr(request, name) for name in names if getattr(request, name)}
    arguments = [f"slicer.util.getNode({(node.GetName() if unique else node.GetID())!r})"]
    arguments += [f"{name}={value!r}" for name, value in options.items()]
    joined = ",\n    ".join(arguments)
    return f"from TAVIFusion import TAVIFusionLogic\n\nresults = TAVIFusionLogic().segment(\n    {joined},\n)\n"
