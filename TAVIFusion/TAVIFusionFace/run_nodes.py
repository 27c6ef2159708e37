"""A fluoroscopy run in the scene: a sequence of one-slice volumes with its browser, the C-arm's geometry kept as attributes.

The frames lie as Slicer's own DICOM import lays them: in the plane z = 0, columns and rows along L and P, a pixel as large as
it is at the detector. Where the beam really went is in the geometry alone.
"""

import numpy as np
import slicer
import vtk
from slicer.i18n import tr as _
from vtk.util.numpy_support import get_vtk_array_type, numpy_to_vtk

from CorrespondCoreLib.errors import InputError
from TAVIFusionLib.fluoroscopy import FluoroscopyRun

from . import geometry_attributes

MARK = "TAVIFusion.run"
"""Attribute of a sequence node that is a run: how its gray values are meant, "as stored" or "inverted"."""

AS_STORED, INVERTED = "as stored", "inverted"
SHOWN_PERCENTILES = (0.5, 99.5)


def addRun(run, name):
    """Bring a run (FluoroscopyRun) into the scene. Returns its sequence node; the first frame is shown by `proxyOf`."""
    sequence = slicer.vtkMRMLSequenceNode()
    sequence.SetName(slicer.mrmlScene.GenerateUniqueName(name))
    sequence.SetIndexName("frame")
    sequence.SetIndexUnit("")
    sequence.SetIndexType(slicer.vtkMRMLSequenceNode.NumericIndex)
    frame = slicer.vtkMRMLScalarVolumeNode()
    frame.SetName(sequence.GetName())
    spacing = run.geometry[0].pixel_spacing_mm or (1.0, 1.0)
    frame.SetSpacing(spacing[0], spacing[1], 1.0)
    frame.SetIJKToRASDirections(-1, 0, 0, 0, -1, 0, 0, 0, 1)
    for index, values in enumerate(run.frames):
        frame.SetAndObserveImageData(imageData(values))
        sequence.SetDataNodeAtValue(frame, str(index))
    slicer.mrmlScene.AddNode(sequence)
    sequence.SetAttribute(MARK, AS_STORED)
    geometry_attributes.write(sequence, run)
    browser = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSequenceBrowserNode", f"{sequence.GetName()} browser")
    browser.SetAndObserveMasterSequenceNodeID(sequence.GetID())
    browser.SetIndexDisplayMode(slicer.vtkMRMLSequenceBrowserNode.IndexDisplayAsIndex)
    browser.SetPlaybackRateFps(framesPerSecond(run.times_s) if run.timed else 10.0)
    slicer.modules.sequences.logic().UpdateProxyNodesFromSequences(browser)
    showGrayValues(sequence)
    return sequence


def isRun(node):
    """Whether a node is the sequence of a run."""
    return node is not None and bool(node.GetAttribute(MARK))


def runs():
    """All runs of the scene."""
    return [node for node in slicer.util.getNodesByClass("vtkMRMLSequenceNode") if isRun(node)]


def runOf(sequence):
    """The run (FluoroscopyRun) that a sequence node holds, with the geometry as it was edited.

    Raises:
        InputError: there is no frame, or frames differ in size.
    """
    frames = [slicer.util.arrayFromVolume(sequence.GetNthDataNode(i))[0] for i in range(sequence.GetNumberOfDataNodes())]
    if not frames or any(frame.shape != frames[0].shape for frame in frames):
        raise InputError(_('The sequence "{name}" has no frames, or frames of several sizes.').format(name=sequence.GetName()))
    stack = np.stack(frames)
    if sequence.GetAttribute(MARK) == INVERTED:
        stack = int(stack.max()) + int(stack.min()) - stack
    values = geometry_attributes.read(sequence)
    return FluoroscopyRun(stack, **values)


def frameCount(sequence):
    return sequence.GetNumberOfDataNodes()


def browserOf(sequence):
    """The browser that plays a sequence; None when it was removed."""
    return slicer.modules.sequences.logic().GetFirstBrowserNodeForSequenceNode(sequence)


def proxyOf(sequence):
    """The volume node that shows the selected frame; None when it was removed."""
    browser = browserOf(sequence)
    return browser.GetProxyNode(sequence) if browser is not None else None


def frameIndex(sequence):
    """Index of the frame that is shown, from 0."""
    browser = browserOf(sequence)
    return max(0, browser.GetSelectedItemNumber()) if browser is not None else 0


def framesPerSecond(times_s):
    """Of the run; 10 where it has one frame only."""
    return (len(times_s) - 1) / float(times_s[-1] - times_s[0]) if len(times_s) > 1 and times_s[-1] > times_s[0] else 10.0


def showGrayValues(sequence):
    """Give the shown frame a display whose window leaves out the darkest and the brightest of all pixels."""
    proxy = proxyOf(sequence)
    if proxy.GetDisplayNode() is None:
        proxy.CreateDefaultDisplayNodes()
    middle = slicer.util.arrayFromVolume(sequence.GetNthDataNode(sequence.GetNumberOfDataNodes() // 2))
    low, high = (float(value) for value in np.percentile(middle, SHOWN_PERCENTILES))
    display = proxy.GetDisplayNode()
    display.AutoWindowLevelOff()
    display.SetWindowLevelMinMax(low, max(high, low + 1e-3))
    display.SetInterpolate(True)


def imageData(values):
    """(rows, columns) gray values as vtkImageData of one slice."""
    values = np.ascontiguousarray(
        values if values.dtype.kind in "iu" and values.dtype.itemsize <= 2 else values.astype(np.float32)
    )
    image = vtk.vtkImageData()
    image.SetDimensions(values.shape[1], values.shape[0], 1)
    image.GetPointData().SetScalars(numpy_to_vtk(values.ravel(), deep=True, array_type=get_vtk_array_type(values.dtype)))
    return image


def pixelsToRas(sequence, pixels):
    """(N, 2) pixels (column, row) of a frame to (N, 3) RAS mm in the plane in which the frames lie."""
    return volumePixelsToRas(proxyOf(sequence), pixels)


def volumePixelsToRas(volume, pixels):
    """(N, 2) pixels (column, row) of a volume node of one slice to (N, 3) RAS mm."""
    matrix = vtk.vtkMatrix4x4()
    volume.GetIJKToRASMatrix(matrix)
    ijk = np.column_stack([pixels, np.zeros(len(pixels)), np.ones(len(pixels))])
    return (ijk @ slicer.util.arrayFromVTKMatrix(matrix).T)[:, :3]


def rasToPixels(sequence, points):
    """(N, 3) RAS mm to (N, 2) pixels (column, row) of a frame."""
    matrix = vtk.vtkMatrix4x4()
    proxyOf(sequence).GetIJKToRASMatrix(matrix)
    ras = np.column_stack([points, np.ones(len(points))])
    return (ras @ np.linalg.inv(slicer.util.arrayFromVTKMatrix(matrix)).T)[:, :2]


def describe(sequence):
    """A few lines for the panel: frames, size, rate, device, angles, notes."""
    values = geometry_attributes.read(sequence)
    columns, rows = values["geometry"][0].size
    rate = _("{fps:.1f} per second").format(fps=framesPerSecond(values["times_s"])) if values["timed"] else _("no times")
    lines = [_("{n} frames of {c} x {r} pixels, {rate}").format(n=len(values["times_s"]), c=columns, r=rows, rate=rate)]
    about = [values["source"], values["device"], _("plane {plane}").format(plane=values["plane"]) if values["plane"] else ""]
    lines.append(", ".join(text for text in about if text))
    return "\n".join(line for line in [*lines, *values["notes"]] if line)
