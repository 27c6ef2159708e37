"""Landmark errors before and after, as a table node that is saved with the scene; jumping to a landmark."""

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _

from .plots import landmarkChart
from .tables import fillTable, tableColumns

COLUMNS = ("Landmark", "Before (mm)", "After (mm)", "R", "A", "S")
LPS_TO_RAS = (-1, -1, 1)


def measureLandmarks(result, pairs):
    """Make or renew the landmark table, its cumulative curve and its chart.

    After: distance between the moving landmark and the place where the transform takes the fixed landmark, in the moving image.

    Args:
        result: RegistrationResult.
        pairs: LandmarkPairs.
    """
    fixedRas = pairs.fixed_mm * LPS_TO_RAS
    fixedToMoving = vtk.vtkGeneralTransform()
    result.transform.GetTransformFromWorld(fixedToMoving)
    mapped_mm = np.array([fixedToMoving.TransformPoint(point) for point in fixedRas]) * LPS_TO_RAS
    before = np.linalg.norm(pairs.fixed_mm - pairs.moving_mm, axis=1)
    after = np.linalg.norm(mapped_mm - pairs.moving_mm, axis=1)
    columns = [list(pairs.labels), before, after, *fixedRas.T]
    fillTable(result.node("landmarkTable", "vtkMRMLTableNode", _("Landmark errors")), dict(zip(COLUMNS, columns, strict=True)))
    curve = {
        "Landmarks (%)": 100 * np.arange(len(pairs) + 1) / len(pairs),
        "Before (mm)": np.sort([before.min(), *before]),
        "After (mm)": np.sort([after.min(), *after]),
    }
    fillTable(result.node("landmarkCurve", "vtkMRMLTableNode", _("Cumulative landmark error")), curve)
    landmarkChart(result)


def landmarkSummary(result):
    """One line with the target registration error, or an empty string when there are no landmarks."""
    if result.landmarkTable is None:
        return ""
    columns = tableColumns(result.landmarkTable)
    before, after = np.array(columns["Before (mm)"]), np.array(columns["After (mm)"])
    return _("Landmark error: {before:.2f} → <b>{after:.2f} mm</b> (90 %: {p90:.2f}, max: {max:.2f}, {n} landmarks)").format(
        before=before.mean(), after=after.mean(), p90=np.percentile(after, 90), max=after.max(), n=len(after)
    )


def jumpToLandmark(result, label):
    """Show a landmark of the table in all slice views, and turn the 3D views to it; its list is made visible."""
    columns = tableColumns(result.landmarkTable)
    ras = [columns[axis][columns["Landmark"].index(label)] for axis in "RAS"]
    if result.fixedLandmarks is not None:
        result.fixedLandmarks.GetDisplayNode().SetVisibility(True)
    slicer.modules.markups.logic().JumpSlicesToLocation(*ras, True)
    crosshair = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLCrosshairNode")
    if crosshair is not None:
        crosshair.SetCrosshairRAS(ras)
    for camera in slicer.util.getNodesByClass("vtkMRMLCameraNode"):
        shift = np.subtract(ras, camera.GetFocalPoint())
        camera.SetPosition(np.add(camera.GetPosition(), shift))
        camera.SetFocalPoint(ras)
