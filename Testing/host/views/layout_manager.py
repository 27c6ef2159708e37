"""slicer.app.layoutManager(): the real layout logic decides which views there are; here they are made and arranged."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Qt, Signal

from ..widgets.declare import given
from .plot_view import qMRMLPlotWidget
from .render_view import ctkVTKAbstractView, qMRMLAbstractViewWidget
from .slice_view import qMRMLSliceWidget
from .table_view import qMRMLTableWidget
from .three_d_view import qMRMLThreeDWidget

WIDGETS = {
    "vtkMRMLSliceNode": qMRMLSliceWidget,
    "vtkMRMLViewNode": qMRMLThreeDWidget,
    "vtkMRMLTableViewNode": qMRMLTableWidget,
    "vtkMRMLPlotViewNode": qMRMLPlotWidget,
}


def _nth(kind: type):
    """A method that returns the widget of this kind with an index among those shown, or None."""
    return lambda self, index: dict(enumerate(self._of(kind))).get(index)


def _count(kind: type) -> Property:
    return Property(int, lambda self: len(self._of(kind)))


class qSlicerLayoutManager(QtCore.QObject):
    layoutChanged = Signal(int)

    def __init__(self, scene, application_logic):
        super().__init__()
        self._scene, self._application_logic = scene, application_logic
        self._widgets: dict[str, qMRMLAbstractViewWidget] = {}
        self._description, self._arrangement = "", -1
        self._viewport = QtWidgets.QWidget()
        self._viewport.setObjectName("CentralWidgetLayoutFrame")
        self._viewport.resize(1100, 800)
        self._viewport.setStyleSheet("QWidget#CentralWidgetLayoutFrame {background: #b0b0b0}")
        QtWidgets.QVBoxLayout(self._viewport).setContentsMargins(0, 0, 0, 0)
        self._logic = slicer.vtkMRMLLayoutLogic()
        self._logic.SetMRMLApplicationLogic(application_logic)
        self._logic.SetMRMLScene(scene)
        node = self._logic.GetLayoutNode()
        node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._arrange())
        node.SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView)
        self._arrange()

    # --- layout
    def _arrange(self):
        node = self._logic.GetLayoutNode()
        description = node.GetCurrentLayoutDescription() or ""
        if description == self._description or not description:
            return
        self._description = description
        for widget in self._widgets.values():
            widget.hide()
            widget.setParent(None)
        old = self._viewport.layout().takeAt(0)
        if old is not None:
            old.widget().deleteLater()
        self._viewport.layout().addWidget(self._build(ElementTree.fromstring(description)))
        for widget in self._of(qMRMLAbstractViewWidget):
            widget.show()
        self.settle()
        if node.GetViewArrangement() != self._arrangement:
            self._arrangement = node.GetViewArrangement()
            self.layoutChanged.emit(self._arrangement)

    def settle(self):
        """Give the views their sizes, also in a window that is not shown: slices are fitted to them."""
        if not self._viewport.isVisible():
            ctkVTKAbstractView.paused = True
            self._viewport.window().grab()
            ctkVTKAbstractView.paused = False

    def _build(self, layout: ElementTree.Element) -> QtWidgets.QWidget:
        kind = layout.get("type", "vertical")
        if kind == "tab":
            tabs = QtWidgets.QTabWidget()
            for item in layout.findall("item"):
                tabs.addTab(self._content(item), item.get("name", ""))
            return tabs
        if layout.get("split") == "true":
            splitter = QtWidgets.QSplitter(Qt.Vertical if kind == "vertical" else Qt.Horizontal)
            items = layout.findall("item")
            for index, item in enumerate(items):
                splitter.addWidget(self._content(item))
                splitter.setStretchFactor(index, 1)
            splitter.setSizes([int(item.get("splitSize") or 400) for item in items])
            return splitter
        box = QtWidgets.QWidget()
        grid = QtWidgets.QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        for index, item in enumerate(layout.findall("item")):
            row, column = (index, 0) if kind == "vertical" else (0, index)
            row, column = int(item.get("row", row)), int(item.get("column", column))
            grid.addWidget(self._content(item), row, column, int(item.get("rowspan", 1)), int(item.get("colspan", 1)))
            grid.setRowStretch(row, 1)
            grid.setColumnStretch(column, 1)
        return box

    def _content(self, item: ElementTree.Element) -> QtWidgets.QWidget:
        inner = item[0]
        if inner.tag == "layout":
            return self._build(inner)
        nodes = slicer.util.getNodesByClass(inner.get("class"), self._scene)
        node = next(node for node in nodes if node.GetLayoutName() == inner.get("singletontag"))
        if node.GetID() not in self._widgets:
            self._widgets[node.GetID()] = WIDGETS[inner.get("class")](node, self._application_logic)
        return self._widgets[node.GetID()]

    def setLayout(self, layout):
        self._logic.GetLayoutNode().SetViewArrangement(layout)

    layoutLogic = given("_logic")
    viewport = given("_viewport")

    # --- views
    def _of(self, kind: type) -> list:
        """Widgets of one kind that the layout shows."""
        return [widget for widget in self._widgets.values() if isinstance(widget, kind) and widget.parent() is not None]

    def sliceViewNames(self):
        return [widget.mrmlSliceNode().GetLayoutName() for widget in self._of(qMRMLSliceWidget)]

    def sliceWidget(self, name):
        slices = (widget for widget in self._widgets.values() if isinstance(widget, qMRMLSliceWidget))
        return next((widget for widget in slices if widget.mrmlSliceNode().GetLayoutName() == name), None)

    threeDWidget = _nth(qMRMLThreeDWidget)
    tableWidget = _nth(qMRMLTableWidget)
    plotWidget = _nth(qMRMLPlotWidget)

    def mrmlSliceLogics(self):
        return self._application_logic.GetSliceLogics()

    def resetSliceViews(self):
        for widget in self._of(qMRMLSliceWidget):
            widget.sliceLogic().FitSliceToBackground()

    def resetThreeDViews(self):
        for widget in self._of(qMRMLThreeDWidget):
            widget.threeDView().resetFocalPoint()

    layout = Property(int, lambda self: self._logic.GetLayoutNode().GetViewArrangement(), setLayout)
    threeDViewCount = _count(qMRMLThreeDWidget)
    tableViewCount = _count(qMRMLTableWidget)
    plotViewCount = _count(qMRMLPlotWidget)
