"""Files of a result: ITK transform, displacement field, tables as CSV, the report page."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.files import check_output_folder, whole_file

from .tables import writeCsv

TABLES = ("landmarkTable", "landmarkCurve", "volumeChangeTable", "histogram", "fitTable")


def exportTransform(result, folder, extension):
    """Write the transform as .h5 or .nrrd; maps fixed to moving points, LPS, mm. Returns the path."""
    path = _path(folder, f"{result.name}{extension}")
    with whole_file(path) as temporary:
        if not slicer.util.exportNode(result.transform, str(temporary)):
            raise OutputError(_("The transform cannot be written to {path}. Choose another folder.").format(path=path))
    return path


def exportTables(result, folder):
    """Write every table of the result as a CSV file. Returns the paths."""
    nodes = [getattr(result, role) for role in TABLES]
    paths = [_path(folder, f"{node.GetName()}.csv") for node in nodes if node is not None]
    for node, path in zip([node for node in nodes if node is not None], paths, strict=True):
        writeCsv(node, path)
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
