"""Measures over the frames: how much vessel, how well it agrees with the model or a reference; as table and plot."""

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from TAVIFusionLib.metrics import SCORES, frame_scores
from TAVIFusionLib.silhouette import silhouette

from . import geometry_attributes
from .labels import say
from .model_nodes import meshOf, poseNode
from .plots import fillTable, removeChart, seriesNode, setTitles
from .poses import poseOfFrame
from .results import masksOf, referenceOfFrame, resultsOf
from .run_nodes import isRun

CHART_MARK = "TAVIFusion.measuresChart"


class MeasuresSection:
    """Fills the table of the chosen run when asked."""

    def __init__(self, ui, parameters, showError, showPlot):
        """showPlot: called with the plot chart node that shall be seen."""
        self.ui, self._parameters, self._showError, self._showPlot = ui, parameters, showError, showPlot
        say(ui.summaryLabel, "")
        ui.measureButton.connect("clicked()", self._onMeasure)

    def rest(self):
        """The scene closes."""
        self.ui.metricsTable.setMRMLTableNode(None)
        say(self.ui.summaryLabel, "")

    def refresh(self):
        """Show the measures of the chosen run."""
        run = self._parameters().run
        results = resultsOf(run) if isRun(run) else None
        self.ui.measureButton.enabled = results is not None and results.masks is not None
        self.ui.metricsTable.setMRMLTableNode(results.measures if results is not None else None)

    def _onMeasure(self):
        p = self._parameters()
        try:
            rows = measure(p.run, p.model, p.reference)
        except CorrespondError as error:
            self._showError(str(error))
            return
        say(self.ui.summaryLabel, summary(rows))
        self.refresh()
        self._showPlot(chartOf(p.run))


def measure(run, model=None, reference=None):
    """Measure the masks of a run's frames, and fill its table of measures.

    Args:
        model: its silhouette is compared with the masks where geometry and pose are known.
        reference: segmentation or sequence of segmentations, or None.

    Returns:
        A dict for each frame that has a mask.

    Raises:
        InputError: no frame has a mask, or the reference lacks one.
    """
    masks = masksOf(run)
    if not masks:
        raise InputError(_("There are no masks yet. Press Segment, or draw the vessel in the Segment Editor."))
    values = geometry_attributes.read(run)
    mesh = meshOf(model) if model is not None and poseNode(model) is not None else None
    rows = []
    for frame, mask in masks.items():
        arm = values["geometry"][frame]
        row = {"frame": frame + 1, "time_s": float(values["times_s"][frame]), "vessel_percent": 100 * float(mask.mean())}
        if not arm.missing:
            across, down = arm.isocenter_pixel_mm
            row["vessel_mm2_at_isocenter"] = float(mask.sum()) * across * down
        if mesh is not None and not arm.missing:
            shadow = silhouette(mesh, arm, poseOfFrame(run, model, frame))
            row |= {f"{name}_with_model": value for name, value in frame_scores(mask, shadow).items()}
        if reference is not None:
            scores = frame_scores(mask, referenceOfFrame(reference, run, frame))
            row |= {f"{name}_with_reference": value for name, value in scores.items()}
        rows.append(row)
    table = resultsOf(run).node("measures", "vtkMRMLTableNode", _("Measures"))
    fillTable(table, {_words(name): [round(row[name], 4) for row in rows] for name in rows[0]})
    _fillChart(run, table, rows[0])
    return rows


def chartOf(run):
    """The plot chart of a run's measures, or None."""
    return run.GetNodeReference(CHART_MARK)


def summary(rows):
    """The middle of the frames in a line or two."""
    lines = [_("{n} frames, vessel in {percent:.1f} % of the frame").format(n=len(rows), percent=_median(rows, "vessel_percent"))]
    for other, title in (("reference", _("With the reference: ")), ("model", _("With the model: "))):
        if f"dsc_with_{other}" in rows[0]:
            lines.append(title + ", ".join(f"{name.upper()} {_median(rows, f'{name}_with_{other}'):.2f}" for name in SCORES))
    return "\n".join([*lines, _("Medians over the frames.")])


def _fillChart(run, table, row):
    if chartOf(run) is not None:
        removeChart(chartOf(run))
    chart = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", _("Measures ({name})").format(name=run.GetName()))
    run.SetNodeReferenceID(CHART_MARK, chart.GetID())
    compared = [f"{name}_with_{other}" for other in ("reference", "model") for name in SCORES if f"dsc_with_{other}" in row][:3]
    for color, name in enumerate(compared or ["vessel_percent"]):
        seriesNode(chart, _words(name), table, "frame", _words(name), color)
    setTitles(chart, "", _("Frame"), "" if compared else _("Vessel, % of the frame"))


def _words(name):
    return name.replace("_", " ")


def _median(rows, name):
    return sorted(row[name] for row in rows)[len(rows) // 2]
