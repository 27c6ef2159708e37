"""Loss and landmark error of a fit while it runs, plotted in the panel; the scene keeps nothing of it."""

import slicer
from slicer.i18n import tr as _

from .fit_curves import ERROR, LOSS, STEP
from .tables import fillTable

HEIGHT = 180
VIEW = "LungRegistrationFit"


class LiveFit:
    """Grows with the points that the child process sends; `end` takes the plot and its nodes away."""

    def __init__(self, ui):
        self.ui = ui
        self._view = None
        self._nodes = []
        self._points = []
        ui.liveFitFrame.visible = False
        ui.liveFitComboBox.connect("currentIndexChanged(int)", self._onCurveChosen)

    def show(self, points):
        """Show the points so far: dicts with step, loss and, with landmarks, tre_mm."""
        if not points or len(points) == len(self._points):
            return
        if not self._nodes:
            self._begin("tre_mm" in points[0])
        self._points = list(points)
        columns = {STEP: [p["step"] for p in points], LOSS: [p["loss"] for p in points]}
        text = _("Step {step}: loss {loss:.4g}").format(**points[-1])
        if "tre_mm" in points[0]:
            columns[ERROR] = [p["tre_mm"] for p in points]
            text += _(", landmark error {tre_mm:.2f} mm").format(**points[-1])
        self.ui.liveFitLabel.text = text
        fillTable(self._table, columns)
        self._view.fitToContent()

    def end(self):
        """Take the plot away."""
        self.ui.liveFitFrame.visible = False
        if self._view is not None:
            self._view.setMRMLPlotViewNode(None)
        for node in self._nodes:
            if node.GetScene() is not None:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes, self._points = [], []

    def _begin(self, landmarks):
        self._table = self._node("vtkMRMLTableNode")
        self._series = self._node("vtkMRMLPlotSeriesNode")
        self._chart = self._node("vtkMRMLPlotChartNode")
        viewNode = self._node("vtkMRMLPlotViewNode", VIEW)
        viewNode.SetDoPropagatePlotChartSelection(False)
        self._series.SetAndObserveTableNodeID(self._table.GetID())
        self._series.SetXColumnName(STEP)
        self._series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
        self._series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
        self._series.SetLineWidth(2)
        self._series.SetColor(0.13, 0.40, 0.67)
        self._chart.AddAndObservePlotSeriesNodeID(self._series.GetID())
        self._chart.SetXAxisTitle(_("Step of the fit"))
        self._chart.SetLegendVisibility(False)
        viewNode.SetPlotChartNodeID(self._chart.GetID())
        self.ui.liveFitComboBox.clear()
        self.ui.liveFitComboBox.addItems([LOSS, ERROR] if landmarks else [LOSS])
        self.ui.liveFitComboBox.setCurrentIndex(1 if landmarks else 0)
        self.ui.liveFitComboBox.visible = landmarks
        self._onCurveChosen()
        if self._view is None:
            self._view = slicer.qMRMLPlotView()
            self._view.setMinimumHeight(HEIGHT)
            self.ui.liveFitFrame.layout().addWidget(self._view)
        self._view.setMRMLScene(slicer.mrmlScene)
        self._view.setMRMLPlotViewNode(viewNode)
        self.ui.liveFitFrame.visible = True

    def _node(self, className, name="Fit to this pair"):
        """A node that is not offered and not saved; the scene gets it when it is complete."""
        node = slicer.mrmlScene.CreateNodeByClass(className)
        node.UnRegister(None)
        node.SetName(name)
        node.SetHideFromEditors(True)
        node.SetSaveWithScene(False)
        if className == "vtkMRMLPlotViewNode":
            node.SetSingletonTag(VIEW)
            node.SetLayoutName(VIEW)
            node.SetAndObserveParentLayoutNodeID(self._table.GetID())  # this panel shows it: the layout makes no widget for it
        node = slicer.mrmlScene.AddNode(node)
        self._nodes.append(node)
        return node

    def _onCurveChosen(self, _index=None):
        if self._nodes and self.ui.liveFitComboBox.currentText:
            self._series.SetYColumnName(self.ui.liveFitComboBox.currentText)
            self._chart.SetYAxisTitle(self.ui.liveFitComboBox.currentText)
