"""Curves of a fit or a training while it runs, plotted in the panel; the scene keeps nothing of them."""

import slicer
import vtk
from slicer.i18n import tr as _

HEIGHT = 180
FEW = 30  # of so many points each is marked


class LiveCurve:
    """Grows with the points that the child process sends; `end` takes the plot and its nodes away.

    Args:
        frame, label, comboBox: of the panel; the frame has a layout and is hidden while there is nothing to show, the label says
            the latest values, the combo box offers the curves that have points.
        view: name of the plot view, unlike all others.
        curves: {value of a point: (its title, its text with a place for the number)}, the most telling one first.
    """

    def __init__(self, frame, label, comboBox, view, curves):
        self._frame, self._label, self._box, self._name, self._curves = frame, label, comboBox, view, curves
        self._view = slicer.qMRMLPlotView()
        self._view.setMinimumHeight(HEIGHT)
        frame.layout().addWidget(self._view)
        self._nodes, self._points, self._offered = [], [], []
        frame.visible = False
        comboBox.connect("currentIndexChanged(int)", lambda _index: self._draw())

    def show(self, points):
        """Show the points so far: dicts of `step` and of those values that are known at this step."""
        if len(points) == len(self._points):
            return
        self._points = list(points)
        last = {key: value for point in points for key, value in point.items() if key in self._curves}
        if not self._nodes:
            self._begin()
        self._offer([key for key in self._curves if key in last])
        values = ", ".join(self._curves[key][1].format(last[key]) for key in self._offered)
        self._label.text = _("Step {step}: {values}").format(step=int(points[-1]["step"]), values=values)
        self._draw()

    def end(self):
        """Take the plot away."""
        self._frame.visible = False
        self._view.setMRMLPlotViewNode(None)
        for node in self._nodes:
            if node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes, self._points = [], []
        self._offer([])

    def _offer(self, keys):
        """Put the curves into the combo box; what the user has chosen stays chosen, else it is the first."""
        if keys == self._offered:
            return
        chosen = self._box.itemData(self._box.currentIndex) if len(self._offered) > 1 else None
        self._offered = []  # nothing is drawn while the box is filled
        self._box.clear()
        for key in keys:
            self._box.addItem(self._curves[key][0], key)
        self._box.setCurrentIndex(keys.index(chosen) if chosen in keys else min(0, len(keys) - 1))
        self._box.visible = len(keys) > 1
        self._offered = keys

    def _draw(self):
        if not self._offered:
            return
        key = self._box.itemData(self._box.currentIndex)
        title, points = self._curves[key][0], [point for point in self._points if key in point]
        table = vtk.vtkTable()
        for name, column in ((_("Step"), "step"), (title, key)):
            array = vtk.vtkDoubleArray()
            array.SetName(name)
            for point in points:
                array.InsertNextValue(point[column])
            table.AddColumn(array)
        marked = slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle, slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone
        self._table.SetAndObserveTable(table)
        self._series.SetMarkerStyle(marked[len(points) > FEW])
        self._series.SetYColumnName(title)
        self._chart.SetYAxisTitle(title)
        self._view.fitToContent()

    def _begin(self):
        self._table = self._node("vtkMRMLTableNode")
        self._series = self._node("vtkMRMLPlotSeriesNode")
        self._chart = self._node("vtkMRMLPlotChartNode")
        viewNode = self._node("vtkMRMLPlotViewNode")
        viewNode.SetDoPropagatePlotChartSelection(False)
        self._series.SetAndObserveTableNodeID(self._table.GetID())
        self._series.SetXColumnName(_("Step"))
        self._series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        self._series.SetMarkerSize(4)
        self._series.SetLineWidth(2)
        self._series.SetColor(0.13, 0.40, 0.67)
        self._chart.AddAndObservePlotSeriesNodeID(self._series.GetID())
        self._chart.SetXAxisTitle(_("Step"))
        self._chart.SetLegendVisibility(False)
        viewNode.SetPlotChartNodeID(self._chart.GetID())
        self._view.setMRMLScene(slicer.mrmlScene)
        self._view.setMRMLPlotViewNode(viewNode)
        self._frame.visible = True

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
            node.SetAndObserveParentLayoutNodeID(self._table.GetID())  # this panel shows it: the layout makes no widget for it
        node = slicer.mrmlScene.AddNode(node)
        self._nodes.append(node)
        return node
