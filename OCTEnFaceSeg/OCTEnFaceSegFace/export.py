"""Files of a result: the mask, its measures as CSV."""

import csv

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import OutputError
from CorrespondCoreLib.files import whole_file
from CorrespondCoreLib.panel.export import exportPath


def exportMask(result, folder):
    """Write the mask as .seg.nrrd. Returns the path."""
    path = exportPath(folder, f"{result.name}.seg.nrrd")
    with whole_file(path) as temporary:
        if not slicer.util.exportNode(result.segmentation, str(temporary)):
            raise OutputError(_("The mask cannot be written to {path}. Choose another folder.").format(path=path))
    return path


def exportTables(tables, folder):
    """Write table nodes as CSV files. Returns the paths."""
    paths = [exportPath(folder, f"{node.GetName()}.csv") for node in tables]
    for node, path in zip(tables, paths, strict=True):
        table = node.GetTable()
        columns = [table.GetColumn(i) for i in range(table.GetNumberOfColumns())]
        with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([column.GetName() for column in columns])
            for row in range(table.GetNumberOfRows()):
                writer.writerow([table.GetValue(row, i).ToString() for i in range(len(columns))])
    return paths
