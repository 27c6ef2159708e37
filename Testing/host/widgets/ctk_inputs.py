"""CTK's path, choice and text widgets."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import row, stored

FILES = 2  # ctkPathLineEdit.Files
LONGEST_HISTORY = 10


class ctkPathLineEdit(QtWidgets.QWidget):
    """An editable path with a history kept in the settings and a browse button."""

    currentPathChanged = Signal(str)
    validInputChanged = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._combo, self._button = QtWidgets.QComboBox(), QtWidgets.QToolButton()
        self._combo.setEditable(True)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._button.setText("...")
        row(self, self._combo, self._button)
        self._combo.editTextChanged.connect(self._changed)
        self._button.clicked.connect(self.browse)

    def _changed(self, path: str):
        self.currentPathChanged.emit(path)
        self.validInputChanged.emit(bool(path))

    def setCurrentPath(self, path):
        self._combo.setEditText(str(path))

    def comboBox(self):
        return self._combo

    def browse(self):
        choose = QtWidgets.QFileDialog.getOpenFileName if self.filters & FILES else QtWidgets.QFileDialog.getExistingDirectory
        chosen = choose(self, self.label, self.currentPath)
        path = chosen[0] if isinstance(chosen, tuple) else chosen
        if path:
            self.setCurrentPath(path)
            self.addCurrentPathToHistory()

    def _history(self) -> list[str]:
        stored_paths = QtCore.QSettings().value(self.settingKey) if self.settingKey else None
        return [stored_paths] if isinstance(stored_paths, str) else list(stored_paths or [])

    def addCurrentPathToHistory(self):
        path = self.currentPath
        if path and self.settingKey:
            QtCore.QSettings().setValue(self.settingKey, [path, *(p for p in self._history() if p != path)][:LONGEST_HISTORY])
            self.retrieveHistory()

    def retrieveHistory(self):
        path = self.currentPath
        with QtCore.QSignalBlocker(self._combo):
            self._combo.clear()
            self._combo.addItems(self._history())
            self._combo.setEditText(path)

    currentPath = Property(str, lambda self: self._combo.currentText(), setCurrentPath)
    label = stored(str, "")
    filters = stored(int, 7)
    options = stored(int, 0)
    settingKey = stored(str, "", "retrieveHistory")
    nameFilters = stored("QStringList", [])
    showBrowseButton = Property(
        bool, lambda self: not self._button.isHidden(), lambda self, visible: self._button.setVisible(visible)
    )
    showHistoryButton = stored(bool, True)
    sizeAdjustPolicy = stored(int, 1)
    minimumContentsLength = stored(int, 0)


class ctkComboBox(QtWidgets.QComboBox):
    defaultText = stored(str, "", "update")
    forceDefault = stored(bool, False)


class ctkMessageBox(QtWidgets.QMessageBox):
    dontShowAgain = stored(bool, False)
    dontShowAgainVisible = stored(bool, False)
    dontShowAgainSettingsKey = stored(str, "")
