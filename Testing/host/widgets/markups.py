"""The widget that places markups points."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import Observed, given, row
from .scene_widgets import qSlicerWidget

EVENTS = (vtk.vtkCommand.ModifiedEvent, slicer.vtkMRMLInteractionNode.InteractionModeChangedEvent)


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
