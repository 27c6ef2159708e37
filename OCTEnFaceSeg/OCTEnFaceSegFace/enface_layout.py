"""The layouts of the module: the en-face view above the B-scan, linked by the crosshair; beside it a fundus image."""

import slicer

from CorrespondCoreLib.panel.own_layouts import OwnLayouts

LAYOUT = 70401
DESCRIPTION = """
<layout type="vertical" split="true">
 <item splitSize="600"><view class="vtkMRMLSliceNode" singletontag="Green">
  <property name="orientation" action="default">Coronal</property>
  <property name="viewlabel" action="default">G</property>
  <property name="viewcolor" action="default">#6EB04B</property>
 </view></item>
 <item splitSize="400"><view class="vtkMRMLSliceNode" singletontag="Red">
  <property name="orientation" action="default">Axial</property>
  <property name="viewlabel" action="default">R</property>
  <property name="viewcolor" action="default">#F34A33</property>
 </view></item>
</layout>
"""
BESIDE_LAYOUT = 70402
BESIDE_DESCRIPTION = """
<layout type="vertical" split="true">
 <item splitSize="600"><layout type="horizontal" split="true">
  <item><view class="vtkMRMLSliceNode" singletontag="Green">
   <property name="orientation" action="default">Coronal</property>
   <property name="viewlabel" action="default">G</property>
   <property name="viewcolor" action="default">#6EB04B</property>
  </view></item>
  <item><view class="vtkMRMLSliceNode" singletontag="Yellow">
   <property name="orientation" action="default">Sagittal</property>
   <property name="viewlabel" action="default">Y</property>
   <property name="viewcolor" action="default">#EDD54C</property>
  </view></item>
 </layout></item>
 <item splitSize="400"><view class="vtkMRMLSliceNode" singletontag="Red">
  <property name="orientation" action="default">Axial</property>
  <property name="viewlabel" action="default">R</property>
  <property name="viewcolor" action="default">#F34A33</property>
 </view></item>
</layout>
"""
DESCRIPTIONS = {LAYOUT: DESCRIPTION, BESIDE_LAYOUT: BESIDE_DESCRIPTION}
EN_FACE, B_SCAN, BESIDE = "Green", "Red", "Yellow"


class EnfaceLayout:
    """Shows the layout, and gives back what was there before when the module is left."""

    def __init__(self):
        self._layouts = OwnLayouts(DESCRIPTIONS)
        self._crosshair = None

    def show(self, volumeNode, besideNode=None):
        """Arrange the views around a scan; besideNode: a fundus image to show beside the en-face view."""
        if slicer.app.layoutManager() is None:
            return
        self._layouts.show(BESIDE_LAYOUT if besideNode is not None else LAYOUT)
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if self._crosshair is None:
            self._crosshair = crosshair.GetCrosshairMode()
        crosshair.SetCrosshairMode(slicer.vtkMRMLCrosshairNode.ShowBasic)
        views = [(EN_FACE, "Coronal"), (B_SCAN, "Axial"), *([(BESIDE, "Coronal")] if besideNode is not None else [])]
        for name, orientation in views:
            sliceNode(name).SetOrientation(orientation)
            compositeNode(name).SetLinkedControl(False)
        compositeNode(B_SCAN).SetBackgroundVolumeID(volumeNode.GetID())
        if besideNode is not None:
            compositeNode(BESIDE).SetBackgroundVolumeID(besideNode.GetID())
            compositeNode(BESIDE).SetForegroundVolumeID(None)

    @property
    def shown(self):
        """Whether the layout is what the user sees."""
        return self._layouts.shown

    def leave(self):
        """Back to the layout, the crosshair and the views that were there before."""
        self._layouts.leave()
        if self._crosshair is not None:
            slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCrosshairMode(self._crosshair)
            self._crosshair = None


def sliceNode(name):
    """The slice node of a view."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def compositeNode(name):
    """What a view shows."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()


def fit():
    """Show all of the background volumes."""
    slicer.util.resetSliceViews()
