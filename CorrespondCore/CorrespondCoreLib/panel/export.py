"""What the Export sections share: where files go, the report page, and telling the user what was written or copied."""

import csv
from pathlib import Path

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from CorrespondCoreLib.files import check_output_folder, whole_file


class Exporter:
    """Runs exports for a section with exportFolderPathLineEdit and exportStatusLabel."""

    def __init__(self, ui, showError):
        self.ui, self._showError = ui, showError

    def write(self, export):
        """Call `export`, which writes files and returns their paths; say what was written, or why not."""
        try:
            paths = export()
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.exportFolderPathLineEdit.addCurrentPathToHistory()
        self.ui.exportStatusLabel.text = _("Written: {names}").format(names=", ".join(path.name for path in paths))

    def copy(self, text):
        """Put what `text` returns on the clipboard, or say why not."""
        try:
            qt.QApplication.clipboard().setText(text())
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.exportStatusLabel.text = _("Copied to the clipboard.")


def exportReport(result, folder):
    """Write the one-page HTML report of a result. Returns the path."""
    path = exportPath(folder, f"{result.name}.html")
    with whole_file(path) as temporary:
        temporary.write_text(result.reportPage.GetText(), encoding="utf-8")
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


def exportPath(folder, name):
    """A file in the folder that the user chose; raises InputError or OutputError where that cannot be."""
    if not str(folder).strip():
        raise InputError(_("Choose a folder first."))
    return check_output_folder(Path(folder)) / slicer.app.coreIOManager().forceFileNameValidCharacters(name)
