"""The mask of a result as a file."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib import mrml, packages
from CorrespondCoreLib.errors import InputError, OutputError
from CorrespondCoreLib.files import whole_file
from CorrespondCoreLib.panel.export import exportPath
from OCTEnFaceSegLib.formats.dicom_seg import PACKAGE, REQUIREMENT, Maker, seg_source, write_seg

from .scan_nodes import facts

HIGHDICOM = packages.Package(PACKAGE, REQUIREMENT, "about 10 MB, with Pillow and pyjpegls")
UIDS = "DICOM.instanceUIDs"
"""Attribute that Slicer gives to nodes that were loaded from its DICOM database."""


def exportMask(result, folder):
    """Write the mask as .seg.nrrd. Returns the path."""
    path = exportPath(folder, f"{result.name}.seg.nrrd")
    with whole_file(path) as temporary:
        if not slicer.util.exportNode(result.segmentation, str(temporary)):
            raise OutputError(_("The mask cannot be written to {path}. Choose another folder.").format(path=path))
    return path


def exportSeg(result, folder, source):
    """Write the mask as DICOM Segmentation; highdicom is installed after one question. Returns the path.

    Args:
        source: DICOM file of the scan.

    Raises:
        CorrespondError: what is wrong and what to do.
    """
    path = exportPath(folder, f"{result.name}.dcm")
    found = seg_source(source)
    packages.ensure([HIGHDICOM], _("OCT En-face Segmentation"))
    method = result.report.get("method", "")
    maker = Maker(method, network=bool(result.report.get("models")), corrected=True)
    return write_seg(result.mask(), mrml.image_from_volume(result.scan), found, path, result.lesion, maker)


def dicomFileOf(volumeNode):
    """The DICOM file that a scan was loaded from by Slicer's DICOM browser; None where it has to be asked for.

    Raises:
        InputError: the scan is not from DICOM.
    """
    uids = (volumeNode.GetAttribute(UIDS) or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    if uids and database is not None:
        file = database.fileForInstance(uids[0])
        if file and Path(file).is_file():
            return file
    if facts(volumeNode)["source"] != "DICOM":
        raise InputError(
            _(
                "A DICOM segmentation names the images, the patient and the study that it belongs to; this scan is not from "
                "DICOM and has none. Export the scan from the device as DICOM and open that file, or write the mask as .seg.nrrd."
            )
        )
    return None
