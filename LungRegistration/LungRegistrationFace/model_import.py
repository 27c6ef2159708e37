"""Models and checkpoints into the user's folder of models, by the commands that do it."""

from CorrespondCoreLib.panel.model_import import wholeModel


def importCommand(path):
    """The command that imports a model: a folder, its card or a zip archive as it is, anything else as a checkpoint of RRN."""
    whole = wholeModel(path)
    if whole is not None:
        return ["models", "import", str(whole)]
    return ["lung", "import-checkpoint", str(path), "--network", "rrn"]
