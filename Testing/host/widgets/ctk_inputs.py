"""CTK's path widget."""

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Signal

from .declare import forwarded, given, row, stored

FILES = 2  # ctkPathLineEdit.Files
LONGEST_HISTORY = 10


class ctkPathLineEdit(QtWidgets.QWidget):
    """An editable path with a history kept in the settings and a browse button."""

    currentPathChanged = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._combo, self._button = QtWidgets.QComboBox(), QtWidgets.QToolButton()
        self._combo.setEditable(True)
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._button.setText("...")
        row(self, self._combo, self._button)
        self._edit = self._combo.lineEdit()
        self._combo.editTextChanged.connect(self.currentPathChanged)
        self._button.clicked.connect(self.browse)

    def browse(self):
        if self.filters & FILES:
            path, _ = QtWidgets.QFileDialog.getOpenFileName(self, "", self.currentPath, ";;".join(self.nameFilters))
        else:
            path = QtWidgets.QFileDialog.getExistingDirectory(self, "", self.currentPath)
        if path:
            self.currentPath = path
            self.addCurrentPathToHistory()

    def _history(self) -> list[str]:
        paths = QtCore.QSettings().value(self.settingKey) if self.settingKey else None
        return [paths] if isinstance(paths, str) else list(paths or [])

    def addCurrentPathToHistory(self):
        path = self.currentPath
        if path and self.settingKey:
            QtCore.QSettings().setValue(self.settingKey, [path, *(p for p in self._history() if p != path)][:LONGEST_HISTORY])
            self._show_history()

    def _show_history(self):
        path = self.currentPath
        with QtCore.QSignalBlocker(self._combo):
            self._combo.clear()
            self._combo.addItems(self._history())
            self._combo.setEditText(path)

    comboBox = given("_combo")
    currentPath = forwarded(str, "_edit", "text")
    filters = stored(int, 7)
    settingKey = stored(str, "", "_show_history")
    nameFilters = stored("QStringList", [])
