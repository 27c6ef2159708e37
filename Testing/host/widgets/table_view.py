"""qMRMLTableView: the cells of a table node, editable, selectable; follows the node."""

from __future__ import annotations

import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Qt, Signal

from .declare import stored


class qMRMLTableModel(QtCore.QAbstractTableModel):
    """A table node's cells. The first row and column can be shown as headers."""

    def __init__(self, view):
        super().__init__(view)
        self._view, self._node, self._tag = view, None, None

    def set_node(self, node):
        if self._node is not None:
            self._node.RemoveObserver(self._tag)
        self._node = node
        if node is not None:
            self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self.refresh())
        self.refresh()

    def node(self):
        return self._node

    def refresh(self):
        self.beginResetModel()
        self.endResetModel()

    def _size(self):
        return (self._node.GetNumberOfRows(), self._node.GetNumberOfColumns()) if self._node is not None else (0, 0)

    def rowCount(self, parent=None):
        rows, columns = self._size()
        return columns if self._view.transposed else rows

    def columnCount(self, parent=None):
        rows, columns = self._size()
        return rows if self._view.transposed else columns

    def _cell(self, index):
        return (index.column(), index.row()) if self._view.transposed else (index.row(), index.column())

    def data(self, index, role=Qt.DisplayRole):
        return self._node.GetCellText(*self._cell(index)) if role in (Qt.DisplayRole, Qt.EditRole) else None

    def setData(self, index, value, role=Qt.EditRole):
        return bool(self._node.SetCellText(*self._cell(index), str(value)))

    def flags(self, index):
        editable = Qt.NoItemFlags if self._node.GetLocked() else Qt.ItemIsEditable
        return super().flags(index) | editable

    def headerData(self, section, orientation, role=Qt.DisplayRole):
        if role != Qt.DisplayRole or self._node is None:
            return None
        names_across = (orientation == Qt.Horizontal) != self._view.transposed
        return self._node.GetColumnName(section) if names_across else section + 1


class qMRMLTableView(QtWidgets.QTableView):
    mrmlSceneChanged = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._scene, self._view_node, self._tag = None, None, None
        self._proxy = QtCore.QSortFilterProxyModel(self)
        self._model = qMRMLTableModel(self)
        self._proxy.setSourceModel(self._model)
        self.setModel(self._proxy)
        self.horizontalHeader().setStretchLastSection(False)

    def setMRMLScene(self, scene):
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)

    def mrmlScene(self):
        return self._scene

    def setMRMLTableNode(self, node):
        self._model.set_node(node)
        self.resizeColumnsToContents()

    def mrmlTableNode(self):
        return self._model.node()

    def setMRMLTableViewNode(self, node):
        if self._view_node is not None:
            self._view_node.RemoveObserver(self._tag)
        self._view_node = node
        if node is not None:
            self._tag = node.AddObserver(vtk.vtkCommand.ModifiedEvent, lambda *_: self._follow())
            self._follow()

    def _follow(self):
        if self._view_node.GetTableNode() is not self.mrmlTableNode():
            self.setMRMLTableNode(self._view_node.GetTableNode())

    def mrmlTableViewNode(self):
        return self._view_node

    def tableModel(self):
        return self._model

    def sortFilterProxyModel(self):
        return self._proxy

    def setTransposed(self, transposed):
        self.transposed = transposed

    def _refresh(self):
        self._model.refresh()

    def insertRow(self):
        self.mrmlTableNode().AddEmptyRow()

    def insertColumn(self):
        self.mrmlTableNode().AddColumn()

    transposed = stored(bool, False, "_refresh")
    firstRowLocked = stored(bool, False)
    firstColumnLocked = stored(bool, False)
