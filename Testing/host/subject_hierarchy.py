"""Subject hierarchy items for data nodes, as Slicer's Qt layer makes them (the wheel has only the node)."""

from __future__ import annotations

import slicer
import vtk

DATA = (
    "vtkMRMLDisplayableNode",
    "vtkMRMLTableNode",
    "vtkMRMLTextNode",
    "vtkMRMLSequenceNode",
    "vtkMRMLPlotChartNode",
    "vtkMRMLPlotSeriesNode",
)


class SubjectHierarchy:
    """Gives each visible data node an item, removes the items of removed nodes, and starts anew after a scene was closed."""

    def __init__(self, scene):
        self._scene = scene

        def added(_scene, _event, node):
            if not scene.IsBatchProcessing():
                self._add(node)

        def removed(_scene, _event, node):
            item = self._hierarchy().GetItemByDataNode(node) if not scene.IsClosing() else 0
            if item:
                self._hierarchy().RemoveItem(item, False)

        added.CallDataType = removed.CallDataType = vtk.VTK_OBJECT
        scene.AddObserver(scene.NodeAddedEvent, added)
        scene.AddObserver(scene.NodeAboutToBeRemovedEvent, removed)
        scene.AddObserver(scene.EndCloseEvent, lambda *_: self._hierarchy())
        for event in (scene.EndImportEvent, scene.EndRestoreEvent, scene.EndBatchProcessEvent):
            scene.AddObserver(event, lambda *_: self._add_all())

    def _hierarchy(self):
        return slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(self._scene)

    def _add(self, node):
        hierarchy = self._hierarchy()
        wanted = any(node.IsA(kind) for kind in DATA) and not node.GetHideFromEditors()
        if hierarchy is not None and wanted and not hierarchy.GetItemByDataNode(node):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    def _add_all(self):
        if not self._scene.IsBatchProcessing():
            for index in range(self._scene.GetNumberOfNodes()):
                self._add(self._scene.GetNthNode(index))
