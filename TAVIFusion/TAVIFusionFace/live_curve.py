"""Curves of a training while it runs, plotted in the panel; the scene keeps nothing of it."""

import slicer
from slicer.i18n import tr as _

from .plots import COLORS, fillTable

HEIGHT = 180
STEP = "step"
NAMES = ("loss", "dsc")


class LiveCurve:
    """Grows with the points that the child process sends; `end` takes the plot and its nodes away.

    Args:
        frame: widget with a layout, hidden while there is nothing to show.
        box: combo box in it, that chooses the curve.
        name: of the plot view, unlike all others.
    """

    def __init__(self, frame, box, name):
        self.frame, self.box, self._name = frame, box, name
        self._view, self._nodes, self._count = None, [], 0
        frame.visible = False
        box.connect("currentIndexChanged(int)", self._onCurveChosen)

    def show(self, points):
        """Show the points so far: dicts with step and the values of NAMES that are known."""
        if not points or len(points) == self._count:
            return
        names = [name for name in NAMES if name in points[0]]
        if not self._nodes:
            self._begin(names)
        self._count = len(points)
        fillTable(self._table, {name: [point[name] for point in points] for name in (STEP, *names)})
        self._view.fitToContent()

    def end(self):
        """Take the plot away."""
        self.frame.visible = False
        if self._view is not None:
            self._view.setMRMLPlotViewNode(None)
        for node in self._nodes:
            if node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes, self._count = [], 0

    def _begin(self, names):
        self._table = self._node("vtkMRMLTableNode")
        self._series = self._node("vtkMRMLPlotSeriesNode")
        self._chart = self._node("vtkMRMLPlotChartNode")
        viewNode = self._node("vtkMRMLPlotViewNode")
        viewNode.SetAndObserveParentLayoutNodeID(self._table.GetID())  # this panel shows it, not the layout
        viewNode.SetDoPropagatePlotChartSelection(False)
        self._series.SetAndObserveTableNodeID(self._table.GetID())
        self._series.SetXColumnName(STEP)
        self._series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        self._series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
        self._series.SetLineWidth(2)
        self._series.SetColor(*COLORS[0])
        self._chart.AddAndObservePlotSeriesNodeID(self._series.GetID())
        self._chart.SetXAxisTitle(_("Step of the training"))
        self._chart.SetLegendVisibility(False)
        viewNode.SetPlotChartNodeID(self._chart.GetID())
        self.box.clear()
        for name in names:
            self.box.addItem(titles()[name], name)
        self._onCurveChosen()
        if self._view is None:
            self._view = slicer.qMRMLPlotView()
            self._view.setMinimumHeight(HEIGHT)
            self.frame.layout().addWidget(self._view)
        self._view.setMRMLScene(slicer.mrmlScene)
        self._view.setMRMLPlotViewNode(viewNode)
        self.frame.visible = True

    def _node(self, className):
        """A node that is not offered and not saved; the scene gets it when it is complete."""
        node = slicer.mrmlScene.CreateNodeByClass(className)
        node.UnRegister(None)
        node.SetName(self._name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        if className == "vtkMRMLPlotViewNode":
            node.SetSingletonTag(self._name)
            node.SetLayoutName(self._name)
        node = slicer.mrmlScene.AddNode(node)
        self._nodes.append(node)
        return node

    def _onCurveChosen(self, _index=None):
        if self._nodes and self.box.currentText:
            self._series.SetYColumnName(self.box.itemData(self.box.currentIndex))
            self._chart.SetYAxisTitle(self.box.currentText)


def titles():
    """The curves for people."""
    return {"loss": _("Loss"), "dsc": _("DSC of the judging frames")}
