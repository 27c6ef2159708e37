"""A retinal layer as a model node: a surface in the scan, from which its depth map can be read back."""

import numpy as np
import slicer
import vtk
from vtk.util.numpy_support import numpy_to_vtk, numpy_to_vtkIdTypeArray, vtk_to_numpy

from CorrespondCoreLib import mrml
from CorrespondCoreLib.errors import InputError

COLORS = {"ILM": (0.95, 0.77, 0.06), "RPE": (0.90, 0.49, 0.13), "BM": (0.20, 0.78, 0.95)}
OTHER_COLOR = (0.61, 0.73, 0.45)
B_SCAN_VIEWS = ("vtkMRMLSliceNodeRed", "vtkMRMLSliceNodeYellow")  # en face a layer is a line without meaning
INDEX = ("B-scan", "A-scan", "depth")
"""Point arrays of the model: where in the scan each point lies, in voxels."""


def addLayer(depth, volumeImage, name, node=None):
    """Show a depth map as a surface, a line on every B-scan.

    Args:
        depth: (B-scans, A-scans) in voxels; nan leaves a hole.
        volumeImage: SimpleITK image of the scan, where it lies in the world.
        name: of the layer; the usual ones have a color of their own.
        node: model node to fill; a new one by default.
    """
    if node is None:
        node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode", name)
    node.SetAndObservePolyData(_surface(np.asarray(depth, np.float32), volumeImage))
    if node.GetDisplayNode() is None:
        node.CreateDefaultDisplayNodes()
        display = node.GetDisplayNode()
        display.SetColor(*COLORS.get(name, OTHER_COLOR))
        display.SetVisibility2D(True)
        display.SetSliceIntersectionThickness(2)
        display.SetVisibility3D(False)
        display.SetScalarVisibility(False)
        for view in B_SCAN_VIEWS:
            display.AddViewNodeID(view)
    return node


def depthOf(node, shape):
    """The depth map (B-scans, A-scans) of a layer's model, nan where it has no point.

    Raises:
        InputError: the model is not a layer of a scan of this shape.
    """
    data = node.GetPolyData().GetPointData() if node.GetPolyData() else None
    arrays = [data.GetArray(name) for name in INDEX] if data else [None]
    if None in arrays:
        raise InputError(f'The model "{node.GetName()}" is not a layer of an OCT scan.')
    b, a, depth = (vtk_to_numpy(array) for array in arrays)
    b, a = b.astype(int), a.astype(int)
    if b.size and (b.max() >= shape[0] or a.max() >= shape[1]):
        raise InputError(f'The layer "{node.GetName()}" belongs to a scan of another size.')
    values = np.full(shape, np.nan, np.float32)
    values[b, a] = depth
    return values


def _surface(depth, volumeImage):
    present = np.isfinite(depth)
    b, a = np.nonzero(present)
    index = np.stack([a, depth[present], b])
    lps = mrml.voxel_to_lps(volumeImage) @ np.vstack([index, np.ones(len(b))])
    ras = (mrml.RAS_TO_LPS @ lps)[:3].T.astype(np.float32)
    points = vtk.vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(ras), deep=True))
    surface = vtk.vtkPolyData()
    surface.SetPoints(points)
    surface.SetPolys(_quads(present))
    for name, values in zip(INDEX, (b, a, depth[present]), strict=True):
        array = numpy_to_vtk(np.ascontiguousarray(values, np.float32), deep=True)
        array.SetName(name)
        surface.GetPointData().AddArray(array)
    return surface


def _quads(present):
    """A square between each four neighbors that are all there."""
    number = np.cumsum(present).reshape(present.shape) - 1
    whole = present[:-1, :-1] & present[:-1, 1:] & present[1:, :-1] & present[1:, 1:]
    corners = [part[whole] for part in (number[:-1, :-1], number[:-1, 1:], number[1:, 1:], number[1:, :-1])]
    cells = vtk.vtkCellArray()
    cells.SetData(4, numpy_to_vtkIdTypeArray(np.ascontiguousarray(np.stack(corners, axis=1).ravel(), np.int64), deep=True))
    return cells
