"""Slicer's DICOM browser for tests: its own in a real Slicer; in the host the little of it that plugins use."""

import sys
import types
from contextlib import contextmanager
from pathlib import Path

import pydicom

LEVELS = ("0010,0020", "0020,000D", "0020,000E")
"""Patient, study, series."""


class DICOMLoadable:
    """What a plugin offers."""

    def __init__(self):
        self.files, self.name, self.tooltip, self.warning = [], "Unknown", "", ""
        self.selected, self.confidence = False, 0.5


class DICOMPlugin:
    """What plugins are made from."""

    def __init__(self):
        self.loadType = "Generic DICOM"
        self.tags = {"seriesDescription": "0008,103E", "seriesNumber": "0020,0011"}

    def addSeriesInSubjectHierarchy(self, loadable, dataNode):
        """The node goes below its patient and study, as Slicer's own logic has it; other items of its series, too."""
        import slicer

        hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
        patient, study, series = (slicer.dicomDatabase.fileValue(loadable.files[0], tag) for tag in LEVELS)
        hierarchy.SetItemUID(hierarchy.GetItemByDataNode(dataNode), "DICOM", series)
        slicer.vtkSlicerSubjectHierarchyModuleLogic.InsertDicomSeriesInHierarchy(hierarchy, patient, study, series)


class Database:
    """Files by their instance UID, values by their tag."""

    def __init__(self):
        self._headers = {}

    def add(self, folder):
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            self._headers[str(path)] = pydicom.dcmread(path, force=True, stop_before_pixels=True)

    def series(self):
        """Lists of files, a list for each series."""
        found = {}
        for path, header in self._headers.items():
            found.setdefault(str(header.get("SeriesInstanceUID", "")), []).append(path)
        return list(found.values())

    def fileValue(self, path, tag):
        element = self._headers[path].get(tuple(int(part, 16) for part in tag.split(",")))
        return "" if element is None or element.value is None else str(element.value)

    def fileForInstance(self, uid):
        return next((path for path, header in self._headers.items() if str(header.get("SOPInstanceUID", "")) == uid), "")


def provide():
    """Make `DICOMLib` importable, before a plugin's file is."""
    if "DICOMLib" in sys.modules:
        return
    try:
        import DICOMLib  # noqa: F401 (a real Slicer)
    except ModuleNotFoundError:
        module = types.ModuleType("DICOMLib")
        module.DICOMLoadable, module.DICOMPlugin = DICOMLoadable, DICOMPlugin
        sys.modules["DICOMLib"] = module


@contextmanager
def imported(folder):
    """A database with the files of a folder; yields the lists of files, one for each series."""
    import slicer

    if sys.modules["DICOMLib"].DICOMPlugin is not DICOMPlugin:
        from DICOMLib import DICOMUtils

        with DICOMUtils.TemporaryDICOMDatabase() as database:
            DICOMUtils.importDicom(str(folder), database)
            studies = [study for patient in database.patients() for study in database.studiesForPatient(patient)]
            yield [list(database.filesForSeries(series)) for study in studies for series in database.seriesForStudy(study)]
        return
    slicer.dicomDatabase = Database()
    slicer.dicomDatabase.add(folder)
    try:
        yield slicer.dicomDatabase.series()
    finally:
        del slicer.dicomDatabase
