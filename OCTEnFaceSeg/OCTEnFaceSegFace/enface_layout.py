"""The layouts of the module: the en-face view above the B-scan, linked by the crosshair; beside it a fundus image."""

import slicer

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
EN_FACE, B_SCAN, BESIDE = "Green", "Red", "Yellow"


class EnfaceLayout:
    """Shows the layout, and gives back what was there before when the module is left."""

    def __init__(self):
        self._before = None
        self._orientation = None  # of the third view, before it showed a fundus image

    def show(self, volumeNode, besideNode=None):
        """Arrange the views around a scan; besideNode: a fundus image to show beside the en-face view."""
        layoutManager = slicer.app.layoutManager()
        if layoutManager is None:
            return
        crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
        if self._before is None:
            composites = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
            linked = {node.GetID(): node.GetLinkedControl() for node in composites}
            self._before = layoutManager.layout, crosshair.GetCrosshairMode(), linked
        node = layoutManager.layoutLogic().GetLayoutNode()
        wanted = BESIDE_LAYOUT if besideNode is not None else LAYOUT
        for number, description in ((LAYOUT, DESCRIPTION), (BESIDE_LAYOUT, BESIDE_DESCRIPTION)):
            if not node.IsLayoutDescription(number):
                node.AddLayoutDescription(number, description)
        layoutManager.setLayout(wanted)
        if besideNode is not None and self._orientation is None:
            self._orientation = sliceNode(BESIDE).GetOrientation()
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
        return slicer.app.layoutManager() is not None and slicer.app.layoutManager().layout in (LAYOUT, BESIDE_LAYOUT)

    def leave(self):
        """Back to the layout, the crosshair and the links of the views that were there before."""
        if self._before is None or slicer.app.layoutManager() is None:
            return
        layout, mode, linked = self._before
        self._before = None
        for composite in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode"):
            composite.SetLinkedControl(linked.get(composite.GetID(), composite.GetLinkedControl()))
        if self._orientation is not None:
            sliceNode(BESIDE).SetOrientation(self._orientation)
            self._orientation = None
        if self.shown:
            slicer.app.layoutManager().setLayout(layout)
        slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode").SetCrosshairMode(mode)


def sliceNode(name):
    """The slice node of a view."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceNode()


def compositeNode(name):
    """What a view shows."""
    return slicer.app.layoutManager().sliceWidget(name).mrmlSliceCompositeNode()


def fit():
    """Show all of the background volumes."""
    slicer.util.resetSliceViews()
