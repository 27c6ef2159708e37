"""Files of a result: ITK transform, displacement field, tables as CSV."""

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import OutputError
from CorrespondCoreLib.files import whole_file
from CorrespondCoreLib.panel.export import exportPath

from .tables import writeCsv

TABLES = ("landmarkTable", "landmarkCurve", "volumeChangeTable", "histogram", "fitTable")


def exportTransform(result, folder, extension):
    """Write the transform as .h5 or .nrrd; maps fixed to moving points, LPS, mm. Returns the path."""
    path = exportPath(folder, f"{result.name}{extension}")
    with whole_file(path) as temporary:
        if not slicer.util.exportNode(result.transform, str(temporary)):
            raise OutputError(_("The transform cannot be written to {path}. Choose another folder.").format(path=path))
    return path


def exportTables(result, folder):
    """Write every table of the result as a CSV file. Returns the paths."""
    nodes = [getattr(result, role) for role in TABLES]
    paths = [exportPath(folder, f"{node.GetName()}.csv") for node in nodes if node is not None]
    for node, path in zip([node for node in nodes if node is not None], paths, strict=True):
        writeCsv(node, path)
    return paths
