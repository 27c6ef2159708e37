"""Networks into the user's folder of models: which file, and the command that checks and copies it."""

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.panel.model_import import wholeModel

PATTERNS = "card.json *.zip *.safetensors *.pt *.pth *.ckpt"


def askForModel():
    """The file that the user chooses, or an empty string."""
    filters = f"{_('Model or weights')} ({PATTERNS});;{_('All files')} (*)"
    return qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), _("Import a network"), "", filters)


def importCommand(path, fieldOfView="auto"):
    """The command that imports a model (folder, card, zip archive), or the weights of a segmentation network.

    Args:
        fieldOfView: that weights alone are for: "upper", "lower", or "auto" where nobody says it.
    """
    whole = wholeModel(path)
    command = ["tavi", "import-model", str(whole or path)]
    return command if whole is not None or fieldOfView == "auto" else [*command, "--field-of-view", fieldOfView]
