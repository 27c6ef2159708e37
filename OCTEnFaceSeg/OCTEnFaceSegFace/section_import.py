"""The group of the Method section that imports models."""

from pathlib import Path

from OCTEnFaceSegLib.networks.original_names import TITLES

from .model_import import isCheckpoint


class ImportSection:
    """A model's folder says what it is; of a checkpoint the user says whose weights it holds."""

    def __init__(self, ui, onImport):
        """onImport: called with the path and the network when the user wants to import."""
        self.ui = ui
        for network, title in TITLES.items():
            ui.checkpointNetworkComboBox.addItem(title, network)
        ui.modelFilePathLineEdit.connect("currentPathChanged(QString)", self._onPath)
        ui.importModelButton.connect("clicked()", lambda: onImport(ui.modelFilePathLineEdit.currentPath, self._network()))
        self._onPath()

    def _network(self):
        box = self.ui.checkpointNetworkComboBox
        return box.itemData(box.currentIndex)

    def _onPath(self, _path=None):
        path = str(self.ui.modelFilePathLineEdit.currentPath).strip()
        exists = bool(path) and Path(path).exists()
        self.ui.importModelButton.enabled = exists
        self.ui.checkpointNetworkComboBox.enabled = exists and isCheckpoint(path)
