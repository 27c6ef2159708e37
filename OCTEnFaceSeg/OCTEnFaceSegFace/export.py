"""Files of a result: the mask, its measures as CSV, the report page."""

import csv
from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.files import check_output_folder, whole_file


def exportMask(result, folder):
    """Write the mask as .seg.nrrd. Returns the path."""
    path = _path(folder, f"{result.name}.seg.nrrd")
    with whole_file(path) as temporary:
        if not slicer.util.exportNode(result.segmentation, str(temporary)):
            raise OutputError(_("The mask cannot be written to {path}. Choose another folder.").format(path=path))
    return path


def exportTables(tables, folder):
    """Write table nodes as CSV files. Returns the paths."""
    paths = [_path(folder, f"{node.GetName()}.csv") for node in tables]
    for node, path in zip(tables, paths, strict=True):
        table = node.GetTable()
        columns = [table.GetColumn(i) for i in range(table.GetNumberOfColumns())]
        with whole_file(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow([column.GetName() for column in columns])
            for row in range(table.GetNumberOfRows()):
                writer.writerow([table.GetValue(row, i).ToString() for i in range(len(columns))])
    return paths


def exportReport(result, folder):
    """Write the one-page HTML report. Returns the path."""
    path = _path(folder, f"{result.name}.html")
    with whole_file(path) as temporary:
        temporary.write_text(result.reportPage.GetText(), encoding="utf-8")
    return path


def _path(folder, name):
    if not str(folder).strip():
        raise InputError(_("Choose a folder first."))
    return check_output_folder(Path(folder)) / slicer.app.coreIOManager().forceFileNameValidCharacters(name)
