"""Table nodes: filled from named columns, read back as lists, written as CSV."""

import csv

import numpy as np
import vtk
from vtk.util.numpy_support import numpy_to_vtk

from CorrespondCoreLib.files import whole_file

TEXT_COLUMNS = ("Landmark", "Segment", "Phase")


def fillTable(tableNode, columns):
    """Replace the content of a table node by named columns: lists of text, or arrays of numbers."""
    table = vtk.vtkTable()
    for name, values in columns.items():
        if name in TEXT_COLUMNS:
            array = vtk.vtkStringArray()
            for value in values:
                array.InsertNextValue(str(value))
        else:
            array = numpy_to_vtk(np.ascontiguousarray(values, dtype=float), deep=True)
        array.SetName(name)
        table.AddColumn(array)
    tableNode.SetAndObserveTable(table)
    tableNode.SetUseColumnTitleAsColumnHeader(True)
    tableNode.SetLocked(True)


def tableColumns(tableNode):
    """The columns as {name: list}; numbers are numbers also when a file gave them back as text."""
    table = tableNode.GetTable()
    columns = {}
    for i in range(table.GetNumberOfColumns()):
        array = table.GetColumn(i)
        values = [table.GetValue(row, i) for row in range(array.GetNumberOfTuples())]
        text = array.GetName() in TEXT_COLUMNS
        columns[array.GetName()] = [v.ToString() for v in values] if text else [v.ToDouble() for v in values]
    return columns


def writeCsv(tableNode, path):
    """Write a table node as CSV: header and rows, numbers with four decimals."""
    columns = tableColumns(tableNode)
    with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow([value if isinstance(value, str) else f"{value:.4f}" for value in row])
