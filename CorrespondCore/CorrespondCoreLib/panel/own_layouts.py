"""Layouts of a module: known to Slicer from its start, shown while the module is open, and taken back when it is left.

Numbers are unlike those of Slicer and of the other modules: OCTEnFaceSeg has 70401 to 70409, TAVIFusion 70411 to 70419.
"""

import qt
import slicer


class OwnLayouts:
    """Remembers how the views were, and gives them back.

    Args:
        descriptions: {number: XML of the layout}.
    """

    def __init__(self, descriptions):
        self._descriptions = descriptions
        self._before = None

    def register(self):
        """Make the layouts known. A scene holds the number of its layout alone, so that this must be done before it is opened."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        node = manager.layoutLogic().GetLayoutNode()
        for number, description in self._descriptions.items():
            if not node.IsLayoutDescription(number):
                node.AddLayoutDescription(number, description)

    @property
    def shown(self):
        """Whether one of the layouts is what the user sees."""
        manager = slicer.app.layoutManager()
        return manager is not None and manager.layout in self._descriptions

    def show(self, number):
        """Arrange the views; how they were is remembered the first time. Returns whether anything was arranged."""
        manager = slicer.app.layoutManager()
        self.register()
        if self._before is None:
            layout = slicer.vtkMRMLLayoutNode.SlicerLayoutFourUpView if self.shown else manager.layout
            slices = {node.GetLayoutName(): node for node in slicer.util.getNodesByClass("vtkMRMLSliceNode")}
            composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
            self._before = layout, [_View(node, slices.get(node.GetLayoutName())) for node in composites]
        arranged = manager.layout != number
        if arranged:
            manager.setLayout(number)
        return arranged

    def leave(self):
        """Back to the layout, links and sides that were there before; views that are empty now show what they showed then."""
        if self._before is None or slicer.app.layoutManager() is None:
            return
        layout, views = self._before
        self._before = None
        for view in views:
            view.restore()
        if self.shown:
            slicer.app.layoutManager().setLayout(layout)


def fitSlices():
    """Show all of the background volumes, as soon as the views have the sizes that their layout gives them."""
    qt.QTimer.singleShot(0, slicer.util.resetSliceViews)


class _View:
    """What a slice view showed, and from which side."""

    def __init__(self, composite, sliceNode):
        self._composite, self._linked = composite, composite.GetLinkedControl()
        self._slice, self._side = sliceNode, sliceNode.GetOrientation() if sliceNode is not None else ""
        self._background = slicer.mrmlScene.GetNodeByID(composite.GetBackgroundVolumeID() or "")
        self._foreground = slicer.mrmlScene.GetNodeByID(composite.GetForegroundVolumeID() or "")

    def restore(self):
        self._composite.SetLinkedControl(self._linked)
        if self._slice is not None and self._slice.HasSliceOrientationPreset(self._side):
            self._slice.SetOrientation(self._side)
        if slicer.mrmlScene.GetNodeByID(self._composite.GetBackgroundVolumeID() or "") is None:
            self._composite.SetBackgroundVolumeID(_id(self._background))
            self._composite.SetForegroundVolumeID(_id(self._foreground))


def _id(node):
    return node.GetID() if node is not None and node.GetScene() is not None else None
