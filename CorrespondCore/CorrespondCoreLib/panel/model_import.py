"""Models that a command brings into the user's folder of models: what was chosen in the panel, and what came of it."""

import json
from pathlib import Path

from ..models import CARD, WEIGHTS, ModelStore


def wholeModel(path):
    """Folder or zip archive (Path) of the model that a chosen file or folder is or belongs to; None: weights alone."""
    path = Path(path)
    if path.name in (CARD, WEIGHTS) and (path.parent / CARD).is_file():
        return path.parent
    return path if path.is_dir() or path.suffix.lower() == ".zip" else None


def importedCard(folder):
    """The card of the model that a command has imported, by what it left in its job folder."""
    results = json.loads((folder / "result.json").read_text(encoding="utf-8"))["results"]
    return ModelStore().get(results["model"]["id"]).card
