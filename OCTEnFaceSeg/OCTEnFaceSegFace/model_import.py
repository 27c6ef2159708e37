"""Models and checkpoints into the user's folder of models, by the commands that do it."""

from CorrespondCoreLib.panel.model_import import wholeModel


def isCheckpoint(path):
    """Whether a path is taken as weights of original code: anything but a model's folder, a file of it or a zip archive of it."""
    return wholeModel(path) is None


def importCommand(path, network, lesion):
    """The command that imports a model, or a checkpoint of a network's original code that finds a lesion."""
    if isCheckpoint(path):
        return ["oct", "import-checkpoint", str(path), "--network", network, "--lesion", lesion]
    return ["models", "import", str(wholeModel(path))]
