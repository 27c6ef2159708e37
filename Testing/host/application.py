"""slicer.app: the application object."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .widgets.declare import stored

VERSION = (5, 12, 3)


def _constant(kind, value):
    return Property(kind, lambda self: value)


class qSlicerCommandOptions(QtCore.QObject):
    runPythonAndExit = stored(bool, False)
    testingEnabled = Property(bool, lambda self: QtWidgets.QApplication.instance().testingEnabled())
    noMainWindow = _constant(bool, False)


class qSlicerApplication(QtWidgets.QApplication):
    startupCompleted = Signal()
    renderPaused = Signal(bool)
    mrmlSceneChanged = Signal(object)

    def __init__(self, folder: Path, testing: bool):
        super().__init__(["Slicer"])
        self._folder, self._testing, self._pauses = folder, testing, 0
        self._start_environment = QtCore.QProcessEnvironment.systemEnvironment()
        self._options = qSlicerCommandOptions()
        self.setApplicationName("Slicer")
        self.setOrganizationName("NA-MIC")
        QtCore.QSettings.setDefaultFormat(QtCore.QSettings.IniFormat)
        QtCore.QSettings.setPath(QtCore.QSettings.IniFormat, QtCore.QSettings.UserScope, str(folder / "settings"))
        self._settings = QtCore.QSettings()
        self._make_home()

    def _make_home(self):
        """Slicer's folder with the launcher PythonSlicer, which starts this Python.

        Like the real launcher it is a process of its own: killing it leaves the Python below it running, and its exit code is 1
        after any crash.
        """
        programs = self._folder / "Slicer" / "bin"
        programs.mkdir(parents=True)
        if os.name == "nt":
            (programs / "PythonSlicer.bat").write_text(f'@"{sys.executable}" %*\r\n', encoding="utf-8")
        else:
            launcher = programs / "PythonSlicer"
            launcher.write_text(
                f'#!/bin/sh\n"{sys.executable}" "$@"\ncode=$?\n[ $code -gt 127 ] && exit 1\nexit $code\n', encoding="utf-8"
            )
            launcher.chmod(launcher.stat().st_mode | stat.S_IXUSR)
        os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"
        (self._folder / "temp").mkdir()

    def attach(self, scene, application_logic, module_manager, io_manager):
        """Give the application its scene and managers, and make the views."""
        from .views.layout_manager import qSlicerLayoutManager

        self._scene, self._logic, self._modules, self._io = scene, application_logic, module_manager, io_manager
        self._layout_manager = qSlicerLayoutManager(scene, application_logic)

    def remove_folder(self):
        shutil.rmtree(self._folder, ignore_errors=True)

    def testingEnabled(self):
        return self._testing

    def mrmlScene(self):
        return self._scene

    def applicationLogic(self):
        return self._logic

    def moduleLogic(self, name):
        return self._logic.GetModuleLogic(name)

    def moduleManager(self):
        return self._modules

    def coreIOManager(self):
        return self._io

    def ioManager(self):
        return self._io

    def layoutManager(self):
        return self._layout_manager

    def commandOptions(self):
        return self._options

    def settings(self):
        return self._settings

    userSettings = revisionUserSettings = settings

    def startupEnvironment(self):
        return self._start_environment

    def environment(self):
        return QtCore.QProcessEnvironment.systemEnvironment()

    def moduleDocumentationUrl(self, name):
        return f"{self.documentationBaseUrl}user_guide/modules/{name.lower()}.html"

    def setRenderPaused(self, pause):
        self._pauses += 1 if pause else -1
        self._layout_manager.setRenderPaused(pause)
        self.renderPaused.emit(self._pauses > 0)

    def pauseRender(self):
        self.setRenderPaused(True)

    def resumeRender(self):
        self.setRenderPaused(False)

    slicerHome = Property(str, lambda self: str(self._folder / "Slicer"))
    temporaryPath = Property(str, lambda self: str(self._folder / "temp"))
    cachePath = Property(str, lambda self: str(self._folder / "temp"))
    slicerUserSettingsFilePath = Property(str, lambda self: self._settings.fileName())
    launcherExecutableFilePath = Property(str, lambda self: str(self._folder / "Slicer" / "Slicer"))
    launcherSettingsFilePath = Property(str, lambda self: str(self._folder / "Slicer" / "SlicerLauncherSettings.ini"))
    startupWorkingPath = _constant(str, os.getcwd())
    majorVersion = _constant(int, VERSION[0])
    minorVersion = _constant(int, VERSION[1])
    mainApplicationName = _constant(str, "Slicer")
    mainApplicationDisplayName = _constant(str, "3D Slicer")
    documentationBaseUrl = _constant(str, "https://slicer.readthedocs.io/en/latest/")
    documentationVersion = _constant(str, "latest")
    isInstalled = _constant(bool, True)
    os = _constant(str, {"win32": "win", "darwin": "macosx"}.get(sys.platform, "linux"))
    applicationLocaleName = _constant(str, "en_US")
