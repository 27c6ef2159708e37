"""Statistics of the Jacobian determinant: one row per segment, and the histogram over all segments."""

import numpy as np
import SimpleITK as sitk
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError

from .plots import histogramChart
from .tables import fillTable
from .world import worldImage, worldMask

COLUMNS = ("Segment", "Change (%)", "Folding (%)", "Mean", "SD", "Min", "Max", "Volume (mL)")


def reportedVolumeChange(result):
    """Make the table and the histogram from the registration's own report: the lungs that it has found."""
    report = result.report
    regions = {name: figures for name, figures in report["jacobian"].items() if name in report["volume_balance"]}
    if not regions:
        return
    names = ("folding_percent", "mean", "std", "min", "max")
    rows = [
        (name, 100 * (f["mean"] - 1), *(f[key] for key in names), report["volume_balance"][name]["fixed_ml"])
        for name, f in regions.items()
    ]
    _fill(result, rows)
    histogram = report["jacobian"]["histogram"]
    _fillHistogram(result, np.array(histogram["edges"]), np.array(histogram["counts"], float))


def measureVolumeChange(result, segmentationNode):
    """Make or renew the per-segment table and the histogram of det J.

    Change: mean volume in the moving image relative to the fixed image, minus 100 %.

    Args:
        result: RegistrationResult with a Jacobian volume.
        segmentationNode: segments on the fixed image.

    Returns:
        What was left out, for the user: segments that are empty or lie outside.

    Raises:
        InputError: there is no segment on the image.
    """
    image = worldImage(result.jacobian)
    determinant = sitk.GetArrayViewFromImage(image)
    voxelMl = float(np.prod(image.GetSpacing())) / 1000
    rows, leftOut, union = [], [], np.zeros(determinant.shape, bool)
    segmentation = segmentationNode.GetSegmentation()
    for segmentID in segmentation.GetSegmentIDs():
        try:
            mask = sitk.GetArrayFromImage(worldMask(segmentationNode, segmentID, image)) > 0
        except InputError as error:
            leftOut.append(str(error))
            continue
        rows.append((segmentation.GetSegment(segmentID).GetName(), *_statistics(determinant[mask], voxelMl)))
        union |= mask
    if not rows:
        raise InputError(
            f"The segmentation '{segmentationNode.GetName()}' has no segment on the fixed image. Choose another one."
        )
    _fill(result, rows)
    values = determinant[union]
    edges = np.linspace(min(0.0, float(values.min())), max(2.0, float(np.percentile(values, 99.9))), 81)
    _fillHistogram(result, edges, np.histogram(values, edges)[0])
    return leftOut


def _fill(result, rows):
    table = result.node("volumeChangeTable", "vtkMRMLTableNode", _("Volume change by segment"))
    fillTable(table, dict(zip(COLUMNS, zip(*rows, strict=True), strict=True)))


def _fillHistogram(result, edges, counts):
    columns = {"det J": (edges[:-1] + edges[1:]) / 2, "Part (%)": 100 * counts / counts.sum()}
    fillTable(result.node("histogram", "vtkMRMLTableNode", _("Jacobian histogram")), columns)
    histogramChart(result)


def _statistics(values, voxelMl):
    mean, folding = values.mean(), 100 * np.mean(values <= 0)
    return 100 * (mean - 1), folding, mean, values.std(), values.min(), values.max(), len(values) * voxelMl
