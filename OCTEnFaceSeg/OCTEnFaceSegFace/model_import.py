"""Models and checkpoints into the user's folder of models, by the commands that do it."""

import json
from pathlib import Path

from CorrespondCoreLib.models import CARD, ModelStore


def isCheckpoint(path):
    """Whether a path is taken as weights of original code: anything but a model's folder, its card or a zip archive of it."""
    path = Path(path)
    return not (path.is_dir() or path.name == CARD or path.suffix.lower() == ".zip")


def importCommand(path, network, lesion):
    """The command that imports a model, or a checkpoint of a network's original code that finds a lesion."""
    path = Path(path)
    if isCheckpoint(path):
        return ["oct", "import-checkpoint", str(path), "--network", network, "--lesion", lesion]
    return ["models", "import", str(path.parent if path.name == CARD else path)]


def importedCard(job):
    """The card of the model that a command has imported, by what it left in its job folder (a Path)."""
    results = json.loads((job / "result.json").read_text(encoding="utf-8"))["results"]
    return ModelStore().get(results["model"]["id"]).card
