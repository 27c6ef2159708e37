"""Runs that Slicer's own DICOM import has loaded: their file is found through the database and read again for the geometry."""

import numpy as np
import slicer
from slicer.i18n import tr as _

from CorrespondCoreLib.errors import CorrespondError, InputError
from TAVIFusionLib.formats.reading import read_run

from . import geometry_attributes
from .run_nodes import AS_STORED, INVERTED, MARK, isRun, proxyOf, runs

INSTANCES = "DICOM.instanceUIDs"
"""Attribute in which Slicer's import keeps what a frame was loaded from; the sequence has none."""


def adoptAll():
    """Take in all sequences that Slicer's import has loaded and that are runs. Returns all runs of the scene.

    Raises:
        InputError: the file of a sequence cannot be read; the others are taken in.
    """
    failed = []
    for sequence in slicer.util.getNodesByClass("vtkMRMLSequenceNode"):
        if not isRun(sequence) and canAdopt(sequence):
            try:
                adopt(sequence)
            except CorrespondError as error:
                failed.append(_('The run "{name}" cannot be used: {error}').format(name=sequence.GetName(), error=error))
    if failed:
        raise InputError("\n".join(failed))
    return runs()


def canAdopt(sequence):
    """Whether a sequence holds one-slice volumes from a DICOM file that the database knows."""
    first = sequence.GetNthDataNode(0)
    if first is None or not first.IsA("vtkMRMLScalarVolumeNode") or first.GetImageData() is None:
        return False
    return first.GetImageData().GetDimensions()[2] == 1 and fileOf(sequence) is not None


def fileOf(sequence):
    """Path of the file that a sequence was loaded from, by Slicer's DICOM database; None where it is not known."""
    database = getattr(slicer, "dicomDatabase", None)  # absent where Slicer runs without its DICOM module
    instances = next((value.split() for value in map(_instances, (sequence.GetNthDataNode(0), proxyOf(sequence))) if value), [])
    path = database.fileForInstance(instances[0]) if database is not None and instances else ""
    return path or None


def adopt(sequence):
    """Make a sequence of Slicer's import a run: read its file for geometry and polarity.

    Raises:
        CorrespondError: the file cannot be read, or is of another run.
    """
    frames = sequence.GetNumberOfDataNodes()
    shape = slicer.util.arrayFromVolume(sequence.GetNthDataNode(0)).shape[1:]
    run = read_run(fileOf(sequence))  # Slicer makes a sequence of each file: of a biplane run, one for each plane
    if run.frames.shape != (frames, *shape):
        raise InputError(_("the file in the DICOM database has other frames. Open it with the button for XA files."))
    shown = slicer.util.arrayFromVolume(sequence.GetNthDataNode(0))[0].astype(float)
    same = np.corrcoef(shown.ravel(), run.frames[0].astype(float).ravel())[0, 1]
    geometry_attributes.write(sequence, run)
    sequence.SetAttribute(MARK, INVERTED if same < 0 else AS_STORED)


def _instances(volume):
    return volume.GetAttribute(INSTANCES) if volume is not None else None
