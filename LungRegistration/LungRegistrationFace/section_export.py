"""The Export section: files of the result, and the registration as text to paste."""

import qt
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError

from .export import exportReport, exportTables, exportTransform
from .repeat import asCommandLine, asPython


class ExportSection:
    """Writes files of the chosen result and copies the registration as a command."""

    def __init__(self, ui, result, request, showError):
        """result: returns the RegistrationResult or None; request: returns the RegistrationRequest of the panel."""
        self.ui, self._result, self._showError = ui, result, showError
        folder = ui.exportFolderPathLineEdit
        ui.exportH5Button.connect(
            "clicked()", lambda: self._write(lambda: [exportTransform(result(), folder.currentPath, ".h5")])
        )
        ui.exportNrrdButton.connect(
            "clicked()", lambda: self._write(lambda: [exportTransform(result(), folder.currentPath, ".nrrd")])
        )
        ui.exportTablesButton.connect("clicked()", lambda: self._write(lambda: exportTables(result(), folder.currentPath)))
        ui.exportReportButton.connect("clicked()", lambda: self._write(lambda: [exportReport(result(), folder.currentPath)]))
        ui.copyCommandButton.connect("clicked()", lambda: self._copy(lambda: asCommandLine(request(), folder.currentPath)))
        ui.copyPythonButton.connect("clicked()", lambda: self._copy(lambda: asPython(request())))

    def refresh(self, missing):
        """Enable what can be exported; `missing`: why the registration cannot be copied, or an empty string."""
        result = self._result()
        self.ui.exportH5Button.enabled = self.ui.exportNrrdButton.enabled = result is not None
        self.ui.exportTablesButton.enabled = (
            result is not None and (result.landmarkTable or result.volumeChangeTable or result.fitTable) is not None
        )
        self.ui.exportReportButton.enabled = result is not None and result.reportPage is not None
        for button in (self.ui.copyCommandButton, self.ui.copyPythonButton):
            button.enabled = not missing

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
