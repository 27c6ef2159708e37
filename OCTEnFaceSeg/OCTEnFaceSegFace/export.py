"""The mask of a result as a file."""

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
