"""OCT scans and fundus images in Slicer's DICOM browser, read as OCT En-face Segmentation reads them; no panel of its own."""

import slicer
from DICOMLib import DICOMLoadable, DICOMPlugin
from slicer.i18n import tr as _

TOMOGRAPHY = "1.2.840.10008.5.1.4.1.1.77.1.5.4"
PHOTOGRAPHY = ("1.2.840.10008.5.1.4.1.1.77.1.5.1", "1.2.840.10008.5.1.4.1.1.77.1.5.2")


class DICOMOphthalmicTomographyPluginClass(DICOMPlugin):
    """Offers each OCT volume and each photograph of the fundus of a series; Slicer's plugin for volumes loses their geometry."""

    def __init__(self):
        super().__init__()
        self.loadType = _("Ophthalmic scan")
        self.tags["sopClassUID"] = "0008,0016"
        self.tags["numberOfFrames"] = "0028,0008"
        self.tags["laterality"] = "0020,0062"

    def examineForImport(self, fileLists):
        """What can be loaded: DICOMLoadables. By the class of the files alone, so that nothing is read twice."""
        return [loadable for files in fileLists for loadable in self._examine(list(files))]

    def load(self, loadable):
        """Bring a scan or a photograph into the scene. Returns its volume node, or False after a message."""
        from CorrespondCoreLib.errors import CorrespondError
        from OCTEnFaceSegFace.dicom_loading import loadPhotograph, loadTomography

        read = loadTomography if self._value(loadable.files[0], "sopClassUID") == TOMOGRAPHY else loadPhotograph
        try:
            return read(self, loadable)
        except CorrespondError as error:
            slicer.util.errorDisplay(str(error), windowTitle=self.loadType)
            return False

    def _examine(self, files):
        classes = {file: self._value(file, "sopClassUID") for file in files}
        scans = [file for file in files if classes[file] == TOMOGRAPHY]
        whole = [file for file in scans if self._value(file, "numberOfFrames") not in ("", "1")]
        parts = [file for file in scans if file not in whole]  # of a scan with a file for each B-scan
        photos = [file for file in files if classes[file] in PHOTOGRAPHY]
        offered = [([file], _("OCT scan")) for file in whole] + ([(parts, _("OCT scan"))] if parts else [])
        offered += [([file], _("Fundus image")) for file in photos]
        return [self._loadable(group, kind, number) for number, (group, kind) in enumerate(offered, 1)]

    def _loadable(self, files, kind, number):
        words = [self._value(files[0], tag) for tag in ("seriesNumber", "seriesDescription", "laterality")]
        loadable = DICOMLoadable()
        loadable.files = files
        loadable.name = " ".join([*(word for word in words if word), kind, *([str(number)] if number > 1 else [])])
        loadable.tooltip = _("{kind}, read by OCT En-face Segmentation").format(kind=kind)
        loadable.selected = True
        loadable.confidence = 0.95
        return loadable

    def _value(self, file, tag):
        return slicer.dicomDatabase.fileValue(file, self.tags[tag])


class DICOMOphthalmicTomographyPlugin:
    """How Slicer finds the plugin: as a hidden module."""

    def __init__(self, parent):
        parent.title = _("DICOM Ophthalmic Tomography Plugin")
        parent.categories = ["Developer Tools.DICOM Plugins"]
        parent.contributors = ["Correspond developers"]
        parent.helpText = _(
            "Loads Ophthalmic Tomography and Ophthalmic Photography from the DICOM browser. For research use only."
        )
        parent.acknowledgementText = ""
        parent.hidden = True
        if not hasattr(slicer.modules, "dicomPlugins"):  # this module may be found before the DICOM module
            slicer.modules.dicomPlugins = {}
        slicer.modules.dicomPlugins["DICOMOphthalmicTomographyPlugin"] = DICOMOphthalmicTomographyPluginClass
