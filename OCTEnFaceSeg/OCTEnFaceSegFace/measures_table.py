"""The measures of a mask as a table node, renewed when the mask, the fovea or the reference changes."""

import numpy as np
import SimpleITK as sitk
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import numpy_to_vtk

from OCTEnFaceSegLib.measures.agreement import agreement
from OCTEnFaceSegLib.measures.fovea import Fovea, find_fovea, find_ilm
from OCTEnFaceSegLib.measures.table import measure, measure_rows

from .fovea import markedFovea
from .result import maskOf
from .scan_nodes import scanOf


class Measures:
    """Measures of results; what does not change with the mask (scan, foveal pit) is kept between calls."""

    def __init__(self):
        self._scan = self._scanID = self._pit = None

    def update(self, result, reference=None):
        """Measure a result (SegmentationResult) anew and fill its table. Returns the measures as a dict.

        Args:
            reference: segmentation node of a grader, or None.

        Raises:
            InputError: the mask or the reference cannot be read.
        """
        scan = self._scanOf(result)
        mask = result.mask()
        marked = markedFovea(result.scan)
        fovea = Fovea(*marked, "given") if marked is not None else self._pit
        measures = measure(scan, mask, result.uncertaintyMap(), fovea)
        rows = measure_rows(measures)
        if reference is not None:
            compared = agreement(mask, maskOf(reference, "", result.probability), scan.spacing_mm)
            measures["reference"] = compared
            rows += [(f"reference_{name}", "all", value, _unit(name)) for name, value in compared.items()]
        _fill(result.node("measures", "vtkMRMLTableNode", _("Measures")), rows)
        return measures

    def forget(self):
        """The scene was closed, or a scan has changed."""
        self._scan = self._scanID = self._pit = None

    def _scanOf(self, result):
        if self._scanID != result.segmentation.GetID():
            scan = scanOf(result.scan)
            bruch = result.bruchDepth()
            ilm = scan.layers.get("ILM")
            if ilm is None:
                ilm = find_ilm(sitk.GetArrayViewFromImage(scan.volume), bruch, scan.spacing_mm)
            self._pit = find_fovea(ilm, bruch, scan.spacing_mm)
            self._scan, self._scanID = scan, result.segmentation.GetID()
        return self._scan


def _unit(name):
    return {"mm2": "mm2", "percent": "%"}.get(name.rsplit("_", 1)[-1], "")


def _words(name):
    """A measure's name for people: the unit has a column of its own."""
    for unit in ("_mm2", "_mm", "_percent"):
        name = name.removesuffix(unit)
    return name.replace("_", " ")


def _fill(tableNode, rows):
    table = vtk.vtkTable()
    rows = [(_words(name), part, value, unit) for name, part, value, unit in rows]
    for title, values in zip(("Measure", "Part", "Value", "Unit"), zip(*rows, strict=True), strict=True):
        if title == "Value":
            numbers = [np.nan if value == "" or value is None else float(value) for value in values]
            array = numpy_to_vtk(np.round(np.array(numbers, float), 4), deep=True)
        else:
            array = vtk.vtkStringArray()
            for value in values:
                array.InsertNextValue(str(value))
        array.SetName(title)
        table.AddColumn(array)
    tableNode.SetAndObserveTable(table)
    tableNode.SetUseColumnTitleAsColumnHeader(True)
    tableNode.SetLocked(True)
