"""The main window: module selector and module panel at the left, the views at the right."""

from __future__ import annotations

from PySide6 import QtWidgets
from PySide6.QtCore import Qt

from .widgets.declare import given

PANEL_WIDTH = 500  # pixels


class qSlicerModuleSelectorToolBar(QtWidgets.QToolBar):
    def __init__(self, module_manager, panel: QtWidgets.QScrollArea):
        super().__init__()
        self._modules, self._panel, self._selected = module_manager, panel, ""
        self._combo = QtWidgets.QComboBox()
        self.addWidget(QtWidgets.QLabel("Modules: "))
        self.addWidget(self._combo)
        for name in module_manager.factoryManager().loadedModuleNames():
            self._list(name)
        self._combo.setCurrentIndex(-1)
        module_manager.moduleLoaded.connect(self._list)
        self._combo.activated.connect(lambda index: self.selectModule(self._combo.itemData(index)))

    def _list(self, name: str):
        module = self._modules.module(name)
        if not module.hidden:
            self._combo.addItem(module.title or name, name)

    def selectModule(self, name):
        """Leave the current module and enter another; "" leaves only."""
        if name == self._selected:
            return
        for widget in self._widgets(self._selected):
            widget.exit()
        self._panel.takeWidget()
        for widget in self._widgets(name):
            self._panel.setWidget(widget)
            widget.show()
            widget.enter()
        self._selected = name
        self._combo.setCurrentIndex(self._combo.findData(name))

    def _widgets(self, name: str) -> list:
        """The panel of a module, if it has one."""
        module = self._modules.module(name)
        panel = module.widgetRepresentation() if hasattr(module, "widgetRepresentation") else None
        return [panel] if panel is not None else []


class qSlicerMainWindow(QtWidgets.QMainWindow):
    def __init__(self, app):
        super().__init__()
        self.setObjectName("qSlicerMainWindow")
        self.setWindowTitle("3D Slicer (host)")
        self._panel = QtWidgets.QScrollArea()
        self._panel.setWidgetResizable(True)
        self._panel.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._panel.setMinimumWidth(PANEL_WIDTH)
        self._selector = qSlicerModuleSelectorToolBar(app.moduleManager(), self._panel)
        self._selector.setObjectName("ModuleSelectorToolBar")
        self.addToolBar(self._selector)
        self.resize(1500, 900)
        splitter = QtWidgets.QSplitter()
        splitter.addWidget(self._panel)
        splitter.addWidget(app.layoutManager().viewport())
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([PANEL_WIDTH, self.width() - PANEL_WIDTH])
        self.setCentralWidget(splitter)
        self.statusBar()

    moduleSelector = given("_selector")
