"""Commands of `correspond lung` beside Slicer."""

from pathlib import Path

from CorrespondCoreLib.panel import background

MODULE_FOLDER = Path(__file__).resolve().parents[1]


class Background(background.Background):
    """One command of this module's library; arguments as those of the class that all modules share."""

    def __init__(self, prepare, load, nodes=(), onProgress=None, onFinished=None, onPoints=None):
        super().__init__(MODULE_FOLDER, prepare, load, nodes, onProgress, onFinished, onPoints)
