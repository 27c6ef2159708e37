"""The layout of the module: the frame beside the 3D view, and below them a plot when there is one to show."""

import slicer

LAYOUT, LAYOUT_WITH_PLOT = 70402, 70403
FRAME_VIEW = "Red"

_VIEWS = """<layout type="horizontal" split="true">
 <item splitSize="500"><view class="vtkMRMLSliceNode" singletontag="Red">
  <property name="orientation" action="default">Axial</property>
  <property name="viewlabel" action="default">R</property>
  <property name="viewcolor" action="default">#F34A33</property>
 </view></item>
 <item splitSize="500"><view class="vtkMRMLViewNode" singletontag="1">
  <property name="viewlabel" action="default">1</property>
 </view></item>
</layout>"""
_PLOT = """<view class="vtkMRMLPlotViewNode" singletontag="PlotView1">
  <property name="viewlabel" action="default">P</property>
 </view>"""
DESCRIPTIONS = {
    LAYOUT: _VIEWS,
    LAYOUT_WITH_PLOT: f'<layout type="vertical" split="true"><item splitSize="600">{_VIEWS}</item>'
    f'<item splitSize="400">{_PLOT}</item></layout>',
}


class FrameLayout:
    """Shows the layout, and gives back what was there before when the module is left."""

    def __init__(self):
        self._before = None

    def show(self, volumeNode, plot=None):
        """Arrange the views around a frame; with a plot chart node below them. A plot that is shown stays."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        layout = LAYOUT_WITH_PLOT if plot is not None or manager.layout == LAYOUT_WITH_PLOT else LAYOUT
        composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
        if self._before is None:
            self._before = manager.layout, {node.GetID(): node.GetLinkedControl() for node in composites}
        node = manager.layoutLogic().GetLayoutNode()
        if not node.IsLayoutDescription(layout):
            node.AddLayoutDescription(layout, DESCRIPTIONS[layout])
        arranged = manager.layout != layout
        if arranged:
            manager.setLayout(layout)
        if plot is not None:
            manager.plotWidget(0).mrmlPlotViewNode().SetPlotChartNodeID(plot.GetID())
        composite = compositeNode()
        composite.SetLinkedControl(False)
        sliceNode().SetOrientation("Axial")
        if volumeNode is not None and (arranged or composite.GetBackgroundVolumeID() != volumeNode.GetID()):
            composite.SetBackgroundVolumeID(volumeNode.GetID())
            fit()

    def leave(self):
        """Back to the layout and the links of the views that were there before."""
        if self._before is None or slicer.app.layoutManager() is None:
            return
        layout, linked = self._before
        self._before = None
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            composite.SetLinkedControl(linked.get(composite.GetID(), composite.GetLinkedControl()))
        if slicer.app.layoutManager().layout in DESCRIPTIONS:
            slicer.app.layoutManager().setLayout(layout)


def showsFrame(volumeNode):
    """Whether the view for the frames is there and shows a volume, in whatever layout."""
    manager = slicer.app.layoutManager()
    if manager is None or FRAME_VIEW not in manager.sliceViewNames():
        return False
    return compositeNode().GetBackgroundVolumeID() == volumeNode.GetID()


def sliceNode():
    """The slice node of the view that shows the frames."""
    return slicer.app.layoutManager().sliceWidget(FRAME_VIEW).mrmlSliceNode()


def compositeNode():
    """What that view shows."""
    return slicer.app.layoutManager().sliceWidget(FRAME_VIEW).mrmlSliceCompositeNode()


def fit():
    """Show all of the frame."""
    slicer.app.layoutManager().sliceWidget(FRAME_VIEW).sliceLogic().FitSliceToBackground()
