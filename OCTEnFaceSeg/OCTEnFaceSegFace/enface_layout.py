"""The layouts of the module: the en-face view above the B-scan, linked by the crosshair; beside it a fundus image."""

import slicer

from CorrespondCoreLib.panel.own_layouts import OwnLayouts

LAYOUT, BESIDE_LAYOUT = 70401, 70402


def _view(name, orientation, color):
    return f"""<view class="vtkMRMLSliceNode" singletontag="{name}">
  <property name="orientation" action="default">{orientation}</property>
  <property name="viewlabel" action="default">{name[0]}</property>
  <property name="viewcolor" action="default">{color}</property>
 </view>"""


def _above_the_b_scan(content):
    scan = _view("Red", "Axial", "#F34A33")
    return f"""<layout type="vertical" split="true">
 <item splitSize="600">{content}</item>
 <item splitSize="400">{scan}</item>
</layout>"""


_EN_FACE, _BESIDE = _view("Green", "Coronal", "#6EB04B"), _view("Yellow", "Sagittal", "#EDD54C")
DESCRIPTIONS = {
    LAYOUT: _above_the_b_scan(_EN_FACE),
    BESIDE_LAYOUT: _above_the_b_scan(
        f'<layout type="horizontal" split="true"><item>{_EN_FACE}</item><item>{_BESIDE}</item></layout>'
    ),
}
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
