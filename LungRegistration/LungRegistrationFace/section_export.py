"""The Export section: files of the result, and the registration as text to paste."""

from CorrespondCoreLib.panel.export import Exporter, exportReport

from .export import exportTables, exportTransform
from .repeat import asCommandLine, asPython


class ExportSection:
    """Writes files of the chosen result and copies the registration as a command."""

    def __init__(self, ui, result, request, showError):
        """result: returns the RegistrationResult or None; request: returns the RegistrationRequest of the panel."""
        self.ui, self._result = ui, result
        exporter = Exporter(ui, showError)
        write, copy = exporter.write, exporter.copy
        folder = ui.exportFolderPathLineEdit
        ui.exportH5Button.connect("clicked()", lambda: write(lambda: [exportTransform(result(), folder.currentPath, ".h5")]))
        ui.exportNrrdButton.connect("clicked()", lambda: write(lambda: [exportTransform(result(), folder.currentPath, ".nrrd")]))
        ui.exportTablesButton.connect("clicked()", lambda: write(lambda: exportTables(result(), folder.currentPath)))
        ui.exportReportButton.connect("clicked()", lambda: write(lambda: [exportReport(result(), folder.currentPath)]))
        ui.copyCommandButton.connect("clicked()", lambda: copy(lambda: asCommandLine(request(), folder.currentPath)))
        ui.copyPythonButton.connect("clicked()", lambda: copy(lambda: asPython(request())))

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
