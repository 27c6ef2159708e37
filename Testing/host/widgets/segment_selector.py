"""qMRMLSegmentSelectorWidget: a segmentation and one of its segments."""

from __future__ import annotations

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Signal

from .declare import Observed, given, row, shown, stored
from .node_combo_box import qMRMLNodeComboBox
from .scene_widgets import qMRMLWidget

SEGMENTATION = slicer.vtkSegmentation
EVENTS = (SEGMENTATION.SegmentAdded, SEGMENTATION.SegmentRemoved, SEGMENTATION.SegmentModified, vtk.vtkCommand.ModifiedEvent)


class qMRMLSegmentSelectorWidget(qMRMLWidget):
    currentNodeChanged = Signal((object,), (bool,))
    currentSegmentChanged = Signal(str)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._nodes, self._segments = qMRMLNodeComboBox(), QtWidgets.QComboBox()
        self._nodes.nodeTypes = ["vtkMRMLSegmentationNode"]
        self._nodes.addEnabled = self._nodes.removeEnabled = False
        row(self, self._nodes, self._segments, layout=QtWidgets.QVBoxLayout)
        self._observed, self._segment = Observed(), ""
        self._nodes.currentNodeChanged[object].connect(self._node_changed)
        self._segments.activated.connect(lambda index: self.setCurrentSegmentID(self._segments.itemData(index)))
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
        ids = self.segmentIDs()
        with QtCore.QSignalBlocker(self._segments):
            self._segments.clear()
            if self.noneEnabled:
                self._segments.addItem("None", "")
            for segment_id in ids:
                name = self.currentNode().GetSegmentation().GetSegment(segment_id).GetName()
                self._segments.addItem(name, segment_id)
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

    def _none_changed(self):
        self._nodes.noneEnabled = self.noneEnabled
        self._refresh()

    noneEnabled = stored(bool, False, "_none_changed")
    segmentationNodeSelectorVisible = shown("_nodes")
