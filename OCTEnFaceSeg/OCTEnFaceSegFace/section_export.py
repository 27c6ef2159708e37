"""The Export section: files of the result, and the segmentation as text to paste."""

import qt
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.panel.export import Exporter, exportReport, exportTables

from .export import dicomFileOf, exportMask, exportSeg
from .repeat import asCommandLine, asPython


class ExportSection:
    """Writes files of the chosen result and copies the segmentation as a command."""

    def __init__(self, ui, result, request, growthTable, showError):
        """result: returns the SegmentationResult or None; request: returns the SegmentationRequest of the panel; growthTable:
        returns the table of the last comparison of visits, or None."""
        self.ui, self._result, self._growthTable = ui, result, growthTable
        exporter = Exporter(ui, showError)
        write, copy = exporter.write, exporter.copy
        folder = ui.exportFolderPathLineEdit
        ui.exportMaskButton.connect("clicked()", lambda: write(lambda: [exportMask(result(), folder.currentPath)]))
        ui.exportSegButton.connect("clicked()", lambda: write(self._exportSeg))
        ui.exportTablesButton.connect("clicked()", lambda: write(lambda: exportTables(self._tables(), folder.currentPath)))
        ui.exportReportButton.connect("clicked()", lambda: write(lambda: [exportReport(result(), folder.currentPath)]))
        ui.copyCommandButton.connect("clicked()", lambda: copy(lambda: asCommandLine(request(), folder.currentPath)))
        ui.copyPythonButton.connect("clicked()", lambda: copy(lambda: asPython(request())))

    def refresh(self, missing):
        """Enable what can be exported; `missing`: why the segmentation cannot be copied, or an empty string."""
        result = self._result()
        self.ui.exportMaskButton.enabled = result is not None
        self.ui.exportSegButton.enabled = result is not None
        self.ui.exportTablesButton.enabled = bool(self._tables())
        self.ui.exportReportButton.enabled = result is not None and result.reportPage is not None
        for button in (self.ui.copyCommandButton, self.ui.copyPythonButton):
            button.enabled = not missing

    def _exportSeg(self):
        """The mask as DICOM Segmentation; the scan's file is asked for where Slicer's database does not have it."""
        result = self._result()
        file = dicomFileOf(result.scan)
        if file is None:
            title = _("DICOM file of the scan '{name}'").format(name=result.scan.GetName())
            file = qt.QFileDialog.getOpenFileName(slicer.util.mainWindow(), title, "", _("DICOM (*.dcm);;All files (*)"))
        return [exportSeg(result, self.ui.exportFolderPathLineEdit.currentPath, file)] if file else []

    def _tables(self):
        result = self._result()
        tables = [result.measures if result is not None else None, self._growthTable()]
        return [table for table in tables if table is not None]
