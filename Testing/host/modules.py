"""slicer.modules and the module factory: scripted modules are found, imported, shown, entered and left as in Slicer."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import Property, Signal

from . import pythonqt
from .widgets.declare import given, stored
from .widgets.scene_widgets import qSlicerWidget


class qSlicerLoadableModule(QtCore.QObject):
    """One of Slicer's own modules: its name and its logic. Its panel is not in the host."""

    def __init__(self, name: str, path: str = "", logic=None):
        super().__init__()
        self._name, self._path, self._logic = name, path, logic
        self.title = name

    logic = given("_logic")
    name = Property(str, lambda self: self._name)
    path = Property(str, lambda self: self._path)
    title = stored(str, "")
    categories = stored("QStringList", [])
    contributors = stored("QStringList", [])
    dependencies = stored("QStringList", [])
    helpText = stored(str, "")
    acknowledgementText = stored(str, "")
    icon = stored(QtGui.QIcon, QtGui.QIcon())
    hidden = stored(bool, False)


def _show(module: qSlicerLoadableModule):
    """Name a module in `slicer.modules` and `slicer.moduleNames`."""
    setattr(slicer.modules, module.name.lower(), pythonqt.wrap(module))
    setattr(slicer.moduleNames, module.name, module.name)


class qSlicerSequencesModule(qSlicerLoadableModule):
    """The module Sequences: its toolbar, which is not drawn here, plays one browser."""

    def setToolBarActiveBrowserNode(self, node):
        self._active = node


class qSlicerScriptedLoadableModuleWidget(qSlicerWidget):
    """The panel of a scripted module; the module's own Python object is `self()`."""

    def __init__(self, module: qSlicerScriptedLoadableModule):
        super().__init__()
        self._module, self._python, self._entered = module, None, False
        QtWidgets.QVBoxLayout(self)

    self = given("_python")
    module = given("_module")

    def reload(self):
        """Make the module's widget object and set it up."""
        name = self._module.name
        self.setMRMLScene(slicer.mrmlScene)
        self._python = getattr(sys.modules[name], f"{name}Widget")(pythonqt.wrap(self))
        setattr(slicer.modules, f"{name}Widget", self._python)
        self._python.setup()

    def _tell(self, name: str, entered: bool):
        if entered != self._entered:
            self._entered = entered
            getattr(self._python, name, lambda: None)()

    def enter(self):
        self._tell("enter", True)

    def exit(self):
        self._tell("exit", False)

    isEntered = Property(bool, lambda self: self._entered)


class qSlicerScriptedLoadableModule(qSlicerLoadableModule):
    """A module written in Python."""

    _widget = None

    def instantiate(self):
        """Import the file and make the module object, which fills in title, categories, help and so on."""
        name, folder = self.name, str(Path(self.path).parent)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        spec = importlib.util.spec_from_file_location(name, self.path)
        source = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(source)
        setattr(slicer.modules, f"{name}Instance", getattr(source, name)(pythonqt.wrap(self)))
        _show(self)
        if hasattr(source, f"{name}FileReader"):
            pythonqt.unwrap(slicer.app).coreIOManager().register(getattr(source, f"{name}FileReader"))

    def widgetRepresentation(self):
        if self._widget is None and hasattr(sys.modules[self.name], f"{self.name}Widget"):
            self._widget = qSlicerScriptedLoadableModuleWidget(self)
            self._widget.reload()
        return self._widget


class qSlicerModuleFactoryManager(QtCore.QObject):
    moduleLoaded = Signal(str)

    def __init__(self):
        super().__init__()
        self._paths, self._loaded = {}, {}

    def add(self, module: qSlicerLoadableModule):
        """Take one of Slicer's own modules in."""
        self._loaded[module.name] = module
        _show(module)

    def registerModule(self, file: QtCore.QFileInfo):
        path = Path(file.absoluteFilePath())
        if not path.is_file():
            raise FileNotFoundError(f"no module file {path}")
        self._paths[path.stem] = path

    def isLoaded(self, name):
        return name in self._loaded

    def loadedModuleNames(self):
        return [*self._loaded]

    def loadedModule(self, name):
        return self._loaded.get(name)

    def loadModules(self, names):
        """Load modules as at Slicer's start: startupCompleted() follows."""
        for name in names:
            self._load(name)
        QtWidgets.QApplication.instance().startupCompleted.emit()
        return True

    def _load(self, name: str):
        if name in self._loaded:
            return
        if name not in self._paths:
            raise RuntimeError(f"module {name} is neither loaded nor registered")
        module = qSlicerScriptedLoadableModule(name, str(self._paths[name]))
        module.instantiate()
        for needed in module.dependencies:
            self._load(needed)
        self._loaded[name] = module
        self.moduleLoaded.emit(name)


class qSlicerModuleManager(QtCore.QObject):
    moduleLoaded = Signal(str)
    moduleAboutToBeUnloaded = Signal(str)

    def __init__(self):
        super().__init__()
        self._factory = qSlicerModuleFactoryManager()
        self._factory.moduleLoaded.connect(self.moduleLoaded)

    factoryManager = given("_factory")

    def module(self, name):
        return self._factory.loadedModule(name)
