"""qMRMLNodeComboBox: the nodes of the scene that match types and attributes, with None, Create new and Delete."""

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import Observed, given, row, stored

CREATE, DELETE, RENAME = "+", "-", "~"  # item data of the entries that are no nodes
SCENE = slicer.vtkMRMLScene
SCENE_EVENTS = (SCENE.NodeAddedEvent, SCENE.NodeRemovedEvent, SCENE.EndBatchProcessEvent)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    currentNodeRenamed = Signal(str)
    nodeActivated = Signal(object)
    nodeAddedByUser = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._combo = QtWidgets.QComboBox()
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        self._combo.setSizeAdjustPolicy(QtWidgets.QComboBox.AdjustToMinimumContentsLengthWithIcon)  # long names widen no panel
        row(self, self._combo)
        self._combo.activated.connect(self._activated)
        self._scene, self._current, self._types = None, "", []
        self._attributes: list[tuple] = []
        self._scene_events, self._node_events = Observed(), Observed()

    # --- the scene
    def setMRMLScene(self, scene):
        self._scene = scene
        self._scene_events.set([scene] if scene is not None else [], SCENE_EVENTS, self._scene_changed)
        self._refresh()

    mrmlScene = given("_scene")

    def _scene_changed(self, scene, event):
        if not scene.IsBatchProcessing() or event == "EndBatchProcessEvent":
            self._refresh()

    def _is_wanted(self, node) -> bool:
        for kind, name, value in self._attributes:
            found = node.GetAttribute(name)
            if node.IsA(kind) and (found is None if value is None else found != str(value)):
                return False
        return not node.GetHideFromEditors()

    def _of_type(self) -> list:
        if self._scene is None:
            return []
        nodes = [node for kind in self._types for node in slicer.util.getNodesByClass(kind, self._scene)]
        return [node for node in nodes if self.showChildNodeTypes or node.GetClassName() in self._types]

    def _nodes(self) -> list:
        return [node for node in self._of_type() if self._is_wanted(node)]

    def _refresh(self):
        of_type = self._of_type()
        nodes = [node for node in of_type if self._is_wanted(node)]
        self._node_events.set(of_type, [vtk.vtkCommand.ModifiedEvent], self._node_modified)
        with QtCore.QSignalBlocker(self._combo):
            self._combo.clear()
            if self.noneEnabled:
                self._combo.addItem(self.noneDisplay, "")
            for node in nodes:
                self._combo.addItem(node.GetName(), node.GetID())
            self._add_actions()
        ids = [node.GetID() for node in nodes]
        self._select(self._current if self._current in ids else "" if self.noneEnabled or not ids else ids[0])

    def _add_actions(self):
        if self._scene is None or not self._types:
            return
        self._combo.insertSeparator(self._combo.count())
        for allowed, text, action in (
            (self.addEnabled, "Create new", CREATE),
            (self.renameEnabled, "Rename current", RENAME),
            (self.removeEnabled, "Delete current", DELETE),
        ):
            if allowed:
                self._combo.addItem(f"{text} {self._label(self._types[0])}", action)

    def _label(self, node_type):
        return self._scene.GetTypeDisplayNameByClassName(node_type) or node_type

    def _node_modified(self, node, _event):
        index = self._combo.findData(node.GetID())
        if (index >= 0) != self._is_wanted(node):
            self._refresh()
        elif index >= 0 and self._combo.itemText(index) != node.GetName():
            self._combo.setItemText(index, node.GetName())
            if node.GetID() == self._current:
                self.currentNodeRenamed.emit(node.GetName())

    # --- the current node
    def _select(self, node_id: str):
        self._combo.setCurrentIndex(self._combo.findData(node_id))
        if node_id == self._current:
            return
        self._current = node_id
        node = self.currentNode()
        self.currentNodeChanged[object].emit(node)
        self.currentNodeChanged[bool].emit(node is not None)
        self.currentNodeIDChanged.emit(node_id)

    def _activated(self, index: int):
        chosen = self._combo.itemData(index)
        self._combo.setCurrentIndex(self._combo.findData(self._current))
        actions = {CREATE: self.addNode, DELETE: self.removeCurrentNode, RENAME: self.renameCurrentNode}
        if chosen in actions:
            actions[chosen]()
        elif chosen is not None:
            self._select(chosen)
            self.nodeActivated.emit(self.currentNode())

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene is not None and self._current else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id):
        self._select(node_id if self._combo.findData(node_id) >= 0 else "")

    def addNode(self):
        node_type = self._types[0]
        node = self._scene.CreateNodeByClass(node_type)
        node.UnRegister(None)
        node.SetName(self._scene.GenerateUniqueName(self.baseName or self._label(node_type)))
        for kind, attribute, value in self._attributes:
            if node.IsA(kind):
                node.SetAttribute(attribute, "" if value is None else str(value))
        self._scene.AddNode(node)
        self._select(node.GetID())
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self):
        if self.currentNode() is not None:
            self._scene.RemoveNode(self.currentNode())

    def renameCurrentNode(self):
        node = self.currentNode()
        name, accepted = QtWidgets.QInputDialog.getText(self, "Rename", "New name:", text=node.GetName()) if node else ("", False)
        if accepted:
            node.SetName(name)

    # --- what it lists
    def nodeCount(self):
        return len(self._nodes())

    def nodeFromIndex(self, index):
        nodes = self._nodes()
        return nodes[index] if 0 <= index < len(nodes) else None

    def addAttribute(self, node_type, name, value=None):
        self._attributes.append((node_type, name, value))
        self._refresh()

    def _set_types(self, types):
        self._types = list(types)
        self._refresh()

    nodeTypes = Property("QStringList", lambda self: self._types, _set_types)
    currentNodeID = Property(str, lambda self: self._current, setCurrentNodeID)
    noneEnabled = stored(bool, False, "_refresh")
    noneDisplay = stored(str, "None", "_refresh")
    addEnabled = stored(bool, True, "_refresh")
    removeEnabled = stored(bool, True, "_refresh")
    renameEnabled = stored(bool, False, "_refresh")
    showChildNodeTypes = stored(bool, True, "_refresh")
    baseName = stored(str, "")
