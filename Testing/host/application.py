"""slicer.app: the application object."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .widgets.declare import given, stored


class qSlicerCommandOptions(QtCore.QObject):
    runPythonAndExit = stored(bool, False)


class qSlicerApplication(QtWidgets.QApplication):
    startupCompleted = Signal()

    def __init__(self, folder: Path, testing: bool):
        super().__init__(["Slicer"])
        self._folder, self._testing = folder, testing
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

    testingEnabled = given("_testing")
    mrmlScene = given("_scene")
    applicationLogic = given("_logic")
    moduleManager = given("_modules")
    coreIOManager = given("_io")
    layoutManager = given("_layout_manager")
    commandOptions = given("_options")
    settings = given("_settings")
    startupEnvironment = given("_start_environment")

    def moduleDocumentationUrl(self, name):
        return f"https://slicer.readthedocs.io/en/latest/user_guide/modules/{name.lower()}.html"

    slicerHome = Property(str, lambda self: str(self._folder / "Slicer"))
    temporaryPath = Property(str, lambda self: str(self._folder / "temp"))
