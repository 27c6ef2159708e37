"""The border between Slicer's scene (RAS) and the libraries (SimpleITK, LPS, mm): segments."""

from __future__ import annotations

from typing import Any

import numpy as np
import SimpleITK as sitk

from .errors import InputError
from .mrml_geometry import RAS_TO_LPS, array_of_matrix, in_world, itk_image, voxel_to_lps, vtk_matrix


def mask_from_segment(segmentation_node: Any, segment_id: str, reference: sitk.Image) -> sitk.Image:
    """A segment as a mask on the grid of an image, parent transforms of the segmentation included.

    Args:
        segmentation_node: vtkMRMLSegmentationNode; a closed-surface one is converted on a copy.
        segment_id: of the segment.
        reference: the grid, in the world (as image_from_volume gives it).

    Returns:
        uint8 image, 1 inside; nearest neighbor.

    Raises:
        InputError: there is no such segment, or it is empty, or it lies outside of the image.
    """
    import slicer

    segmentation = segmentation_node.GetSegmentation() if segmentation_node else None
    segment = segmentation.GetSegment(segment_id) if segmentation else None
    if segment is None:
        raise InputError(f'There is no segment "{segment_id}". Select one.')
    name = f'The segment "{segment.GetName()}" of "{segmentation_node.GetName()}"'
    node = segmentation_node if _has_labelmap(segmentation_node) else _with_labelmap(segmentation_node, segment_id, reference)
    labelmap = slicer.vtkOrientedImageData()
    node.GetBinaryLabelmapRepresentation(segment_id, labelmap)
    if labelmap.IsEmpty():
        raise InputError(f"{name} is empty. Draw it, or select another one.")
    data, ijk_to_ras = in_world(labelmap, _oriented_to_ras(labelmap), segmentation_node.GetParentTransformNode(), label=True)
    mask = (
        sitk.Resample(itk_image(data, ijk_to_ras), reference, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8) > 0
    )
    if not sitk.GetArrayViewFromImage(mask).any():
        raise InputError(f"{name} lies outside of the image. Select the segment that belongs to it.")
    return mask


def _oriented_to_ras(labelmap: Any) -> np.ndarray:
    """From indices that start at 0 to RAS; a segment's extent may start anywhere."""
    import vtk

    matrix = vtk.vtkMatrix4x4()
    labelmap.GetImageToWorldMatrix(matrix)
    shift = np.eye(4)
    shift[:3, 3] = labelmap.GetExtent()[::2]
    return array_of_matrix(matrix) @ shift


def _has_labelmap(segmentation_node: Any) -> bool:
    import slicer

    name = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    return segmentation_node.GetSegmentation().ContainsRepresentation(name)


def _with_labelmap(segmentation_node: Any, segment_id: str, reference: sitk.Image) -> Any:
    """A segmentation node outside of the scene that holds one segment as a label map with the spacing of the reference."""
    import slicer
    import vtk

    grid = slicer.vtkOrientedImageData()
    grid.SetDimensions(reference.GetSize())
    grid.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    grid.SetImageToWorldMatrix(vtk_matrix(RAS_TO_LPS @ voxel_to_lps(reference)))
    copy = slicer.vtkMRMLSegmentationNode()
    copy.GetSegmentation().CopySegmentFromSegmentation(segmentation_node.GetSegmentation(), segment_id)
    converter = slicer.vtkSegmentationConverter
    text = converter.SerializeImageGeometry(grid)
    copy.GetSegmentation().SetConversionParameter(converter.GetReferenceImageGeometryParameterName(), text)
    copy.GetSegmentation().CreateRepresentation(converter.GetSegmentationBinaryLabelmapRepresentationName())
    return copy
