"""A plot: the chart and series nodes of the scene, drawn by VTK's charts."""

from __future__ import annotations

import slicer
import vtk
from PySide6.QtCore import Signal

from ..widgets.declare import Observed, given
from ..widgets.scene_widgets import SceneHolder
from .render_view import ctkVTKAbstractView, qMRMLAbstractViewWidget

MARKERS = ("none", "cross", "plus", "square", "circle", "diamond")  # names of the marker styles in their order
LINES = {"none": vtk.vtkPen.NO_PEN, "solid": vtk.vtkPen.SOLID_LINE, "dash": vtk.vtkPen.DASH_LINE, "dot": vtk.vtkPen.DOT_LINE}
CLICK_PX = 8
AXES = (("X", vtk.vtkAxis.BOTTOM), ("Y", vtk.vtkAxis.LEFT))


class qMRMLPlotView(SceneHolder, ctkVTKAbstractView):
    """Follows the chart of its view node. Also usable alone, as a widget in a panel."""

    made_by_host = False
    mrmlSceneChanged = Signal(object)
    dataSelected = Signal(object, object)

    def __init__(self, parent=None):
        super().__init__(parent)
        self._context = vtk.vtkContextView()
        self._window = self._context.GetRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._chart = vtk.vtkChartXY()
        self._context.GetScene().AddItem(self._chart)
        self._node, self._observed = None, Observed()

    def setMRMLPlotViewNode(self, node):
        self._node = node
        self._follow()

    def fitToContent(self):
        self._chart.RecalculateBounds()
        self.scheduleRender()

    chart = given("_chart")

    # --- nodes
    def _nodes(self) -> tuple:
        """Chart node (or None) and its series nodes."""
        chart = self._node.GetPlotChartNode() if self._node is not None else None
        series = [chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes())] if chart else []
        return chart, [node for node in series if node is not None]

    def _follow(self, *_):
        chart, series = self._nodes()
        tables = [node.GetTableNode() for node in series]
        nodes = [node for node in (self._node, chart, *series, *tables) if node is not None]
        self._observed.set(nodes, [vtk.vtkCommand.ModifiedEvent], self._follow)
        self._fill()
        self.scheduleRender()

    def _fill(self):
        self._chart.ClearPlots()
        chart, series = self._nodes()
        self._chart.SetVisible(chart is not None)
        if chart is None:
            return
        self._chart.SetTitle(chart.GetTitle() if chart.GetTitleVisibility() and chart.GetTitle() else "")
        self._chart.SetShowLegend(chart.GetLegendVisibility())
        for name, number in AXES:
            self._fill_axis(chart, name, self._chart.GetAxis(number))
        for node in series:
            self._add(node)

    @staticmethod
    def _fill_axis(chart, name, axis):
        visible = getattr(chart, f"Get{name}AxisTitleVisibility")()
        axis.SetTitle((getattr(chart, f"Get{name}AxisTitle")() or "") if visible else "")
        axis.SetGridVisible(chart.GetGridVisibility())
        if getattr(chart, f"Get{name}AxisRangeAuto")():
            axis.SetBehavior(vtk.vtkAxis.AUTO)
        else:
            axis.SetBehavior(vtk.vtkAxis.FIXED)
            axis.SetRange(*getattr(chart, f"Get{name}AxisRange")())

    def _add(self, series):
        column = series.GetYColumnName()
        table = series.GetTableNode().GetTable() if series.GetTableNode() is not None else None
        if table is None or not column or table.GetColumnByName(column) is None:
            return
        bar = series.GetPlotType() in (series.PlotTypeBar, series.PlotTypeScatterBar)
        plot = self._chart.AddPlot(vtk.vtkChart.BAR if bar else vtk.vtkChart.LINE)
        across = series.GetXColumnName() if series.IsXColumnRequired() else ""
        if across:
            plot.SetInputData(table, across, column)
        else:
            plot.SetInputData(table)
            plot.SetInputArray(1, column)
            plot.SetUseIndexForXSeries(True)
        plot.SetLabel(series.GetName())
        plot.SetColorF(*series.GetColor())
        plot.SetOpacity(series.GetOpacity())
        plot.GetPen().SetWidth(series.GetLineWidth())
        if not bar:
            plot.GetPen().SetLineType(LINES.get(series.GetLineStyleAsString(series.GetLineStyle()), vtk.vtkPen.SOLID_LINE))
            plot.SetMarkerStyle(MARKERS.index(series.GetMarkerStyleAsString(series.GetMarkerStyle())))
            plot.SetMarkerSize(series.GetMarkerSize())

    # --- selection
    def mouseReleaseEvent(self, event):
        """In the mode that selects points, a click selects the nearest point within a few pixels."""
        if self._node is None or self._node.GetInteractionMode() != slicer.vtkMRMLPlotViewNode.InteractionModeSelectPoints:
            return
        self.forceRender()
        x, y = event.position().x(), self.height() - 1 - event.position().y()
        found = [(distance, series, row) for series in self._nodes()[1] for row, distance in self._distances(series, x, y)]
        distance, series, row = min(found, key=lambda entry: entry[0], default=(CLICK_PX, None, 0))
        if distance < CLICK_PX:
            ids, rows, selections = vtk.vtkStringArray(), vtk.vtkIdTypeArray(), vtk.vtkCollection()
            ids.InsertNextValue(series.GetID())
            rows.InsertNextValue(row)
            selections.AddItem(rows)
            self.dataSelected.emit(ids, selections)

    def _distances(self, series, x, y) -> list:
        """(row, pixels from (x, y)) of the points of a series that has a column for each axis."""
        if series.GetTableNode() is None:
            return []
        table = series.GetTableNode().GetTable()
        columns = [table.GetColumnByName(name or "") for name in (series.GetXColumnName(), series.GetYColumnName())]
        if None in columns:
            return []
        points = []
        for row in range(table.GetNumberOfRows()):
            place = [self._pixel(axis, column.GetValue(row)) for axis, column in enumerate(columns)]
            points.append((row, ((place[0] - x) ** 2 + (place[1] - y) ** 2) ** 0.5))
        return points

    def _pixel(self, direction: int, value: float) -> float:
        """Where a value lies in the window, from its left or lower border; direction: 0 across, 1 up."""
        axis = self._chart.GetAxis(AXES[direction][1])
        low, high = axis.GetMinimum(), axis.GetMaximum()
        start, end = axis.GetPoint1()[direction], axis.GetPoint2()[direction]
        return start + (value - low) / (high - low) * (end - start)


class qMRMLPlotWidget(qMRMLAbstractViewWidget):
    def __init__(self, node, application_logic):
        view = qMRMLPlotView()
        view.setMRMLScene(node.GetScene())
        view.setMRMLPlotViewNode(node)
        super().__init__(node, view)

    plotView = given("_view")
    mrmlPlotViewNode = given("_node")
