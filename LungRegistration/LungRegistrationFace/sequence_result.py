"""A registered sequence in the scene: its sequences, tables and charts, in one folder."""

import slicer


class SequenceResult:
    """What `LungRegistrationLogic.registerSequence` returns.

    browser: vtkMRMLSequenceBrowserNode that shows everything. transforms: sequence of grid transforms; a node placed under the
    proxy moves from the shown phase to the reference phase. warped, jacobian: sequences of volumes on the reference phase.
    landmarks: sequence of point lists that follow the landmarks of the reference phase through the phases, or None.
    volumeTable, volumeChart, landmarkTable, landmarkChart, trajectoryTable: nodes, or None. reports: report.json of each phase
    as a dict, None for the reference. attributes: what every node says of how it was made.
    """

    def __init__(self, name, browser):
        self.name, self.browser = name, browser
        self.transforms = self.warped = self.jacobian = self.landmarks = None
        self.volumeTable = self.volumeChart = self.landmarkTable = self.landmarkChart = self.trajectoryTable = None
        self.reports = []
        self.attributes = {}
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        self.folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), name)

    def addToFolder(self, node):
        """Put a node into the folder of this result."""
        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        item = hierarchy.GetItemByDataNode(node) or hierarchy.CreateItem(self.folder, node)
        hierarchy.SetItemParent(item, self.folder)

    def node(self, role, className, name):
        """The node of that role, made in the folder when it does not exist yet."""
        node = getattr(self, role, None)
        if node is None:
            node = slicer.mrmlScene.AddNewNodeByClass(className, f"{name} ({self.name})")
            setattr(self, role, node)
            self.addToFolder(node)
        return node

    def sequence(self, role, name, like, nodes):
        """Make the sequence of that role with the index of another one, of nodes that are in no scene.

        All say how they were made (`attributes`); a proxy node takes that over from the node that it shows.
        """
        sequence = self.node(role, "vtkMRMLSequenceNode", name)
        sequence.SetIndexName(like.GetIndexName())
        sequence.SetIndexUnit(like.GetIndexUnit())
        sequence.SetIndexType(like.GetIndexType())
        for attribute, value in self.attributes.items():
            sequence.SetAttribute(attribute, value)
        for item, node in enumerate(nodes):
            for attribute, value in self.attributes.items():
                node.SetAttribute(attribute, value)
            sequence.SetDataNodeAtValue(node, like.GetNthIndexValue(item))
        return sequence

    def show(self, sequence):
        """Let the browser show a sequence beside its own; returns the proxy node, in the folder."""
        self.browser.AddSynchronizedSequenceNode(sequence)
        slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(self.browser)
        proxy = self.browser.GetProxyNode(sequence)
        self.addToFolder(proxy)
        return proxy

    def remove(self):
        """Take everything out of the scene again."""
        for sequence in (self.transforms, self.warped, self.jacobian, self.landmarks):
            if sequence is not None and self.browser is not None:
                self.browser.RemoveSynchronizedSequenceNode(sequence.GetID())
        slicer.mrmlScene.GetSubjectHierarchyNode().RemoveItem(self.folder, True, True)
