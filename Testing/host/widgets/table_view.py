"""qMRMLTableView: the cells of a table node, editable, selectable; follows the node."""

from __future__ import annotations

import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Qt, Signal

from .declare import Observed, given
from .scene_widgets import SceneHolder


class qMRMLTableModel(QtCore.QAbstractTableModel):
    """A table node's cells under the names of its columns."""

    def __init__(self, view):
        super().__init__(view)
        self.node, self._observed = None, Observed()

    def set_node(self, node):
        self.node = node
        self._observed.set([node] if node is not None else [], [vtk.vtkCommand.ModifiedEvent], lambda *_: self._reset())
        self._reset()

    def _reset(self):
        self.beginResetModel()
        self.endResetModel()

    def rowCount(self, parent=None):
        return self.node.GetNumberOfRows() if self.node is not None else 0

    def columnCount(self, parent=None):
        return self.node.GetNumberOfColumns() if self.node is not None else 0

    def data(self, index, role=Qt.DisplayRole):
        return self.node.GetCellText(index.row(), index.column()) if role in (Qt.DisplayRole, Qt.EditRole) else None

    def setData(self, index, value, role=Qt.EditRole):
        return bool(self.node.SetCellText(index.row(), index.column(), str(value)))

    def flags(self, index):
        return super().flags(index) | (Qt.NoItemFlags if self.node.GetLocked() else Qt.ItemIsEditable)

    def headerData(self, section, orientation, role=Qt.DisplayRole):
        if role != Qt.DisplayRole or self.node is None:
            return None
        return self.node.GetColumnName(section) if orientation == Qt.Horizontal else section + 1


class qMRMLTableView(SceneHolder, QtWidgets.QTableView):
    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._view_node, self._observed = None, Observed()
        self._proxy, self._cells = QtCore.QSortFilterProxyModel(self), qMRMLTableModel(self)
        self._proxy.setSourceModel(self._cells)
        self.setModel(self._proxy)
        self.horizontalHeader().setStretchLastSection(False)

    def setMRMLTableNode(self, node):
        self._cells.set_node(node)
        self.resizeColumnsToContents()

    mrmlTableNode = given("_cells.node")

    def setMRMLTableViewNode(self, node):
        self._view_node = node
        self._observed.set([node], [vtk.vtkCommand.ModifiedEvent], lambda *_: self._follow())
        self._follow()

    def _follow(self):
        if self._view_node.GetTableNode() is not self.mrmlTableNode():
            self.setMRMLTableNode(self._view_node.GetTableNode())
