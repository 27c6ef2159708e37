"""qMRMLSegmentSelectorWidget: a segmentation and one of its segments (or several)."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Qt, Signal

from .declare import Observed, given, row, shown, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widgets import qMRMLWidget

SEGMENTATION = slicer.vtkSegmentation
EVENTS = (SEGMENTATION.SegmentAdded, SEGMENTATION.SegmentRemoved, SEGMENTATION.SegmentModified, vtk.vtkCommand.ModifiedEvent)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    currentNodeChanged = Signal((object,), (bool,))
    currentSegmentChanged = Signal(str)
    segmentSelectionChanged = Signal("QStringList")

    def __init__(self, parent=None):
        super().__init__(parent)
        self._nodes, self._segments, self._list = qMRMLNodeComboBox(), QtWidgets.QComboBox(), QtWidgets.QListWidget()
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._nodes.addEnabled = self._nodes.removeEnabled = False
        self._list.hide()
        row(self, self._nodes, self._segments, self._list, layout=QtWidgets.QVBoxLayout)
        self._observed, self._segment = Observed(), ""
        self._nodes.currentNodeChanged[object].connect(self._node_changed)
        self._segments.activated.connect(lambda index: self.setCurrentSegmentID(self._segments.itemData(index)))
        self._list.itemChanged.connect(lambda *_: self.segmentSelectionChanged.emit(self.selectedSegmentIDs()))
        self.currentNode, self.setCurrentNode = self._nodes.currentNode, self._nodes.setCurrentNode

    def setMRMLScene(self, scene):
        super().setMRMLScene(scene)
        self._nodes.setMRMLScene(scene)

    def _node_changed(self, node):
        self._observed.set([node] if node is not None else [], EVENTS, lambda *_: self._refresh())
        self._refresh()
        self.currentNodeChanged[object].emit(node)
        self.currentNodeChanged[bool].emit(node is not None)

    def _refresh(self):
        chosen, ids = self.selectedSegmentIDs(), self.segmentIDs()
        with QtCore.QSignalBlocker(self._segments), QtCore.QSignalBlocker(self._list):
            self._segments.clear()
            self._list.clear()
            if self.noneEnabled:
                self._segments.addItem("None", "")
            for segment_id in ids:
                name = self.currentNode().GetSegmentation().GetSegment(segment_id).GetName()
                self._segments.addItem(name, segment_id)
                item = QtWidgets.QListWidgetItem(name, self._list)
                item.setData(Qt.UserRole, segment_id)
                item.setCheckState(Qt.Checked if segment_id in chosen else Qt.Unchecked)
        keep = self._segment if self._segment in ids else "" if self.noneEnabled or not ids else ids[0]
        self.setCurrentSegmentID(keep)

    def segmentIDs(self):
        return list(self.currentNode().GetSegmentation().GetSegmentIDs()) if self.currentNode() is not None else []

    currentSegmentID = given("_segment")

    def setCurrentSegmentID(self, segment_id):
        segment_id = segment_id if segment_id in self.segmentIDs() else ""
        self._segments.setCurrentIndex(self._segments.findData(segment_id))
        if segment_id != self._segment:
            self._segment = segment_id
            self.currentSegmentChanged.emit(segment_id)

    def _items(self):
        return [self._list.item(row) for row in range(self._list.count())]

    def selectedSegmentIDs(self):
        return [item.data(Qt.UserRole) for item in self._items() if item.checkState() == Qt.Checked]

    def setSelectedSegmentIDs(self, segment_ids):
        with QtCore.QSignalBlocker(self._list):
            for item in self._items():
                item.setCheckState(Qt.Checked if item.data(Qt.UserRole) in segment_ids else Qt.Unchecked)
        self.segmentSelectionChanged.emit(self.selectedSegmentIDs())

    def _none_changed(self):
        self._nodes.noneEnabled = self.noneEnabled
        self._refresh()

    def _selection_mode_changed(self):
        self._list.setVisible(self.multiSelection)
        self._segments.setVisible(not self.multiSelection)

    noneEnabled = stored(bool, False, "_none_changed")
    multiSelection = stored(bool, False, "_selection_mode_changed")
    segmentationNodeSelectorVisible = shown("_nodes")
