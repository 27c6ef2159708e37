"""How a fit to the pair went: a table and charts of loss and landmark error against the steps."""

import numpy as np
from slicer.i18n import tr as _

from .plots import courseChart
from .tables import fillTable

STEP, LOSS, ERROR = "Step", "Loss", "Landmark error (mm)"
LIVE = {"tre_mm": (ERROR, _("landmark error {:.2f} mm")), "loss": (LOSS, _("loss {:.4g}"))}
"""What is plotted while the fit runs, see LiveCurve."""


def addFitCurves(result):
    """Make the table and the charts from the report of a result; nothing where nothing was fitted."""
    fit = fitOf(result)
    if not fit:
        return
    columns = {STEP: np.arange(len(fit["loss"])), LOSS: fit["loss"]}
    if fit["tre_mm"]:
        columns[ERROR] = fit["tre_mm"]
    fillTable(result.node("fitTable", "vtkMRMLTableNode", _("Fit to this pair")), columns)
    courseChart(result, "fitChart", "fitSeries", LOSS, _("Fit: loss"), _("Loss"))
    if fit["tre_mm"]:
        courseChart(result, "fitErrorChart", "fitErrorSeries", ERROR, _("Fit: landmark error"), _("Mean landmark error (mm)"))


def fitOf(result):
    """What report.json says of the fit (`network.instance_optimization`), or None."""
    return (result.report.get("network") or {}).get("instance_optimization")


def fitSummary(result):
    """The fit in a sentence."""
    fit = fitOf(result)
    text = _("{steps} steps, fit of the {what}. Loss: {first:.4g} → <b>{best:.4g}</b>.").format(
        steps=fit["steps"],
        what={"field": _("field"), "weights": _("weights")}[fit["of"]],
        first=fit["loss"][0],
        best=min(fit["loss"]),
    )
    if fit["tre_mm"]:
        at = int(np.argmin(fit["loss"]))
        text += " " + _("Landmark error: {first:.2f} → <b>{best:.2f} mm</b>.").format(
            first=fit["tre_mm"][0], best=fit["tre_mm"][at]
        )
    return text
