"""The Export section: files of the result, and the segmentation as text to paste."""

import qt
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from .export import exportMask, exportReport, exportTables
from .repeat import asCommandLine, asPython


class ExportSection:
    """Writes files of the chosen result and copies the segmentation as a command."""

    def __init__(self, ui, result, request, growthTable, showError):
        """result: returns the SegmentationResult or None; request: returns the SegmentationRequest of the panel; growthTable:
        returns the table of the last comparison of visits, or None."""
        self.ui, self._result, self._growthTable, self._showError = ui, result, growthTable, showError
        folder = ui.exportFolderPathLineEdit
        ui.exportMaskButton.connect("clicked()", lambda: self._write(lambda: [exportMask(result(), folder.currentPath)]))
        ui.exportTablesButton.connect("clicked()", lambda: self._write(lambda: exportTables(self._tables(), folder.currentPath)))
        ui.exportReportButton.connect("clicked()", lambda: self._write(lambda: [exportReport(result(), folder.currentPath)]))
        ui.copyCommandButton.connect("clicked()", lambda: self._copy(lambda: asCommandLine(request(), folder.currentPath)))
        ui.copyPythonButton.connect("clicked()", lambda: self._copy(lambda: asPython(request())))

    def refresh(self, missing):
        """Enable what can be exported; `missing`: why the segmentation cannot be copied, or an empty string."""
        result = self._result()
        self.ui.exportMaskButton.enabled = result is not None
        self.ui.exportTablesButton.enabled = bool(self._tables())
        self.ui.exportReportButton.enabled = result is not None and result.reportPage is not None
        for button in (self.ui.copyCommandButton, self.ui.copyPythonButton):
            button.enabled = not missing

    def _tables(self):
        result = self._result()
        tables = [result.measures if result is not None else None, self._growthTable()]
        return [table for table in tables if table is not None]

    def _write(self, export):
        try:
            paths = export()
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.exportFolderPathLineEdit.addCurrentPathToHistory()
        self.ui.exportStatusLabel.text = _("Written: {names}").format(names=", ".join(path.name for path in paths))

    def _copy(self, text):
        try:
            qt.QApplication.clipboard().setText(text())
        except CorrespondError as error:
            self._showError(str(error))
            return
        self.ui.exportStatusLabel.text = _("Copied to the clipboard.")
