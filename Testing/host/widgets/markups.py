"""Widgets that place and list markups points."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import Observed, given, row, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widgets import qSlicerWidget

EVENTS = (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLInteractionNode.InteractionModeChangedEvent)
COLUMNS = ("Label", "R", "A", "S")


class qSlicerMarkupsPlaceWidget(qSlicerWidget):
    """Buttons that turn place mode on for a markups node and delete its points."""

    activeMarkupsPlaceModeChanged = Signal(bool)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._place, self._delete = QtWidgets.QToolButton(), QtWidgets.QToolButton()
        self._place.setCheckable(True)
        self._place.setText("Place")
        self._delete.setText("Delete")
        row(self, self._place, self._delete).addStretch(1)
        self._node, self._observed, self._was_placing = None, Observed(), False
        self._interaction = self._selection = None
        self._place.clicked.connect(self.setPlaceModeEnabled)
        self._delete.clicked.connect(self.deleteLastPoint)

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        logic = QtWidgets.QApplication.instance().applicationLogic()
        self._interaction, self._selection = logic.GetInteractionNode(), logic.GetSelectionNode()
        self._observed.set([self._interaction, self._selection] if scene is not None else [], EVENTS, self._show)
        self._show()

    def setCurrentNode(self, node):
        if node is not self._node and self.placeModeEnabled:
            self.setPlaceModeEnabled(False)
        self._node = node
        self._show()

    def _is_placing(self):
        return (
            self._node is not None
            and self._scene is not None
            and self._selection.GetActivePlaceNodeID() == self._node.GetID()
            and self._interaction.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place
        )

    def setPlaceModeEnabled(self, enable):
        if self._node is None or self._scene is None:
            return
        if enable:
            self._selection.SetReferenceActivePlaceNodeClassName(self._node.GetClassName())
            self._selection.SetActivePlaceNodeID(self._node.GetID())
            self._interaction.SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)
        elif self._is_placing():
            self._interaction.SwitchToViewTransformMode()

    def _show(self, *_):
        self._place.setEnabled(self._node is not None)
        self._delete.setEnabled(self._node is not None)
        placing = self._is_placing()
        self._place.setChecked(placing)
        if placing != self._was_placing:
            self._was_placing = placing
            self.activeMarkupsPlaceModeChanged.emit(placing)

    def deleteLastPoint(self):
        if self._node.GetNumberOfControlPoints():
            self._node.RemoveNthControlPoint(self._node.GetNumberOfControlPoints() - 1)

    currentNode = given("_node")
    placeButton = given("_place")
    placeModeEnabled = Property(bool, _is_placing, setPlaceModeEnabled)


class qSlicerSimpleMarkupsWidget(qSlicerWidget):
    """Selector, place buttons and the table of control points of one markups node; a click on a row can move the slices there."""

    markupsNodeChanged = Signal()

    def __init__(self, parent=None):
        super().__init__(parent)
        self._selector, self._place, self._table = qMRMLNodeComboBox(), qSlicerMarkupsPlaceWidget(), QtWidgets.QTableWidget()
        self._selector.nodeTypes = ["vtkMRMLMarkupsNode"]
        self._selector.noneEnabled = True
        self._table.setColumnCount(len(COLUMNS))
        self._table.setHorizontalHeaderLabels(COLUMNS)
        self._table.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        row(self, self._selector, self._place, self._table, layout=QtWidgets.QVBoxLayout)
        self._observed = Observed()
        self._selector.currentNodeChanged[object].connect(self._node_changed)
        self._table.cellClicked.connect(self.highlightNthControlPoint)
        self.currentNode, self.setCurrentNode = self._selector.currentNode, self._selector.setCurrentNode

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._place.setMRMLScene(scene)
        self._selector.setMRMLScene(scene)

    def _node_changed(self, node):
        points = slicer.vtkMRMLMarkupsNode
        kinds = (points.PointAddedEvent, points.PointRemovedEvent, points.PointModifiedEvent)
        self._observed.set([node] if node is not None else [], kinds, lambda *_: self._fill())
        self._place.setCurrentNode(node)
        self._fill()
        self.markupsNodeChanged.emit()
        if self.enterPlaceModeOnNodeChange:
            self._place.setPlaceModeEnabled(True)

    def _fill(self):
        node = self.currentNode()
        self._table.setRowCount(node.GetNumberOfControlPoints() if node is not None else 0)
        for point in range(self._table.rowCount()):
            position = (f"{part:.3f}" for part in node.GetNthControlPointPositionWorld(point))
            for column, text in enumerate((node.GetNthControlPointLabel(point), *position)):
                self._table.setItem(point, column, QtWidgets.QTableWidgetItem(text))

    def highlightNthControlPoint(self, point, _column=0):
        self._table.selectRow(point)
        if self.jumpToSliceEnabled:
            position, mode = self.currentNode().GetNthControlPointPositionWorld(point), slicer.vtkMRMLSliceNode.OffsetJumpSlice
            slicer.vtkMRMLSliceNode.JumpAllSlices(self._scene, *position, mode)

    tableWidget = given("_table")
    enterPlaceModeOnNodeChange = stored(bool, True)
    jumpToSliceEnabled = stored(bool, False)
