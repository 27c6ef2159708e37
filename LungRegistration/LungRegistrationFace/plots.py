"""Charts of a result: cumulative landmark error, histogram of the Jacobian determinant, course of a fit."""

import slicer
from slicer.i18n import tr as _

BLUE = (0.13, 0.40, 0.67)
ORANGE = (0.84, 0.38, 0.10)


def landmarkChart(result):
    """The cumulative curve: part of the landmarks (%) whose error is at most x mm, before and after."""
    before = _series(result, "landmarkSeriesBefore", result.landmarkCurve, "Before (mm)", "Landmarks (%)", _("before"), ORANGE)
    after = _series(result, "landmarkSeriesAfter", result.landmarkCurve, "After (mm)", "Landmarks (%)", _("after"), BLUE)
    return _chart(
        result, "landmarkChart", _("Landmark error"), (before, after), _("Error (mm)"), _("Landmarks with at most this error (%)")
    )


def histogramChart(result):
    """Histogram of det J: percent of the measured volume per bin."""
    series = _series(result, "histogramSeries", result.histogram, "det J", "Part (%)", _("volume change"), BLUE)
    return _chart(result, "histogramChart", _("Volume change"), (series,), _("Jacobian determinant"), _("Part of the volume (%)"))


def courseChart(result, chartRole, seriesRole, column, title, yTitle):
    """A column of the fit's table against the steps."""
    series = _series(result, seriesRole, result.fitTable, "Step", column, title, BLUE)
    return _chart(result, chartRole, title, (series,), _("Step of the fit to this pair"), yTitle)


def phaseChart(result, kind, table, xColumn, curves, title, yTitle):
    """Columns of a table against the phases of a sequence.

    Args:
        kind: "volume" or "landmark": the nodes have the roles volumeChart, volumeSeries0, ...
        curves: (name, column, color) of each.
    """
    series = [
        _series(result, f"{kind}Series{n}", table, xColumn, column, name, color) for n, (name, column, color) in enumerate(curves)
    ]
    for node in series:
        node.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleCircle)
        node.SetMarkerSize(7)
    return _chart(result, f"{kind}Chart", title, series, xColumn, yTitle)


def _series(result, role, table, xColumn, yColumn, name, color):
    series = result.node(role, "vtkMRMLPlotSeriesNode", name)
    series.SetName(name)
    series.SetAndObserveTableNodeID(table.GetID())
    series.SetXColumnName(xColumn)
    series.SetYColumnName(yColumn)
    series.SetPlotType(slicer.vtkMRMLPlotSeriesNode.PlotTypeScatter)
    series.SetLineStyle(slicer.vtkMRMLPlotSeriesNode.LineStyleSolid)
    series.SetMarkerStyle(slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone)
    series.SetLineWidth(3)
    series.SetColor(*color)
    return series


def _chart(result, role, title, seriesNodes, xTitle, yTitle):
    chart = result.node(role, "vtkMRMLPlotChartNode", title)
    chart.RemoveAllPlotSeriesNodeIDs()
    for series in seriesNodes:
        chart.AddAndObservePlotSeriesNodeID(series.GetID())
    chart.SetTitle(title)
    chart.SetXAxisTitle(xTitle)
    chart.SetYAxisTitle(yTitle)
    chart.SetLegendVisibility(len(seriesNodes) > 1)
    return chart
