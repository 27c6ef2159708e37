"""Curves of a training while it runs, plotted in the panel; the scene keeps nothing of them."""

import slicer
import vtk
from slicer.i18n import tr as _

HEIGHT = 180
VIEW = "OCTEnFaceSegTuning"
STEP = "Step"


class LiveCurve:
    """Grows with the points that the child process sends: dicts of a step and some of the values; `end` takes the plot away."""

    def __init__(self, frame, label, comboBox, titles):
        """frame, label, comboBox: of the panel. titles: {value of a point: its name for people}, the most telling one first."""
        self._frame, self._label, self._box, self._titles = frame, label, comboBox, titles
        self._view = None
        self._nodes = []
        self._points = []
        frame.visible = False
        for key, title in titles.items():
            comboBox.addItem(title, key)
        comboBox.connect("currentIndexChanged(int)", lambda _index: self._draw())

    def show(self, points):
        """Show the points so far."""
        if not self._nodes:
            self._begin()
        self._points = list(points)
        last = {key: next((p[key] for p in reversed(points) if key in p), None) for key in self._titles}
        values = ", ".join(f"{title} {last[key]:.3g}" for key, title in self._titles.items() if last[key] is not None)
        self._label.text = _("Step {step}: {values}").format(step=int(points[-1]["step"]), values=values)
        self._draw()

    def end(self):
        """Take the plot away."""
        self._frame.visible = False
        if self._view is not None:
            self._view.setMRMLPlotViewNode(None)
        for node in self._nodes:
            if node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes, self._points = [], []

    def _draw(self):
        key = self._box.itemData(self._box.currentIndex)
        points = [point for point in self._points if key in point]
        if not self._nodes or not points:
            return
        table = vtk.vtkTable()
        for name, column in ((STEP, "step"), (self._titles[key], key)):
            array = vtk.vtkDoubleArray()
            array.SetName(name)
            for point in points:
                array.InsertNextValue(point[column])
            table.AddColumn(array)
        self._table.SetAndObserveTable(table)
        self._series.SetYColumnName(self._titles[key])
        self._chart.SetYAxisTitle(self._titles[key])
        self._view.fitToContent()

    def _begin(self):
        self._table = self._node("vtkMRMLTableNode")
        self._series = self._node("vtkMRMLPlotSeriesNode")
        self._chart = self._node("vtkMRMLPlotChartNode")
        viewNode = self._node("vtkMRMLPlotViewNode", VIEW)
        viewNode.SetAndObserveParentLayoutNodeID(self._table.GetID())  # this panel shows it, not the layout
        viewNode.SetDoPropagatePlotChartSelection(False)
        self._series.SetAndObserveTableNodeID(self._table.GetID())
        self._series.SetXColumnName(STEP)
        self._series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        self._series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle)
        self._series.SetMarkerSize(4)
        self._series.SetLineWidth(2)
        self._series.SetColor(0.13, 0.40, 0.67)
        self._chart.AddAndObservePlotSeriesNodeID(self._series.GetID())
        self._chart.SetXAxisTitle(STEP)
        self._chart.SetLegendVisibility(False)
        viewNode.SetPlotChartNodeID(self._chart.GetID())
        if self._view is None:
            self._view = slicer.qMRMLPlotView()
            self._view.setMinimumHeight(HEIGHT)
            self._frame.layout().addWidget(self._view)
        self._view.setMRMLScene(slicer.mrmlScene)
        self._view.setMRMLPlotViewNode(viewNode)
        self._frame.visible = True

    def _node(self, className, name="Training"):
        """A node that is not offered and not saved; the scene gets it when it is complete."""
        node = slicer.mrmlScene.CreateNodeByClass(className)
        node.UnRegister(None)
        node.SetName(name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        if className == "vtkMRMLPlotViewNode":
            node.SetSingletonTag(VIEW)
            node.SetLayoutName(VIEW)
        node = slicer.mrmlScene.AddNode(node)
        self._nodes.append(node)
        return node
