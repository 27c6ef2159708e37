"""Tables and plots in the scene."""

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk

COLORS = ((0.15, 0.35, 0.85), (0.85, 0.35, 0.15), (0.15, 0.60, 0.30), (0.55, 0.25, 0.70), (0.35, 0.35, 0.35), (0.75, 0.60, 0.10))


def fillTable(tableNode, columns):
    """Give a table node columns.

    Args:
        columns: {title: values}, all of one length; numbers, or texts.
    """
    table = vtk.vtkTable()
    for title, values in columns.items():
        if all(isinstance(value, str) for value in values):
            array = vtk.vtkStringArray()
            for value in values:
                array.InsertNextValue(value)
        else:
            array = numpy_to_vtk(np.array([np.nan if value is None else value for value in values], float), deep=True)
        array.SetName(title)
        table.AddColumn(array)
    tableNode.SetAndObserveTable(table)
    tableNode.SetUseColumnTitleAsColumnHeader(True)
    tableNode.SetLocked(True)


def seriesNode(chart, name, tableNode, across, up, color=0, points=False):
    """The series of that name in a chart, made when it is not there: column `up` over column `across` of a table.

    Args:
        color: index of COLORS.
        points: draw markers alone instead of a line.
    """
    series = next((node for node in _series(chart) if node.GetName() == name), None)
    if series is None:
        series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", name)
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    series.SetAndObserveTableNodeID(tableNode.GetID())
    series.SetXColumnName(across)
    series.SetYColumnName(up)
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    series.SetColor(*COLORS[color % len(COLORS)])
    series.SetLineWidth(2)
    kind = slicer.vtkMRMLPlotSeriesNode
    series.SetLineStyle(kind.LineStyleNone if points else kind.LineStyleSolid)
    series.SetMarkerStyle(kind.MarkerStyleCircle if points else kind.MarkerStyleNone)
    series.SetMarkerSize(11)
    return series


def setTitles(chart, title, across, up):
    """Title of a chart and of its axes."""
    chart.SetTitle(title)
    chart.SetTitleVisibility(bool(title))
    chart.SetXAxisTitle(across)
    chart.SetYAxisTitle(up)
    chart.SetLegendVisibility(True)


def setRanges(chart, across, up):
    """Ranges of a chart's axes, each (lowest, highest)."""
    chart.SetXAxisRangeAuto(False)
    chart.SetXAxisRange(*across)
    chart.SetYAxisRangeAuto(False)
    chart.SetYAxisRange(*up)


def removeChart(chart):
    """Take a chart and its series out of the scene; their tables stay."""
    for node in [*_series(chart), chart]:
        slicer.mrmlScene.RemoveNode(node)


def _series(chart):
    nodes = (chart.GetNthPlotSeriesNode(index) for index in range(chart.GetNumberOfPlotSeriesNodes()))
    return [node for node in nodes if node is not None]
