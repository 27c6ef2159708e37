"""The Export section: files of the run, and the segmentation as text to paste."""

from CorrespondCoreLib.panel.export import Exporter, exportReport, exportTables

from .export import exportPictures, exportPoses
from .repeat import asCommandLine, asPython
from .results import resultsOf
from .run_nodes import isRun


class ExportSection:
    """Writes files of the chosen run and copies the segmentation as a command."""

    def __init__(self, ui, parameters, request, showError):
        """request: returns the SegmentRequest of the panel."""
        self.ui, self._parameters, self._request = ui, parameters, request
        exporter = Exporter(ui, showError)
        write, copy = exporter.write, exporter.copy
        ui.exportPicturesButton.connect("clicked()", lambda: write(self._pictures))
        ui.exportPosesButton.connect("clicked()", lambda: write(self._poses))
        ui.exportTablesButton.connect("clicked()", lambda: write(lambda: exportTables(self._tables(), self._folder())))
        ui.exportReportButton.connect("clicked()", lambda: write(lambda: [exportReport(self._results(), self._folder())]))
        ui.copyCommandButton.connect("clicked()", lambda: copy(lambda: asCommandLine(request(), self._folder())))
        ui.copyPythonButton.connect("clicked()", lambda: copy(lambda: asPython(request())))

    def rest(self):
        """The scene closes."""
        self.ui.exportStatusLabel.text = ""

    def refresh(self):
        """Enable what can be exported."""
        results = self._results()
        self.ui.exportPicturesButton.enabled = results is not None
        self.ui.exportPosesButton.enabled = results is not None and self._parameters().model is not None
        self.ui.exportTablesButton.enabled = bool(self._tables())
        self.ui.exportReportButton.enabled = results is not None and results.reportPage is not None
        for button in (self.ui.copyCommandButton, self.ui.copyPythonButton):
            button.enabled = not self._request().missing()

    def _folder(self):
        return self.ui.exportFolderPathLineEdit.currentPath

    def _results(self):
        run = self._parameters().run if self._parameters() is not None else None
        return resultsOf(run) if isRun(run) else None

    def _tables(self):
        results = self._results()
        return [table for table in (results.measures, results.track) if table is not None] if results is not None else []

    def _pictures(self):
        p = self._parameters()
        return exportPictures(p.run, p.model, p.landmarks, self._folder())

    def _poses(self):
        p = self._parameters()
        return exportPoses(p.run, p.model, self._folder())
