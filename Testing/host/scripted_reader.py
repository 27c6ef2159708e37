"""The reader that a scripted module brings: its class <Module>FileReader, asked as Slicer asks it."""

from __future__ import annotations

from pathlib import Path

import slicer
import vtk
from PySide6 import QtCore

from . import pythonqt
from .widgets.declare import given, stored


class qSlicerScriptedFileReader(QtCore.QObject):
    """Slicer's side of a reader; `self()` is the module's Python object, which puts IDs of loaded nodes into `loadedNodes`."""

    def __init__(self, cls):
        super().__init__()
        self._messages = slicer.vtkMRMLMessageCollection()
        self._python = cls(pythonqt.wrap(self))

    def fileType(self):
        return self._python.fileType()

    self = given("_python")
    userMessages = given("_messages")

    def _fits(self, path) -> bool:
        """Whether the name is among the extensions ("Name (*.a *.b)")."""
        texts = self._python.extensions()
        patterns = [pattern for text in texts for pattern in text[text.rindex("(") + 1 : text.rindex(")")].split()]
        return any(Path(path).name.lower().endswith(pattern.lstrip("*").lower()) for pattern in patterns)

    def canLoadFileConfidence(self, path):
        """0 where the name does not fit; else what the reader says of the file's content."""
        if not self._fits(path):
            return 0.0
        return float(self._python.canLoadFileConfidence(path)) if hasattr(self._python, "canLoadFileConfidence") else 0.5

    def load(self, properties):
        self.loadedNodes = []
        self._messages.ClearMessages()
        return bool(self._python.load(properties))

    def failure(self, path):
        """What the user is told when nothing was loaded."""
        return self._messages.GetAllMessagesAsString() or f"{path} cannot be read as {self.fileType()}"

    loadedNodes = stored("QStringList", [])


def tell(messages, text):
    """Add an error for the user, where there is anyone to hear it."""
    if messages is not None:
        messages.AddMessage(vtk.vtkCommand.ErrorEvent, text)
