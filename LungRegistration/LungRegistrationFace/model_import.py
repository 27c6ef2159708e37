"""Models and checkpoints into the user's folder of models, by the commands that do it."""

import json
from pathlib import Path

from CorrespondCoreLib.models import CARD, ModelStore


def importCommand(path):
    """The command that imports a model: a folder, its card or a zip archive as it is, anything else as a checkpoint of RRN."""
    path = Path(path)
    if path.name == CARD:
        path = path.parent
    if path.is_dir() or path.suffix.lower() == ".zip":
        return ["models", "import", str(path)]
    return ["lung", "import-checkpoint", str(path), "--network", "rrn"]


def importedCard(folder):
    """The card of the model that a command has imported, by what it left in its job folder."""
    results = json.loads((folder / "result.json").read_text(encoding="utf-8"))["results"]
    return ModelStore().get(results["model"]["id"]).card
