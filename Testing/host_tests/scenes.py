"""Small data for the host's tests."""

import numpy as np
import slicer
import vtk


def ball(name="CT", size=32):
    """A volume with a bright ball in the middle, 1 mm voxels."""
    z, y, x = np.mgrid[:size, :size, :size] - (size - 1) / 2
    values = (1000 * np.exp(-(x**2 + y**2 + z**2) / 60)).astype(np.int16)
    node = slicer.util.addVolumeFromArray(values, name=name)
    node.CreateDefaultDisplayNodes()
    return node


def segmentation(volume, name="Lungs"):
    """A segmentation with the voxels above 300 as its segment "ball"."""
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segment = node.GetSegmentation().AddEmptySegment("ball", "ball", [1.0, 0.5, 0.0])
    inside = (slicer.util.arrayFromVolume(volume) > 300).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(inside, node, segment, volume)
    return node


def grid_transform(name="moving to fixed", shift_mm=(3.0, 0.0, 0.0)):
    """A grid transform that shifts by a constant (from parent, RAS)."""
    image = vtk.vtkImageData()
    image.SetDimensions(9, 9, 9)
    image.SetSpacing(4, 4, 4)
    image.AllocateScalars(vtk.VTK_DOUBLE, 3)
    transform = slicer.vtkOrientedGridTransform()
    transform.SetDisplacementGridData(image)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLGridTransformNode", name)
    node.SetAndObserveTransformFromParent(transform)
    slicer.util.arrayFromGridTransform(node)[:] = shift_mm
    slicer.util.arrayFromGridTransformModified(node)
    return node


def table(name="errors"):
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", name)
    slicer.util.updateTableFromArray(node, [np.arange(5.0), np.arange(5.0) ** 2], ["x", "y"])
    return node


def chart(table_node, name="curve"):
    series = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotSeriesNode", f"{name} series")
    series.SetAndObserveTableNodeID(table_node.GetID())
    series.SetPlotType(series.PlotTypeScatter)
    series.SetXColumnName("x")
    series.SetYColumnName("y")
    series.SetColor(1, 0, 0)
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", name)
    node.AddAndObservePlotSeriesNodeID(series.GetID())
    node.SetTitle("Errors")
    return node
