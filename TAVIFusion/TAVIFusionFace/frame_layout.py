"""The layout of the module: the frame beside the 3D view, and below them a plot when there is one to show."""

import slicer

from CorrespondCoreLib.panel.own_layouts import OwnLayouts, fitSlices

LAYOUT, LAYOUT_WITH_PLOT = 70411, 70412
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
        self._layouts = OwnLayouts(DESCRIPTIONS)

    def show(self, volumeNode, plot=None):
        """Arrange the views around a frame; with a plot chart node below them. A plot that is shown stays."""
        manager = slicer.app.layoutManager()
        if manager is None:
            return
        arranged = self._layouts.show(LAYOUT_WITH_PLOT if plot is not None or manager.layout == LAYOUT_WITH_PLOT else LAYOUT)
        if plot is not None:
            manager.plotWidget(0).mrmlPlotViewNode().SetPlotChartNodeID(plot.GetID())
        composite = compositeNode()
        composite.SetLinkedControl(False)
        sliceNode().SetOrientation("Axial")
        if volumeNode is not None and (arranged or composite.GetBackgroundVolumeID() != volumeNode.GetID()):
            composite.SetBackgroundVolumeID(volumeNode.GetID())
            fitSlices()

    def leave(self):
        """Back to the layout and the views that were there before."""
        self._layouts.leave()


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
