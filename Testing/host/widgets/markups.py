"""Widgets that place and list markups points."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import row, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widgets import qSlicerWidget

SINGLE, MULTIPLE = 2, 3  # ForcePlaceSingleMarkup, ForcePlaceMultipleMarkups


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
        self._node, self._observed, self._was_placing = None, [], False
        self._place.clicked.connect(self.setPlaceModeEnabled)
        self._delete.clicked.connect(self.deleteLastPoint)

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        watched = [self.interactionNode(), self.selectionNode()] if scene is not None else []
        self._observed = [(node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._show)) for node in watched]
        if self.interactionNode() is not None:
            event = slicer.vtkMRMLInteractionNode.InteractionModeChangedEvent
            self._observed.append((self.interactionNode(), self.interactionNode().AddObserver(event, self._show)))
        self._show()

    def _application_logic(self):
        return QtWidgets.QApplication.instance().applicationLogic()

    def interactionNode(self):
        return self._application_logic().GetInteractionNode() if self._scene is not None else None

    def selectionNode(self):
        return self._application_logic().GetSelectionNode() if self._scene is not None else None

    def setCurrentNode(self, node):
        if node is not self._node and self.placeModeEnabled:
            self.setPlaceModeEnabled(False)
        self._node = node
        self._show()

    def currentNode(self):
        return self._node

    currentMarkupsNode = currentNode

    def _is_active(self):
        return (
            self._node is not None
            and self.selectionNode() is not None
            and self.selectionNode().GetActivePlaceNodeID() == self._node.GetID()
        )

    def setCurrentNodeActive(self, active):
        if active and self._node is not None:
            self.selectionNode().SetReferenceActivePlaceNodeClassName(self._node.GetClassName())
            self.selectionNode().SetActivePlaceNodeID(self._node.GetID())
        elif self._is_active():
            self.selectionNode().SetActivePlaceNodeID(None)

    def _is_placing(self):
        node = self.interactionNode()
        return self._is_active() and node.GetCurrentInteractionMode() == slicer.vtkMRMLInteractionNode.Place

    def setPlaceModeEnabled(self, enable):
        if self._node is None or self.interactionNode() is None:
            return
        if enable:
            self.setCurrentNodeActive(True)
            if self.placeMultipleMarkups in (SINGLE, MULTIPLE):
                self.interactionNode().SetPlaceModePersistence(self.placeMultipleMarkups == MULTIPLE)
            self.interactionNode().SetCurrentInteractionMode(slicer.vtkMRMLInteractionNode.Place)
        elif self._is_placing():
            self.interactionNode().SwitchToViewTransformMode()

    def _show(self, *_):
        self._place.setEnabled(self._node is not None)
        self._delete.setEnabled(self._node is not None)
        placing = self._is_placing()
        self._place.setChecked(placing)
        if placing != self._was_placing:
            self._was_placing = placing
            self.activeMarkupsPlaceModeChanged.emit(placing)

    def setPlaceModePersistency(self, persistent):
        self.interactionNode().SetPlaceModePersistence(persistent)

    def deleteLastPoint(self):
        if self._node is not None and self._node.GetNumberOfControlPoints():
            self._node.RemoveNthControlPoint(self._node.GetNumberOfControlPoints() - 1)

    def deleteAllPoints(self):
        if self._node is not None:
            self._node.RemoveAllControlPoints()

    def placeButton(self):
        return self._place

    def deleteButton(self):
        return self._delete

    currentNodeActive = Property(bool, lambda self: self._is_active(), setCurrentNodeActive)
    placeModeEnabled = Property(bool, lambda self: self._is_placing(), setPlaceModeEnabled)
    placeModePersistency = Property(
        bool,
        lambda self: bool(self.interactionNode() and self.interactionNode().GetPlaceModePersistence()),
        setPlaceModePersistency,
    )
    buttonsVisible = Property(bool, lambda self: not self._place.isHidden(), lambda self, on: self._place.setVisible(on))
    placeMultipleMarkups = stored(int, 0)
    deleteAllControlPointsOptionVisible = stored(bool, True)
    unsetLastControlPointOptionVisible = stored(bool, False)
    unsetAllControlPointsOptionVisible = stored(bool, False)
    deleteAllMarkupsOptionVisible = stored(bool, True)


class qSlicerSimpleMarkupsWidget(qSlicerWidget):
    """Selector, place buttons and the table of control points of one markups node; a click on a row can move the slices there."""

    markupsNodeChanged = Signal()
    currentMarkupsControlPointSelectionChanged = Signal(int)
    updateFinished = Signal()
    COLUMNS = ("Label", "R", "A", "S")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._selector, self._place, self._table = qMRMLNodeComboBox(), qSlicerMarkupsPlaceWidget(), QtWidgets.QTableWidget()
        self._selector.nodeTypes = ["vtkMRMLMarkupsNode"]
        self._selector.noneEnabled = True
        self._table.setColumnCount(len(self.COLUMNS))
        self._table.setHorizontalHeaderLabels(self.COLUMNS)
        self._table.setEditTriggers(QtWidgets.QAbstractItemView.NoEditTriggers)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self._selector, self._place, self._table):
            layout.addWidget(widget)
        self._observed = []
        self._selector.currentNodeChanged[object].connect(self._node_changed)
        self._table.cellClicked.connect(self.highlightNthControlPoint)

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._place.setMRMLScene(scene)
        self._selector.setMRMLScene(scene)

    def _node_changed(self, node):
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed = []
        if node is not None:
            kinds = (node.PointAddedEvent, node.PointRemovedEvent, node.PointModifiedEvent)
            self._observed = [(node, node.AddObserver(kind, lambda *_: self._fill())) for kind in kinds]
        self._place.setCurrentNode(node)
        self._fill()
        self.markupsNodeChanged.emit()
        if node is not None and self.enterPlaceModeOnNodeChange:
            self._place.setPlaceModeEnabled(True)

    def _fill(self):
        node = self.currentNode()
        count = node.GetNumberOfControlPoints() if node is not None else 0
        self._table.setRowCount(count)
        for point in range(count):
            texts = (
                node.GetNthControlPointLabel(point),
                *(f"{part:.3f}" for part in node.GetNthControlPointPositionWorld(point)),
            )
            for column, text in enumerate(texts):
                self._table.setItem(point, column, QtWidgets.QTableWidgetItem(text))
        self.updateFinished.emit()

    def highlightNthControlPoint(self, point, _column=0):
        self._table.selectRow(point)
        if self.jumpToSliceEnabled:
            mode, group = slicer.vtkMRMLSliceNode.OffsetJumpSlice, self.viewGroup
            slicer.vtkMRMLSliceNode.JumpAllSlices(
                self._scene, *self.currentNode().GetNthControlPointPositionWorld(point), mode, group
            )
        self.currentMarkupsControlPointSelectionChanged.emit(point)

    def currentNode(self):
        return self._selector.currentNode()

    def setCurrentNode(self, node):
        self._selector.setCurrentNode(node)

    def setNodeBaseName(self, name):
        self._selector.baseName = name

    def tableWidget(self):
        return self._table

    def markupsPlaceWidget(self):
        return self._place

    def markupsSelectorComboBox(self):
        return self._selector

    enterPlaceModeOnNodeChange = stored(bool, True)
    jumpToSliceEnabled = stored(bool, False)
    viewGroup = stored(int, -1)
    nodeSelectorVisible = Property(
        bool, lambda self: not self._selector.isHidden(), lambda self, visible: self._selector.setVisible(visible)
    )
    optionsVisible = Property(
        bool, lambda self: not self._place.isHidden(), lambda self, visible: self._place.setVisible(visible)
    )
