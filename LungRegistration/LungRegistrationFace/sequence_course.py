"""How volume, ventilation and landmarks go through the phases: tables and charts of a registered sequence."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from LungRegistrationLib.geometry.displacement import displacement_at

from .plots import phaseChart
from .tables import fillTable

LUNG_COLOR = (0.13, 0.40, 0.67)
ERROR_COLORS = ((0.55, 0.55, 0.55), (0.84, 0.38, 0.10))
LPS_TO_RAS = (-1, -1, 1)


def followedLandmarks(request, fields):
    """Where the registration takes the landmarks of the reference phase in each phase: [(N, 3) in LPS mm per phase].

    Args:
        fields: displacement field of each phase, reference to phase.
    """
    points_mm, _labels = request.landmarksOf(request.reference)
    return [points_mm + displacement_at(field, points_mm) for field in fields]


def addVolumeCourse(result, request, reports):
    """Table and chart of volumes and ventilation against the phase.

    Volume of a region in a phase: its volume in the reference phase times its mean det J. Ventilation and gas change: medians
    in the lungs, between the reference phase and the phase.

    Args:
        result: SequenceResult.
        reports: report.json of each phase, None for the reference.
    """
    image = request.image(request.reference)
    voxelMl = float(np.prod(image.GetSpacing())) / 1000
    some = next(report for report in reports if report is not None)
    names = {"lung": _("Lung")} | {f"lobe {n}": name for n, name in enumerate(request.segments(), start=1)}
    regions = {region: name for region, name in names.items() if region in some["jacobian"]}
    columns = _phaseColumns(request)
    for region, name in regions.items():
        referenceMl = some["jacobian"][region]["count"] * voxelMl
        columns[f"{name} (mL)"] = [referenceMl * (report["jacobian"][region]["mean"] if report else 1.0) for report in reports]
    changes = {name: f"{name} change (%)" for name in regions.values()}
    for name, column in changes.items():
        volumes = np.array(columns[f"{name} (mL)"])
        columns[column] = 100 * (volumes / volumes[request.reference] - 1)
    if "function" in some:
        for key, title in (("jacobian_ventilation", _("Ventilation (%)")), ("specific_gas_change", _("Gas change (%)"))):
            values = [report["function"]["lung"][key]["median"] if report else 0.0 for report in reports]
            columns[title] = [np.nan if value is None else 100 * value for value in values]
    columns[_("Folding (%)")] = [report["folding_percent"]["everywhere"] if report else 0.0 for report in reports]
    table = result.node("volumeTable", "vtkMRMLTableNode", _("Volume and ventilation"))
    fillTable(table, columns)
    curves = [(name, column, _colorOf(request, name)) for name, column in changes.items()]
    if curves:
        phaseChart(result, "volume", table, _x(columns), curves, _("Volume change"), _("Change from the reference (%)"))


def addLandmarkCourse(result, request, reports, followed_mm):
    """Tables and chart of the landmarks: where each is in each phase, how far it moved, and how far off it is where that is
    known.

    Args:
        followed_mm: from followedLandmarks.
    """
    start_mm, labels = request.landmarksOf(request.reference)
    motion = [np.linalg.norm(points_mm - start_mm, axis=1) for points_mm in followed_mm]
    ras = np.concatenate(followed_mm) * LPS_TO_RAS
    trajectories = {
        "Phase": [name for name in request.phaseNames() for _label in labels],
        "Landmark": labels * len(followed_mm),
        **dict(zip("RAS", ras.T, strict=True)),
        "Motion (mm)": np.concatenate(motion),
    }
    fillTable(result.node("trajectoryTable", "vtkMRMLTableNode", _("Landmark trajectories")), trajectories)
    columns = _phaseColumns(request)
    columns["Mean motion (mm)"] = [values.mean() for values in motion]
    columns["Largest motion (mm)"] = [values.max() for values in motion]
    curves = [(_("mean motion"), "Mean motion (mm)", LUNG_COLOR)]
    errors = [(report or {}).get("tre_mm") for report in reports]
    if any(errors):
        for moment, column, color in zip(
            ("before", "after"), ("Error before (mm)", "Error after (mm)"), ERROR_COLORS, strict=True
        ):
            columns[column] = [error[moment]["mean"] if error else np.nan for error in errors]
            columns[column][request.reference] = 0.0
            curves.append((column.removesuffix(" (mm)").lower(), column, color))
    table = result.node("landmarkTable", "vtkMRMLTableNode", _("Landmarks by phase"))
    fillTable(table, columns)
    phaseChart(result, "landmark", table, _x(columns), curves, _("Landmarks"), _("Distance (mm)"))


def _phaseColumns(request):
    """The first columns of every table by phase: its name, and a number to draw it at."""
    phases = request.phases()
    if request.sequence.GetIndexType() == slicer.vtkMRMLSequenceNode.NumericIndex:
        title = f"{request.sequence.GetIndexName()} ({request.sequence.GetIndexUnit()})".replace(" ()", "")
        return {"Phase": request.phaseNames(), title or _("Index"): [float(value) for value in phases]}
    return {"Phase": request.phaseNames(), _("Item"): list(range(len(phases)))}


def _x(columns):
    return list(columns)[1]


def _colorOf(request, name):
    segmentID = request.segments().get(name)
    return request.lungs.GetSegmentation().GetSegment(segmentID).GetColor() if segmentID else LUNG_COLOR
