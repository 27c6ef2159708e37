"""qMRMLNodeComboBox: the nodes of the scene that match types and attributes, with None, Create new and Delete."""

import vtk
from PySide6 import QtCore, QtWidgets
from PySide6.QtCore import Property, Signal

from .declare import row, stored

CREATE, DELETE, RENAME = "+", "-", "~"  # item data of the entries that are no nodes


class qMRMLNodeComboBox(QtWidgets.QWidget):
    currentNodeChanged = Signal((object,), (bool,))
    currentNodeIDChanged = Signal(str)
    currentNodeRenamed = Signal(str)
    nodeActivated = Signal(object)
    nodeAdded = Signal(object)
    nodeAddedByUser = Signal(object)
    nodeAboutToBeRemoved = Signal(object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._combo = QtWidgets.QComboBox()
        self._combo.setSizePolicy(QtWidgets.QSizePolicy.Expanding, QtWidgets.QSizePolicy.Fixed)
        row(self, self._combo)
        self._combo.activated.connect(self._activated)
        self._scene, self._current = None, ""
        self._types: list[str] = []
        self._attributes: list[tuple] = []
        self._labels: dict[str, str] = {}
        self._observed: list[tuple] = []
        self._watched: list[tuple] = []  # nodes of the types, with observer tags

    # --- the scene
    def setMRMLScene(self, scene):
        for observed, tag in self._observed:
            observed.RemoveObserver(tag)
        self._observed, self._scene = [], scene
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.EndBatchProcessEvent):
                self._observed.append((scene, scene.AddObserver(event, self._scene_changed)))
        self._refresh()

    def mrmlScene(self):
        return self._scene

    def _scene_changed(self, scene, event):
        if not scene.IsBatchProcessing() or event == "EndBatchProcessEvent":
            self._refresh()

    def _has_type(self, node) -> bool:
        if not self.showChildNodeTypes:
            return node.GetClassName() in self._types
        return any(node.IsA(kind) for kind in self._types) and not any(node.IsA(kind) for kind in self.hideChildNodeTypes)

    def _is_wanted(self, node) -> bool:
        for kind, name, value in self._attributes:
            found = node.GetAttribute(name)
            if node.IsA(kind) and (found is None if value is None else found != str(value)):
                return False
        return self.showHidden or not node.GetHideFromEditors()

    def _of_type(self) -> list:
        if self._scene is None:
            return []
        nodes = (self._scene.GetNthNode(index) for index in range(self._scene.GetNumberOfNodes()))
        return [node for node in nodes if self._has_type(node)]

    def _nodes(self) -> list:
        return [node for node in self._of_type() if self._is_wanted(node)]

    def _refresh(self):
        nodes = self._nodes()
        self._watch(self._of_type())
        with QtCore.QSignalBlocker(self._combo):
            self._combo.clear()
            if self.noneEnabled:
                self._combo.addItem(self.noneDisplay, "")
            for node in nodes:
                self._combo.addItem(node.GetName(), node.GetID())
            self._add_actions()
        ids = [node.GetID() for node in nodes]
        keep = self._current if self._current in ids else "" if self.noneEnabled or not ids else ids[0]
        self._select(keep)

    def _add_actions(self):
        if self._scene is None or not self._types:
            return
        self._combo.insertSeparator(self._combo.count())
        label = self.nodeTypeLabel(self._types[0])
        if self.addEnabled:
            self._combo.addItem(f"Create new {label}", CREATE)
        if self.renameEnabled:
            self._combo.addItem(f"Rename current {label}", RENAME)
        if self.removeEnabled:
            self._combo.addItem(f"Delete current {label}", DELETE)

    def _watch(self, nodes):
        for node, tag in self._watched:
            node.RemoveObserver(tag)
        self._watched = [(node, node.AddObserver(vtk.vtkCommand.ModifiedEvent, self._node_modified)) for node in nodes]

    def _node_modified(self, node, _event):
        index = self._combo.findData(node.GetID())
        if (index >= 0) != self._is_wanted(node):
            self._refresh()
        elif index < 0:
            return
        elif self._combo.itemText(index) != node.GetName():
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
        if chosen == CREATE:
            self.addNode()
        elif chosen == DELETE:
            self.removeCurrentNode()
        elif chosen == RENAME:
            self.renameCurrentNode()
        elif chosen is not None:
            self._select(chosen)
            self.nodeActivated.emit(self.currentNode())

    def currentNode(self):
        return self._scene.GetNodeByID(self._current) if self._scene is not None and self._current else None

    def setCurrentNode(self, node):
        self.setCurrentNodeID(node if isinstance(node, str) else node.GetID() if node is not None else "")

    def setCurrentNodeID(self, node_id):
        node_id = node_id or ""
        self._select(node_id if self._combo.findData(node_id) >= 0 else "")

    def setCurrentNodeIndex(self, index):
        self.setCurrentNode(self.nodeFromIndex(index))

    def addNode(self, node_type=None):
        name = self._scene.GenerateUniqueName(self.baseName or self.nodeTypeLabel(node_type or self._types[0]))
        node = self._scene.CreateNodeByClass(node_type or self._types[0])
        node.UnRegister(None)
        node.SetName(name)
        for kind, attribute, value in self._attributes:
            if node.IsA(kind):
                node.SetAttribute(attribute, "" if value is None else str(value))
        self._scene.AddNode(node)
        if self.selectNodeUponCreation:
            self._select(node.GetID())
        self.nodeAdded.emit(node)
        self.nodeAddedByUser.emit(node)
        return node

    def removeCurrentNode(self):
        node = self.currentNode()
        if node is not None:
            self.nodeAboutToBeRemoved.emit(node)
            self._scene.RemoveNode(node)

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

    def removeAttribute(self, node_type, name):
        self._attributes = [entry for entry in self._attributes if entry[:2] != (node_type, name)]
        self._refresh()

    def setNodeTypeLabel(self, label, node_type):
        self._labels[node_type] = label

    def nodeTypeLabel(self, node_type):
        if node_type in self._labels or self._scene is None:
            return self._labels.get(node_type, "")
        return self._scene.GetTypeDisplayNameByClassName(node_type) or node_type

    def _set_types(self, types):
        self._types = list(types)
        self._refresh()

    nodeTypes = Property("QStringList", lambda self: self._types, _set_types)
    currentNodeID = Property(str, lambda self: self._current, setCurrentNodeID)
    currentNodeId = Property(str, lambda self: self._current, setCurrentNodeID)
    noneEnabled = stored(bool, False, "_refresh")
    noneDisplay = stored(str, "None", "_refresh")
    addEnabled = stored(bool, True, "_refresh")
    removeEnabled = stored(bool, True, "_refresh")
    renameEnabled = stored(bool, False, "_refresh")
    editEnabled = stored(bool, False)
    showHidden = stored(bool, False, "_refresh")
    showChildNodeTypes = stored(bool, True, "_refresh")
    hideChildNodeTypes = stored("QStringList", [], "_refresh")
    baseName = stored(str, "")
    selectNodeUponCreation = stored(bool, True)
    interactionNodeSingletonTag = stored(str, "")
    sizeAdjustPolicy = stored(int, 1)


class qMRMLColorTableComboBox(qMRMLNodeComboBox):
    def __init__(self, parent=None):
        super().__init__(parent)
        self.nodeTypes = ["vtkMRMLColorNode"]
        self.addEnabled = self.removeEnabled = False
